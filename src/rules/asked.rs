//! Words that the code itself asks for, by their numbers, so that no question looks a word up again. What a word means
//! beyond that is said in the rules.

use super::lexicon::Lexicon;

/// The number of no word.
const NONE: u32 = u32::MAX;

/// Words in groups, each the answer to one question.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Whether all are meant.
    pub(crate) every: [u32; 2],
    /// Whether what is handed back is said.
    pub(crate) returns: [u32; 2],
    /// Whether something is pointed at.
    pub(crate) this: [u32; 2],
    /// Whether an object goes on behind a preposition.
    pub(crate) goes_on: [u32; 2],
    /// Prepositions that an object may be told with.
    pub(crate) ties: [u32; 8],
    /// What a purpose begins with.
    pub(crate) to: [u32; 1],
    /// What makes a purpose one that is yet to come: "about to delete".
    pub(crate) about: [u32; 1],
    /// Words that a question begins with.
    pub(crate) questions: [u32; 7],
    /// Methods of HTTP that change something.
    pub(crate) methods: [u32; 3],
    /// Verbs that say by themselves that what stands at an address is got.
    pub(crate) fetches: [u32; 5],
    /// What code is written in.
    pub(crate) languages: [u32; 9],
    /// Somebody to whom a task is given.
    pub(crate) agent: [u32; 1],
    /// The verb that is as often the last word of a name.
    pub(crate) list: [u32; 1],
}

impl Asked {
    pub(super) fn of(lexicon: &Lexicon) -> Self {
        Self {
            every: numbers(lexicon, ["all", "every"]),
            returns: numbers(lexicon, ["returns", "return"]),
            this: numbers(lexicon, ["this", "these"]),
            goes_on: numbers(lexicon, ["of", "including"]),
            ties: numbers(lexicon, ["of", "to", "from", "in", "on", "into", "between", "about"]),
            to: numbers(lexicon, ["to"]),
            about: numbers(lexicon, ["about"]),
            questions: numbers(lexicon, ["which", "what", "how", "who", "whether", "why", "where"]),
            methods: numbers(lexicon, ["post", "put", "patch"]),
            fetches: numbers(lexicon, ["fetch", "scrape", "crawl", "download", "browse"]),
            languages: numbers(
                lexicon,
                [
                    "python",
                    "javascript",
                    "js",
                    "lua",
                    "shell",
                    "bash",
                    "powershell",
                    "repl",
                    "node",
                ],
            ),
            agent: numbers(lexicon, ["agent"]),
            list: numbers(lexicon, ["list"]),
        }
    }
}

fn numbers<const N: usize>(lexicon: &Lexicon, words: [&str; N]) -> [u32; N] {
    words.map(|word| lexicon.known(word).unwrap_or(NONE))
}

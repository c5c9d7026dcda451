//! Verbs of other languages, asked only about text that is not plain ASCII or in which no English verb was found. They
//! are kept by the two letters that they begin with: an automaton over all of them costs a short run more to build than
//! all that it then looks for.

use rustc_hash::FxHashMap;

use super::file::{Foreign, MatchOn};
use crate::effect::Effect;

/// A verb found in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) effect: Effect,
    /// Whether the language puts its verbs at the end of the sentence.
    pub(crate) verb_last: bool,
}

/// The first two letters of a verb; the second is [`NONE`] where there is but one.
type Start = (char, char);

const NONE: char = '\0';

/// The first letter of the scripts that are written without spaces.
const UNSPACED: char = '\u{2e80}';

#[derive(Debug, Default)]
pub(crate) struct ForeignVerbs {
    /// Longer ones first; of equal ones, those of the language that stands first.
    by_start: FxHashMap<Start, Vec<Verb>>,
}

#[derive(Debug)]
struct Verb {
    text: Box<str>,
    effect: Effect,
    match_on: MatchOn,
    verb_last: bool,
}

impl ForeignVerbs {
    pub(crate) fn build<'a>(languages: impl IntoIterator<Item = &'a Foreign>) -> Self {
        let mut verbs: Vec<(Start, Verb)> = Vec::new();
        for language in languages {
            let lists = [
                (&language.plain, Effect::Vague),
                (&language.look, Effect::Look),
                (&language.change, Effect::Change),
                (&language.end, Effect::End),
                (&language.act, Effect::Act),
                (&language.operate, Effect::Operate),
                (&language.money, Effect::Money),
                (&language.access, Effect::Access),
            ];
            for (words, effect) in lists {
                for word in words.split_whitespace() {
                    let mut letters = word.chars();
                    let start = (letters.next().unwrap_or(NONE), letters.next().unwrap_or(NONE));
                    let verb = Verb {
                        text: word.into(),
                        effect,
                        match_on: language.match_on,
                        verb_last: language.verb_last,
                    };
                    verbs.push((start, verb));
                }
            }
        }
        verbs.sort_by_key(|(_, verb)| std::cmp::Reverse(verb.text.len()));
        let mut by_start: FxHashMap<Start, Vec<Verb>> = FxHashMap::default();
        for (start, verb) in verbs {
            by_start.entry(start).or_default().push(verb);
        }
        Self { by_start }
    }

    /// Every verb in `text`, in order, the longest from each place on; stems only at the start of a word. Whole-word
    /// languages share their letters with English, so `english` text is not read for them.
    pub(crate) fn find(&self, text: &str, english: bool) -> Vec<Found> {
        let lower = text.to_lowercase();
        // Lower-casing can move offsets; then the evidence would point elsewhere, so such text is read as it stands.
        let haystack = if lower.len() == text.len() {
            lower.as_str()
        } else {
            text
        };
        let mut found = Vec::new();
        let mut letters = haystack.char_indices().peekable();
        let (mut before, mut read_to) = (NONE, 0);
        while let Some((at, first)) = letters.next() {
            let starts_word = !before.is_alphabetic();
            before = first;
            if at < read_to || !starts_word && first < UNSPACED {
                continue;
            }
            let second = letters.peek().map_or(NONE, |(_, second)| *second);
            let rest = &haystack[at..];
            let fits = |verb: &&Verb| {
                let ends_word = || !rest[verb.text.len()..].chars().next().is_some_and(char::is_alphabetic);
                rest.starts_with(&*verb.text)
                    && match verb.match_on {
                        MatchOn::Anywhere => true,
                        MatchOn::Stems => starts_word,
                        MatchOn::Words => !english && starts_word && ends_word(),
                    }
            };
            let pair = self.by_start.get(&(first, second)).into_iter().flatten();
            let alone = self.by_start.get(&(first, NONE)).into_iter().flatten();
            let Some(verb) = pair.chain(alone).find(fits) else {
                continue;
            };
            read_to = at + verb.text.len();
            let stands = text.is_char_boundary(at) && text.is_char_boundary(read_to);
            if verb.effect != Effect::Vague && stands {
                found.push(Found {
                    start: at,
                    end: read_to,
                    effect: verb.effect,
                    verb_last: verb.verb_last,
                });
            }
        }
        found
    }
}

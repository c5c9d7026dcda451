//! Where rules come from: the files that are part of the program, and a folder of a user's own that replace or extend
//! them. Reads and parses; what the rules mean together is for [`super::build`].

use std::fmt;
use std::path::Path;
use std::sync::OnceLock;

use super::book::RuleBook;
use super::build::Builder;
use super::file::RuleFile;
use super::listed::RuleKind;
use super::words::WordTable;
use crate::digest;
use crate::error::{Error, Result};

/// The table of words.
const WORDS: &str = "words.tsv";

/// A file that is part of the program.
struct Embedded {
    name: &'static str,
    text: &'static str,
    /// The same in JSON, made by `rules/embed.rs`: every start of the program reads it.
    json: &'static str,
}

macro_rules! embedded {
    ($($name:literal),+ $(,)?) => {
        [$(Embedded {
            name: concat!($name, ".toml"),
            text: include_str!(concat!("../../rules/", $name, ".toml")),
            json: include_str!(concat!(env!("OUT_DIR"), "/", $name, ".json")),
        }),+]
    };
}

/// The rule files that are part of the program, in the order in which they are joined.
static EMBEDDED: [Embedded; 10] = embedded![
    "grammar", "verbs", "nouns", "pairs", "phrases", "params", "signals", "foreign", "weights", "words",
];

/// The table of words that is part of the program.
static EMBEDDED_WORDS: &str = include_str!("../../rules/words.tsv");

/// A rule file, parsed. Shown as the path that a person can open.
#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    /// Its name, by which a user's file replaces one of ours.
    pub(crate) name: String,
    /// Where it stands.
    shown: String,
    pub(crate) rules: RuleFile,
}

impl SourceFile {
    fn new(name: String, shown: String, rules: RuleFile) -> Result<Self> {
        if rules.schema == 1 {
            return Ok(Self { name, shown, rules });
        }
        let error = Error::new(format!(
            "{shown}: rule format {} is not known to this version",
            rules.schema
        ));
        Err(error.help("this version reads `schema = 1`; update mcpclass"))
    }
}

impl fmt::Display for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// A file as it was read.
struct Text {
    name: String,
    shown: String,
    text: String,
}

/// Rule files in the order in which they are joined, and the digest of their texts.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
    words: WordTable,
    digest: OnceLock<String>,
}

impl Sources {
    /// The files that are part of the program. Their digest is made when somebody asks for it.
    pub fn embedded() -> Result<Self> {
        let file = |Embedded { name, json, .. }: &Embedded| {
            let shown = shown(name);
            let rules = serde_json::from_str(json).map_err(|e| Error::new(format!("{shown}: {e}")))?;
            SourceFile::new((*name).to_owned(), shown, rules)
        };
        Ok(Self {
            files: EMBEDDED.iter().map(file).collect::<Result<_>>()?,
            words: WordTable::parse(&shown(WORDS), EMBEDDED_WORDS)?,
            digest: OnceLock::new(),
        })
    }

    /// The embedded files with the `*.toml` files of a folder and its table of words: one of the same name replaces,
    /// others add.
    pub fn load(folder: &Path) -> Result<Self> {
        let mut files = own();
        let entries = std::fs::read_dir(folder).map_err(|e| Error::io("cannot read the rules folder", folder, &e))?;
        let mut paths: Vec<_> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
        paths.retain(|p| p.extension().is_some_and(|e| e == "toml") || p.file_name().is_some_and(|n| n == WORDS));
        paths.sort();
        if paths.is_empty() {
            let error = Error::new(format!("{} holds no rule files", folder.display()));
            return Err(error.help("rule files end in .toml; `mcpclass rules list` shows the embedded ones"));
        }
        for path in paths {
            let text = std::fs::read_to_string(&path).map_err(|e| Error::io("cannot read", &path, &e))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let shown = path.display().to_string();
            match files.iter_mut().find(|known| known.name == name) {
                Some(known) => (known.shown, known.text) = (shown, text),
                None => files.push(Text { name, shown, text }),
            }
        }
        Self::of(files)
    }

    /// These files, each a name and its text.
    pub fn parse(files: Vec<(String, String)>) -> Result<Self> {
        let texts = files.into_iter().map(|(name, text)| Text {
            shown: name.clone(),
            name,
            text,
        });
        Self::of(texts.collect())
    }

    fn of(texts: Vec<Text>) -> Result<Self> {
        let digest = digest_of(&texts);
        let (tables, texts): (Vec<_>, Vec<_>) = texts.into_iter().partition(|text| text.name == WORDS);
        let mut words = WordTable::default();
        for table in tables {
            words = WordTable::parse(&table.shown, &table.text)?;
        }
        let files = texts.into_iter().map(parsed).collect::<Result<_>>()?;
        Ok(Self {
            files,
            words,
            digest: digest.into(),
        })
    }

    /// The book that these files make.
    pub fn book(self) -> Result<RuleBook> {
        Builder::new().build(self)
    }

    /// Digest of the files' texts.
    pub(super) fn digest(&self) -> &str {
        self.digest.get_or_init(|| digest_of(&own()))
    }

    pub(super) fn files(&self) -> &[SourceFile] {
        &self.files
    }

    pub(super) const fn words(&self) -> &WordTable {
        &self.words
    }

    /// The same with another table of words: for cross-validation.
    #[must_use]
    pub fn with_words(mut self, words: WordTable) -> Self {
        self.words = words;
        self
    }

    /// The book of one rule and of what it speaks of: words and their classes, the verbs of a pair, and the verbs,
    /// pairs and parameters of a ground. What its examples show there is its own doing.
    pub fn book_of(&self, rule: &str, kind: RuleKind) -> Result<RuleBook> {
        let mut alone = self.clone();
        for file in &mut alone.files {
            let rules = &mut file.rules;
            // A ground names verb groups and pairs; a pair names verbs and, as objects, kinds of parameters.
            let (verbs, pairs, params) = match kind {
                RuleKind::Word => (false, false, false),
                RuleKind::Verb | RuleKind::Phrase => (kind == RuleKind::Phrase, false, false),
                RuleKind::Pair => (true, false, true),
                RuleKind::Param => (true, false, false),
                RuleKind::Ground => (true, true, true),
            };
            rules.verb.retain(|r| verbs || r.id == rule);
            rules.pair.retain(|r| pairs || r.id == rule);
            rules.param.retain(|r| params || r.id == rule);
            rules.phrase.retain(|r| r.id == rule);
            rules.ground.retain(|r| r.id == rule);
            rules.word.retain(|r| r.id == rule);
        }
        if kind != RuleKind::Word {
            alone.words = WordTable::default();
        }
        alone.book()
    }
}

/// The texts of the files that are part of the program.
fn own() -> Vec<Text> {
    let rules = EMBEDDED.iter().map(|file| (file.name, file.text));
    let texts = rules.chain([(WORDS, EMBEDDED_WORDS)]).map(|(name, text)| Text {
        name: name.to_owned(),
        shown: shown(name),
        text: text.to_owned(),
    });
    texts.collect()
}

/// Where a file of ours stands.
fn shown(name: &str) -> String {
    ["rules/", name].concat()
}

fn digest_of(texts: &[Text]) -> String {
    digest::of_bytes(texts.iter().flat_map(|t| [t.name.as_bytes(), t.text.as_bytes()]))
}

fn parsed(file: Text) -> Result<SourceFile> {
    let Text { name, shown, text } = file;
    let rules = toml::from_str(&text).map_err(|e| syntax_error(&shown, &text, &e))?;
    SourceFile::new(name, shown, rules)
}

fn syntax_error(shown: &str, text: &str, error: &toml::de::Error) -> Error {
    let place = error.span().map_or_else(String::new, |span| {
        let before = &text[..span.start.min(text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!(":{line}:{column}")
    });
    Error::new(format!("{shown}{place}: {}", error.message())).help(format!("mcpclass rules test {shown}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_at_a_start_is_what_the_files_say() {
        let (ready, read) = (Sources::embedded().expect("ready"), Sources::of(own()).expect("read"));
        assert_eq!(format!("{:?}", ready.files), format!("{:?}", read.files));
        assert_eq!(ready.words, read.words);
        assert_eq!(ready.digest(), read.digest());
    }
}

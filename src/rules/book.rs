//! The rule book as the classifier asks it: verbs, pairs, phrases, parameters, grounds and weights, each under the
//! numbers of its words. Made by [`super::build`] from the files of [`super::sources`]; only read here.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use super::asked::Asked;
use super::file::Calibration;
use super::foreign::ForeignVerbs;
use super::grounds::{Grounds, Shape};
use super::lexicon::Lexicon;
use super::listed::{self, Rule};
use super::pairs::Pairs;
use super::sources::Sources;
use super::weights::Weights;
use super::words::Words;
use crate::effect::Effect;
use crate::error::Result;

/// A signal of the book.
#[derive(Clone, Debug)]
pub struct SignalDefinition {
    /// Stable id.
    pub id: Arc<str>,
    /// One line for people.
    pub title: Arc<str>,
}

/// A rule, by its place among the ids of its book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RuleId(pub(super) u16);

impl RuleId {
    /// The rule of every verb of another language.
    pub(crate) const FOREIGN: Self = Self(0);

    /// Its place in a list of something for each rule.
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug)]
pub(crate) struct VerbGroup {
    pub(crate) id: RuleId,
    pub(crate) effect: Effect,
    pub(crate) weak: bool,
}

#[derive(Debug)]
pub(crate) struct PhraseRule {
    pub(crate) id: RuleId,
    pub(crate) cue: Option<&'static str>,
}

/// What there is under the name of a parameter.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// Rules, as indices of [`RuleBook::params`].
    pub(crate) rules: Vec<u16>,
    /// Grounds, and what the parameter must take.
    pub(crate) grounds: Vec<(u16, Shape)>,
    /// Its index among the words; 0 for none.
    pub(crate) word: u16,
}

#[derive(Debug)]
pub(crate) struct ParamRule {
    pub(crate) id: RuleId,
    pub(crate) kind: ParamKind,
    /// Words of its description, with a blank on either side, by which what it carries is run.
    pub(crate) runs: Vec<String>,
}

macro_rules! param_kinds {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// What a parameter tells.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum ParamKind { $($variant),+ }

        impl ParamKind {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
            /// Whether it tells something only where it takes free text.
            pub(crate) const fn needs_text(self) -> bool {
                matches!(self, Self::Command | Self::Code | Self::Sql | Self::Query | Self::Manifest | Self::Url | Self::Endpoint
                    | Self::Body | Self::Tool | Self::Arguments | Self::Task | Self::Content)
            }
        }
    };
}

param_kinds! {
    Command = "command", Code = "code", Sql = "sql", Query = "query", Manifest = "manifest", Url = "url", Method = "method",
    Endpoint = "endpoint", Body = "body", Tool = "tool", Arguments = "arguments", Task = "task", Content = "content",
    Recipient = "recipient", Paging = "paging", Confirm = "confirm", Force = "force", Permanent = "permanent",
    Recursive = "recursive", Path = "path", SavePath = "save-path", Ui = "ui", Money = "money", Credential = "credential",
    Role = "role", Expression = "expression", Action = "action", Source = "source", Grant = "grant",
    Deletes = "deletes",
}

/// Cues that phrases give the scorecard.
pub(crate) const CUES: [&str; 9] = [
    "irreversible",
    "reversible",
    "read-only",
    "restricted",
    "job",
    "bulk",
    "billable",
    "caution",
    "instructions",
];

/// All rules, ready for use.
#[derive(Debug)]
pub struct RuleBook {
    pub(crate) lexicon: Lexicon,
    /// Words of the lexicon that are asked for by themselves.
    pub(crate) asked: Asked,
    /// The id of each rule.
    pub(super) ids: Vec<Arc<str>>,
    pub(crate) verbs: Vec<VerbGroup>,
    pub(crate) pairs: Pairs,
    pub(crate) phrases: Vec<PhraseRule>,
    pub(super) phrase_of: FxHashMap<u32, u16>,
    pub(crate) params: Vec<ParamRule>,
    /// The object `param:KIND` of each kind, by which pairs speak of a tool's parameters.
    pub(super) kind_objects: Vec<u32>,
    /// By their names as rules write them.
    pub(super) named: FxHashMap<Box<str>, Named>,
    pub(super) signals: Vec<SignalDefinition>,
    pub(crate) grounds: Grounds,
    /// The third person of each verb, by its base form.
    pub(super) thirds: FxHashMap<u32, Box<str>>,
    pub(crate) foreign: ForeignVerbs,
    pub(crate) weights: Weights,
    pub(crate) words: Words,
    pub(crate) calibration: Calibration,
    /// Where all of it comes from.
    pub(super) sources: Sources,
    pub(super) listed: OnceLock<Vec<Rule>>,
}

impl RuleBook {
    /// The book that is part of the program.
    pub fn embedded() -> Result<Self> {
        Sources::embedded()?.book()
    }

    /// The embedded book with the `*.toml` files of a folder: one of the same name replaces, others add.
    pub fn load(folder: &Path) -> Result<Self> {
        Sources::load(folder)?.book()
    }

    /// A book of these files, each a name and its text.
    pub fn from_files(files: Vec<(String, String)>) -> Result<Self> {
        Sources::parse(files)?.book()
    }

    /// Digest of every rule file.
    pub fn digest(&self) -> &str {
        self.sources.digest()
    }

    /// Every rule, as people read it: listed only when somebody asks.
    pub fn rules(&self) -> &[Rule] {
        self.listed.get_or_init(|| listed::rules(&self.sources))
    }

    /// Every signal.
    pub fn signals(&self) -> &[SignalDefinition] {
        &self.signals
    }

    /// The id that evidence carries.
    pub(crate) fn id(&self, rule: RuleId) -> &Arc<str> {
        &self.ids[rule.index()]
    }

    /// A verb as one says what a tool does: "deletes".
    pub(crate) fn third_person(&self, verb: u32) -> Option<&str> {
        self.thirds.get(&verb).map(|text| &**text)
    }

    /// The object by which pairs speak of a kind of parameter.
    pub(crate) fn kind_object(&self, kind: ParamKind) -> u32 {
        self.kind_objects[kind as usize]
    }

    pub(crate) fn phrase(&self, number: u32) -> Option<&PhraseRule> {
        self.phrase_of.get(&number).map(|i| &self.phrases[*i as usize])
    }

    /// What there is under the name of a parameter.
    pub(crate) fn named(&self, name: &str) -> Option<&Named> {
        self.named.get(name)
    }
}

/// A noun or phrase beside a verb, by number, with its place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) number: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// Marks the number of a verb as that of the main verb which another is coordinated with: `lead:set` in a pair.
pub(super) const LEAD: u32 = 1 << 28;

impl Object {
    /// The main verb that a verb is coordinated with.
    pub(crate) const fn lead(verb: u32) -> Self {
        Self::elsewhere(verb | LEAD)
    }

    /// One that is named in another string than the verb.
    pub(crate) const fn elsewhere(number: u32) -> Self {
        Self {
            number,
            start: u32::MAX,
            end: u32::MAX,
        }
    }

    /// Whether it stands in another string than the verb.
    pub(crate) const fn is_elsewhere(self) -> bool {
        self.start == u32::MAX
    }
}

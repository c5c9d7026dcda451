//! What became of each reviewed tool: a pure comparison of two listings, both judged by the same rules, and of
//! the recorded judgement with today's. What the server changed and what our rules changed are two changes.
//!
//! Owns what a change is and the order in which changes are told. Refuses to decide whether a change matters to
//! anybody: acceptances and gates do. [`pairing`] says which tools belong together, [`facts`](mod@facts) what differs in
//! two judgements, [`made`] what kind of change that makes, [`difference`] says it in words.

mod difference;
mod facts;
mod made;
mod pairing;

use serde_json::{Map, Value};

use crate::assessment::{Assessment, Evidence};
use crate::baseline::facts::Facts;
use crate::label::{Decision, Label};
use crate::tree::Node;

pub use difference::{Difference, Effect, Reason};
pub use facts::facts;

/// Signals of a definition that deceives, whatever the tool does.
const DECEIVING: [&str; 3] = ["hidden-text", "instructions", "impersonates"];

/// A tool as it was reviewed.
#[derive(Clone, Debug)]
pub struct Reviewed {
    /// Its name.
    pub name: String,
    /// Digest of its definition.
    pub digest: String,
    /// The definition.
    pub definition: Map<String, Value>,
    /// What was decided then, by the rules of then.
    pub recorded: Facts,
    /// What today's rules decide about that same definition.
    pub judged: Facts,
}

/// A tool as it is listed now.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// The definition.
    pub definition: Node<'a>,
    /// What today's rules decide about it.
    pub assessment: &'a Assessment,
}

/// What kind of change it is. Ordered from what needs a person first to what needs none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A reviewed tool may do more, or hides more, than it did.
    Worse,
    /// A tool that nobody reviewed.
    New,
    /// The reviewed definition gets another judgement from today's rules or settings; the server did nothing.
    Rules,
    /// A reviewed tool is no longer listed.
    Gone,
    /// A reviewed tool may do less.
    Milder,
    /// The definition reads differently and is judged the same.
    Wording,
}

impl Kind {
    /// Every kind, most urgent first.
    pub const ALL: [Self; 6] = [
        Self::Worse,
        Self::New,
        Self::Rules,
        Self::Gone,
        Self::Milder,
        Self::Wording,
    ];

    /// The word for it in every output and in `--fail-on`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::New => "new",
            Self::Rules => "rules",
            Self::Gone => "gone",
            Self::Milder => "milder",
            Self::Wording => "wording",
        }
    }
}

/// What a change is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A tool, by its name.
    Tool(String),
    /// The instructions that the server gives to a model, by the digest of their present text.
    Instructions(String),
}

impl Subject {
    /// What the instructions are called in the place of a tool.
    pub const INSTRUCTIONS: &str = "(server instructions)";

    /// The tool's name, or what the subject is called in its place.
    pub fn name(&self) -> &str {
        match self {
            Self::Tool(name) => name,
            Self::Instructions(_) => Self::INSTRUCTIONS,
        }
    }
}

/// A tool's judgement on one side of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its label.
    pub label: Label,
    /// What the policy does with it.
    pub decision: Decision,
    /// Digest of its definition.
    pub digest: String,
}

/// One change, and everything that speaks for calling it so.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What it is about.
    pub subject: Subject,
    /// What kind it is.
    pub kind: Kind,
    /// As reviewed; `None` for what is new.
    pub was: Option<Seen>,
    /// As listed now; `None` for what is gone.
    pub is: Option<Seen>,
    /// What differs, the most telling first.
    pub reasons: Vec<Reason>,
    /// The words that today's label rests on.
    pub evidence: Vec<Evidence>,
}

impl Change {
    /// The digest that an acceptance names: of the definition as it is now, or of the one that is gone.
    pub fn digest(&self) -> &str {
        match (&self.subject, self.is.as_ref().or(self.was.as_ref())) {
            (Subject::Instructions(digest), _) => digest,
            (Subject::Tool(_), seen) => seen.map_or("", |seen| &seen.digest),
        }
    }

    /// Ids of the differences that make it what it is.
    pub fn findings(&self) -> Vec<String> {
        let telling = |reason: &&Reason| self.kind != Kind::Worse || reason.effect == Effect::Worse;
        let mut ids: Vec<String> = self.reasons.iter().filter(telling).map(|r| r.what.id()).collect();
        ids.dedup();
        ids
    }

    /// Whether it hides text, speaks to the model or passes for another tool: what no label measures.
    pub fn deceives(&self) -> bool {
        self.reasons.iter().any(|reason| match &reason.what {
            Difference::Hidden { .. } => true,
            Difference::Signal { id, appeared, .. } => *appeared && DECEIVING.contains(&id.as_str()),
            _ => false,
        })
    }

    /// Whether the present label is at least this risky; for what is gone, the reviewed one.
    pub fn label(&self) -> Option<Label> {
        self.is.as_ref().or(self.was.as_ref()).map(|seen| seen.label)
    }
}

/// Every change from the reviewed tools to the listed ones, most urgent first.
pub fn tools(reviewed: &[Reviewed], listed: &[Listed<'_>]) -> Vec<Change> {
    let (pairs, gone, new) = pairing::pair(reviewed, listed);
    let mut changes = Vec::new();
    for (was, is) in pairs {
        changes.extend(made::rules(was));
        changes.extend(made::server(was, is));
    }
    let renames = pairing::renames(&gone, &new);
    for was in gone {
        let renamed = renames.iter().find(|(old, _)| old.name == was.name);
        changes.push(made::gone(was, renamed.map(|(_, is)| is.assessment.name.as_str())));
    }
    for is in new {
        let renamed = renames
            .iter()
            .find(|(_, new)| new.assessment.name == is.assessment.name);
        changes.push(made::new(is, renamed.map(|(was, _)| was.name.as_str())));
    }
    changes.sort_by(|a, b| {
        let urgency = |c: &Change| std::cmp::Reverse(c.label().map(Label::urgency));
        (a.kind, urgency(a), &a.subject).cmp(&(b.kind, urgency(b), &b.subject))
    });
    changes
}

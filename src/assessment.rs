//! What was decided about one tool, with the words it rests on: the record that every output is made from,
//! in the shape of the `mcpclass/1` contract. Data only; [`crate::classify`] makes it.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::label::{Category, Decision, Label, Risk};
use crate::policy::native::Policy;

/// Words of a definition that a rule fired on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The rule's id: the same word in `rules show`, SARIF and acceptances.
    pub rule: Arc<str>,
    /// JSON Pointer (RFC 6901) to the string, from the tool object.
    pub pointer: Cow<'static, str>,
    /// Byte offset of the first byte in the original string.
    pub start: usize,
    /// Byte offset after the last byte.
    pub end: usize,
    /// The words themselves, as they stand there.
    pub text: String,
    /// The category that the rule speaks for; `None` for signals that speak for none.
    pub says: Option<Category>,
    /// What the rule added to that category's score against the runner-up, in hundredths of a nat.
    #[serde(default)]
    pub weight: i32,
}

/// One operation of a tool that has several, from the values of an enumerated parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// The parameter that chooses.
    pub parameter: String,
    /// The value that chooses this operation.
    pub value: String,
    /// What it does.
    pub category: Category,
    /// What is at stake.
    pub risk: Risk,
}

impl Operation {
    /// Its label.
    pub const fn label(&self) -> Label {
        Label::new(self.category, self.risk)
    }
}

/// A property worth knowing beside the label, such as `bulk` or `credentials`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Stable id.
    pub id: Arc<str>,
    /// One line for people.
    pub title: Arc<str>,
    /// The words it rests on.
    pub evidence: Vec<Evidence>,
}

/// A declared annotation that the definition contradicts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// `readOnlyHint`, `destructiveHint`, …
    pub hint: String,
    /// What the server declared.
    pub declared: bool,
    /// What stands against it, for people.
    pub message: String,
}

/// The assessment of one tool. A key that does not apply is present and null or empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// The tool's name as the server wrote it.
    pub name: String,
    /// What its worst ordinary call does.
    pub category: Category,
    /// What is at stake.
    pub risk: Risk,
    /// Calibrated probability that the category is right, 0 to 1, three decimals.
    pub confidence: f64,
    /// The next likely category.
    pub runner_up: Option<Category>,
    /// Operations, where it has several.
    pub operations: Vec<Operation>,
    /// Properties worth knowing.
    pub signals: Vec<Signal>,
    /// The words that the label rests on, strongest first.
    pub evidence: Vec<Evidence>,
    /// Two to four sentences for people.
    pub rationale: String,
    /// Annotations that the definition contradicts.
    pub conflicts: Vec<Conflict>,
    /// What the recommended policy does with it.
    pub decision: Decision,
    /// The native policy for this tool alone.
    pub policy: Policy,
    /// `sha256:` of the canonical definition.
    pub digest: String,
    /// Why a person overrode the table for this tool, from `mcpclass.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_reason: Option<String>,
    /// Parameters that carry something to run, whatever the tool says it does with them. A label weighs them against
    /// the rest; a comparison with what was reviewed does not.
    #[serde(skip)]
    pub carriers: Vec<String>,
}

impl Assessment {
    /// Its label.
    pub const fn label(&self) -> Label {
        Label::new(self.category, self.risk)
    }

    /// Whether a signal of this id was found.
    pub fn has_signal(&self, id: &str) -> bool {
        self.signals.iter().any(|signal| &*signal.id == id)
    }
}

//! What was decided about a tool, as far as a later change is explained by it: the part of an
//! [`Assessment`] that a lock records. Wording of rationales and confidences are left out, so that they never
//! count as a change.

use serde::{Deserialize, Serialize};

use crate::assessment::{Assessment, Operation, Signal};
use crate::label::{Category, Decision, Label, Risk};

/// Signals that other facts tell in full: operations and conflicts are compared one by one.
const TOLD_ELSEWHERE: [&str; 2] = ["operations", "annotation-conflict"];

/// The decided facts about one tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// What its worst ordinary call does.
    pub category: Category,
    /// What is at stake.
    pub risk: Risk,
    /// What the recommended policy does with it.
    pub decision: Decision,
    /// Its operations, where it has several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<Choice>,
    /// Ids of its signals, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<String>,
    /// Parameters that carry a program, a command, a query: anything at all. Sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<String>,
    /// Declared hints that the definition contradicts, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<String>,
}

/// One operation: the value of a parameter that chooses it, and its label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The parameter that chooses.
    pub parameter: String,
    /// The value that chooses this operation.
    pub value: String,
    /// What it does.
    pub category: Category,
    /// What is at stake.
    pub risk: Risk,
}

impl Choice {
    /// Its label.
    pub const fn label(&self) -> Label {
        Label::new(self.category, self.risk)
    }
}

impl From<&Operation> for Choice {
    fn from(operation: &Operation) -> Self {
        Self {
            parameter: operation.parameter.clone(),
            value: operation.value.clone(),
            category: operation.category,
            risk: operation.risk,
        }
    }
}

impl Facts {
    /// The facts of an assessment.
    pub fn of(assessment: &Assessment) -> Self {
        let telling = |signal: &&Signal| !TOLD_ELSEWHERE.contains(&&*signal.id);
        let signals = assessment
            .signals
            .iter()
            .filter(telling)
            .map(|signal| signal.id.to_string());
        let conflicts = assessment.conflicts.iter().map(|conflict| conflict.hint.clone());
        Self {
            category: assessment.category,
            risk: assessment.risk,
            decision: assessment.decision,
            operations: assessment.operations.iter().map(Choice::from).collect(),
            signals: sorted(signals),
            open: sorted(open_parameters(assessment).chain(assessment.carriers.iter().cloned())),
            conflicts: sorted(conflicts),
        }
    }

    /// The label.
    pub const fn label(&self) -> Label {
        Label::new(self.category, self.risk)
    }
}

/// Parameters that a signal of an open argument (`open-command`, `open-query`, …) rests on.
fn open_parameters(assessment: &Assessment) -> impl Iterator<Item = String> {
    assessment
        .signals
        .iter()
        .filter(|signal| signal.id.starts_with("open-"))
        .flat_map(|signal| &signal.evidence)
        .filter_map(|evidence| parameter_of(&evidence.pointer))
}

/// The top-level parameter that a pointer into a schema is about.
pub fn parameter_of(pointer: &str) -> Option<String> {
    let (_, rest) = pointer.split_once("/properties/")?;
    let name = rest.split('/').next()?;
    Some(name.replace("~1", "/").replace("~0", "~"))
}

fn sorted(items: impl Iterator<Item = String>) -> Vec<String> {
    let mut items: Vec<String> = items.collect();
    items.sort_unstable();
    items.dedup();
    items
}

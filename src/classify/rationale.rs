//! Two to four plain sentences from the rules that fired.

use super::definition::Definition;
use super::verdict::Verdict;
use crate::assessment::Signal;
use crate::manifest::Tool;
use crate::rules::RuleBook;

/// The sentences, and the short reason for a policy.
pub(crate) struct Rationale {
    pub(crate) text: String,
    pub(crate) reason: String,
}

pub(crate) fn write(
    _book: &RuleBook,
    _definition: &Definition,
    verdict: &Verdict,
    _signals: &[Signal],
    _tool: &Tool,
) -> Rationale {
    Rationale {
        text: String::new(),
        reason: verdict.label.to_string(),
    }
}

//! What a server's tools open together that none of them opens alone, and names on it that people take for one
//! another. Works on assessments; decides nothing about single tools.

use std::collections::BTreeMap;

use serde::Serialize;
use unicode_normalization::UnicodeNormalization as _;
use unicode_security::confusable_detection::skeleton;

use crate::assessment::{Assessment, Signal};
use crate::label::Category;
use crate::report::Assessed;
use crate::text::escape::is_hidden;

/// A dangerous combination of tools.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Combination {
    /// Stable id.
    pub id: &'static str,
    /// One line for people.
    pub title: &'static str,
    /// What it is made of, each with the tools that bring it.
    pub parts: Vec<Part>,
}

/// One part of a combination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What the tools bring.
    pub what: &'static str,
    /// Their names, in the server's order.
    pub tools: Vec<String>,
}

/// What stands beside the tools of a server.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Exposure {
    /// Combinations that it opens.
    pub combinations: Vec<Combination>,
    /// Groups of names that differ only in case or in letters that look alike.
    pub confusable: Vec<Vec<String>>,
    /// Signals of the instructions that the server gives to a model.
    pub signals: Vec<Signal>,
}

/// What a tool brings to a combination.
#[derive(Clone, Copy, Debug)]
enum Role {
    Private,
    Secrets,
    Untrusted,
    WayOut,
    Runs,
}

impl Role {
    const fn what(self) -> &'static str {
        match self {
            Self::Private => "private data",
            Self::Secrets => "secrets",
            Self::Untrusted => "untrusted content",
            Self::WayOut => "a way out",
            Self::Runs => "a way to run code",
        }
    }

    fn is_of(self, tool: &Assessment) -> bool {
        let has = |ids: &[&str]| ids.iter().any(|id| tool.has_signal(id));
        let reads = tool.category == Category::Read;
        match self {
            Self::Private => {
                has(&["private-content", "secrets", "open-query"]) || reads && has(&["filesystem", "personal-data"])
            }
            Self::Secrets => has(&["secrets"]),
            Self::Untrusted => has(&["fetches-url", "strangers-text"]),
            Self::WayOut => has(&[
                "sends-out",
                "public",
                "open-request",
                "open-command",
                "open-code",
                "fetches-url",
            ]),
            Self::Runs => has(&["open-command", "open-code"]),
        }
    }
}

/// Every combination that is looked for.
const KNOWN: [(&str, &str, &[Role]); 3] = [
    (
        "lethal-trifecta",
        "Private data, untrusted content and a way out: a stranger's text can have private data sent away",
        &[Role::Private, Role::Untrusted, Role::WayOut],
    ),
    (
        "untrusted-code",
        "Untrusted content and a way to run code: a stranger's text can become a command",
        &[Role::Untrusted, Role::Runs],
    ),
    (
        "secrets-out",
        "Secrets and a way out: what is read can be sent away",
        &[Role::Secrets, Role::WayOut],
    ),
];

impl Exposure {
    /// What the tools of a server open together; `signals` are those of its instructions.
    pub fn of(assessed: &Assessed, signals: Vec<Signal>) -> Self {
        let tools = &assessed.assessments;
        let bring = |role: Role| Part {
            what: role.what(),
            tools: tools.iter().filter(|t| role.is_of(t)).map(|t| t.name.clone()).collect(),
        };
        let combinations = KNOWN.iter().filter_map(|(id, title, roles)| {
            let parts: Vec<Part> = roles.iter().map(|role| bring(*role)).collect();
            let whole = parts.iter().all(|part| !part.tools.is_empty());
            whole.then_some(Combination { id, title, parts })
        });
        Self {
            combinations: combinations.collect(),
            confusable: confusable(tools.iter().map(|t| t.name.as_str())),
            signals,
        }
    }
}

/// Groups of names that read the same.
fn confusable<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in names {
        let visible: String = name.nfkc().filter(|c| !is_hidden(*c)).collect();
        // Twice: case hides look-alikes, and look-alikes hide case.
        let seen: String = skeleton(&visible.to_lowercase()).collect();
        let key: String = skeleton(&seen.to_lowercase()).collect();
        groups.entry(key).or_default().push(name.to_owned());
    }
    groups.into_values().filter(|group| group.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_read_the_same_are_grouped() {
        let names = [
            "get_note",
            "Get_Note",
            "list_notes",
            "gеt_note",
            "get\u{200b}_note",
            "got_note",
        ];
        let groups = confusable(names.into_iter());
        assert_eq!(groups.len(), 1, "{groups:?}");
        assert_eq!(groups[0], ["get_note", "Get_Note", "gеt_note", "get\u{200b}_note"]);
    }
}

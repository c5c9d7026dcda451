//! What a server's tools open together that none of them opens alone, and names, on it and on servers that are used
//! beside it, that people and models take for one another. Works on assessments; decides nothing about single tools.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use unicode_normalization::UnicodeNormalization as _;
use unicode_security::confusable_detection::skeleton;

use crate::assessment::{Assessment, Evidence, Signal};
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
    /// Tools whose name a tool of another server has, too, or one that reads the same.
    pub namesakes: Vec<Namesake>,
    /// Signals of the server as a whole: of the instructions that it gives to a model, and of the names above.
    pub signals: Vec<Signal>,
}

/// Two tools of different servers that one may be called in place of the other. Which of them poses as the other is not
/// for us to say: both are named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Namesake {
    /// This server's tool.
    pub tool: String,
    /// The first other server that has one like it.
    pub server: String,
    /// How that one's name is written.
    pub theirs: String,
}

impl fmt::Display for Namesake {
    /// `send_mail (post)`, and how the other is written where it is written differently.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tool, server, theirs } = self;
        if tool == theirs {
            write!(f, "{tool} ({server})")
        } else {
            write!(f, "{tool} ({theirs} of {server})")
        }
    }
}

/// The signal of tools that can be taken for others.
pub const IMPERSONATES: &str = "impersonates";
/// What [`Evidence::rule`] says of names on one server.
const CONFUSABLE: &str = "impersonates/same-server";
/// What it says of names on different servers.
const NAMESAKE: &str = "impersonates/other-server";
/// Tools of one server and one name that others are compared with.
const MOST_OF_A_NAME: usize = 8;
/// Evidence of the signal; the lists above have them all.
const MOST_EVIDENCE: usize = 6;
/// Bytes of a name that evidence repeats.
const LONGEST: usize = 80;

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
            namesakes: Vec::new(),
            signals,
        }
    }

    /// Notes the tools of each server that share a name with a tool of another. The same definition under the same
    /// server's name is one tool, listed twice.
    pub fn compare(all: &mut [Self], servers: &[Assessed]) {
        let named = |index: usize| servers[index].manifest.server.name.as_str();
        let mut bearers: HashMap<String, Vec<(usize, &Assessment)>> = HashMap::new();
        for (index, server) in servers.iter().enumerate() {
            for tool in &server.assessments {
                let bearers = bearers.entry(reads_as(&tool.name)).or_default();
                // A server that gives one name to thousands of tools costs the others no time.
                let own = bearers.iter().rev().take_while(|(of, _)| *of == index);
                if own.take(MOST_OF_A_NAME).count() < MOST_OF_A_NAME {
                    bearers.push((index, tool));
                }
            }
        }
        for (index, server) in servers.iter().enumerate() {
            for tool in &server.assessments {
                let other = bearers[&reads_as(&tool.name)].iter().find(|&&(other, theirs)| {
                    other != index && !(named(other) == named(index) && theirs.digest == tool.digest)
                });
                if let Some(&(other, theirs)) = other {
                    all[index].namesakes.push(Namesake {
                        tool: tool.name.clone(),
                        server: named(other).to_owned(),
                        theirs: theirs.name.clone(),
                    });
                }
            }
        }
    }

    /// Raises the signal of names that are taken for others, where there are any.
    pub fn raise(&mut self, title: &Arc<str>, tools: &[Assessment]) {
        let mistaken = self.mistaken();
        let named = tools.iter().enumerate();
        let evidence: Vec<Evidence> = named
            .filter_map(|(place, tool)| Some(evidence(mistaken.get(&*tool.name)?, place, &tool.name)))
            .take(MOST_EVIDENCE)
            .collect();
        if !evidence.is_empty() {
            self.signals.push(Signal {
                id: IMPERSONATES.into(),
                title: title.clone(),
                evidence,
            });
        }
    }

    /// The names that can be taken for another's, each with the rule that says so.
    fn mistaken(&self) -> HashMap<&str, &'static str> {
        let own = self.confusable.iter().flatten().map(|name| (name.as_str(), CONFUSABLE));
        let others = self.namesakes.iter().map(|namesake| (namesake.tool.as_str(), NAMESAKE));
        // Where both hold, the other server is worth knowing more.
        own.chain(others).collect()
    }

    /// Signals of the instructions.
    pub fn instructions(&self) -> impl Iterator<Item = &Signal> {
        let told = |signal: &&Signal| signal.evidence.iter().any(|e| e.pointer == "/instructions");
        self.signals.iter().filter(told)
    }

    /// The tools whose names raise a signal of the server as a whole.
    pub fn raised_by_names(&self, id: &str) -> impl Iterator<Item = &str> {
        let own = self.confusable.iter().flatten();
        let names = own.chain(self.namesakes.iter().map(|namesake| &namesake.tool));
        names.map(String::as_str).filter(move |_| id == IMPERSONATES)
    }
}

fn evidence(rule: &'static str, place: usize, name: &str) -> Evidence {
    let end = (0..=name.len().min(LONGEST))
        .rev()
        .find(|end| name.is_char_boundary(*end));
    let end = end.unwrap_or(0);
    Evidence {
        rule: rule.into(),
        pointer: Cow::Owned(format!("/tools/{place}/name")),
        start: 0,
        end,
        text: name[..end].to_owned(),
        says: None,
        weight: 0,
    }
}

/// Groups of names that read the same.
fn confusable<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in names {
        groups.entry(reads_as(name)).or_default().push(name.to_owned());
    }
    groups.into_values().filter(|group| group.len() > 1).collect()
}

/// What names that read the same have in common.
fn reads_as(name: &str) -> String {
    let visible: String = name.nfkc().filter(|c| !is_hidden(*c)).collect();
    // Twice: case hides look-alikes, and look-alikes hide case.
    let seen: String = skeleton(&visible.to_lowercase()).collect();
    skeleton(&seen.to_lowercase()).collect()
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

    #[test]
    fn evidence_of_a_long_name_is_cut_between_characters() {
        let name = "ж".repeat(1000);
        let found = evidence(CONFUSABLE, 3, &name);
        assert_eq!(found.pointer, "/tools/3/name");
        assert_eq!(name.get(found.start..found.end), Some(&*found.text));
        assert!(found.text.len() > LONGEST - 4 && found.text.len() <= LONGEST);
    }
}

//! A whole check: every reviewed server against its present listing, with acceptances and gates applied. Pure:
//! what was listed and what day it is come in as arguments. Every report is a function of [`Check`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::{Map, Value};

use crate::assessment::Assessment;
use crate::baseline::accept::{self, Acceptance, Now, Standing};
use crate::baseline::compare::{self, Change, Difference, Effect, Kind, Listed, Reason, Seen, Subject};
use crate::baseline::edit::{Edit, What};
use crate::baseline::facts::Facts;
use crate::baseline::gate::Gates;
use crate::baseline::lock::{self, Lock};
use crate::classify::Classifier;
use crate::digest;
use crate::error::Outcome;
use crate::manifest::{Manifest, Tool};
use crate::report::Assessed;

/// What could be listed now.
#[derive(Debug)]
pub struct Present {
    /// The listings, judged by today's rules.
    pub servers: Vec<Assessed>,
    /// Sources that could not be listed: what was named, and why not.
    pub failures: Vec<(String, String)>,
    /// Whether the user named these servers, so that others of the lock were not meant.
    pub named: bool,
}

/// What people decided about checks.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The acceptances of the configuration file.
    pub acceptances: Vec<Acceptance>,
    /// Which changes fail the check.
    pub gates: Gates,
    /// The day on which acceptances are judged.
    pub today: Date,
}

/// The result.
#[derive(Debug)]
pub struct Check {
    /// Rule book of the lock.
    pub rules_were: String,
    /// Today's rule book.
    pub rules_are: String,
    /// Every server, by name.
    pub servers: Vec<ServerCheck>,
    /// Sources that could not be listed: what was named, and why not.
    pub failures: Vec<(String, String)>,
    /// Each acceptance and what it comes to.
    pub acceptances: Vec<(Acceptance, Standing)>,
    /// Which changes fail the check.
    pub gates: Gates,
}

/// One server's result.
#[derive(Debug)]
pub struct ServerCheck {
    /// Its name.
    pub name: String,
    /// Where it was listed.
    pub origin: String,
    /// The version that it declared when reviewed, and now.
    pub versions: (Option<String>, Option<String>),
    /// How far its listing can be relied on.
    pub state: State,
    /// What changed, most urgent first.
    pub changes: Vec<Checked>,
    /// How many tools are as reviewed.
    pub unchanged: usize,
}

/// How far a server's listing can be relied on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Listed completely.
    Listed,
    /// Nobody reviewed this server.
    New,
    /// Its source was read and no longer names it.
    Gone,
    /// The user named other servers.
    Skipped,
    /// Listed in part, so that nothing follows from what is missing.
    Incomplete(String),
    /// Not listed.
    Unlisted(String),
}

impl State {
    /// The word for it in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::New => "new",
            Self::Gone => "gone",
            Self::Skipped => "skipped",
            Self::Incomplete(_) => "incomplete",
            Self::Unlisted(_) => "unlisted",
        }
    }

    /// Why nothing can be concluded, if so.
    pub fn trouble(&self) -> Option<&str> {
        match self {
            Self::Incomplete(why) | Self::Unlisted(why) => Some(why),
            _ => None,
        }
    }
}

/// A change, and what people decided about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The change.
    pub change: Change,
    /// The acceptances that cover it, by index.
    pub accepted: Vec<usize>,
    /// Whether it fails the check.
    pub fails: bool,
}

/// Compares.
pub fn check(lock: &Lock, present: &Present, classifier: &Classifier, terms: &Terms) -> Check {
    let mut servers = Vec::new();
    let mut listings: BTreeMap<String, &Assessed> = BTreeMap::new();
    let mut listed: Vec<Option<&Assessed>> = present.servers.iter().map(Some).collect();
    for (reviewed, found) in pair(lock, &mut listed) {
        listings.extend(found.map(|assessed| (reviewed.name.clone(), assessed)));
        servers.push(match found {
            Some(assessed) => compared(reviewed, assessed, classifier),
            None => missing(reviewed, present),
        });
    }
    for assessed in listed.into_iter().flatten() {
        listings.insert(assessed.manifest.server.name.clone(), assessed);
        servers.push(unreviewed(assessed));
    }
    servers.sort_by(|a, b| a.name.cmp(&b.name));
    for server in &mut servers {
        for checked in &mut server.changes {
            checked.accepted = accept::covering(&terms.acceptances, &server.name, &checked.change, terms.today);
            checked.fails = checked.accepted.is_empty() && terms.gates.trip(&checked.change);
        }
    }
    let acceptances = standings(&servers, &listings, present, terms);
    Check {
        rules_were: lock.mcpclass.rules.clone(),
        rules_are: classifier.rules_digest().to_owned(),
        servers,
        failures: present.failures.clone(),
        acceptances,
        gates: terms.gates.clone(),
    }
}

/// Why a listing cannot become a baseline or prove that something is gone; `None` where it can.
pub fn incomplete(manifest: &Manifest) -> Option<String> {
    if !manifest.server.complete {
        return Some("the listing stopped before its end".to_owned());
    }
    let unreadable = |pointer: &str| {
        let index = pointer.strip_prefix("/tools/");
        index.is_some_and(|index| !index.is_empty() && index.bytes().all(|b| b.is_ascii_digit()))
    };
    let problem = manifest.problems.iter().find(|p| unreadable(&p.pointer))?;
    Some(format!("{} cannot be read: {}", problem.pointer, problem.message))
}

impl Check {
    /// How the command ends. A tripped gate is certain, whatever else could not be listed.
    pub fn outcome(&self) -> Outcome {
        let troubled = !self.failures.is_empty() || self.servers.iter().any(|s| s.state.trouble().is_some());
        if self.changes().any(|(_, checked)| checked.fails) {
            Outcome::GateTripped
        } else if troubled {
            Outcome::Partial
        } else if self.servers.is_empty() {
            Outcome::Nothing
        } else {
            Outcome::Done
        }
    }

    /// Every change with its server.
    pub fn changes(&self) -> impl Iterator<Item = (&ServerCheck, &Checked)> {
        self.servers
            .iter()
            .flat_map(|server| server.changes.iter().map(move |checked| (server, checked)))
    }

    /// How many changes of a kind there are that nobody accepted.
    pub fn count(&self, kind: Kind) -> usize {
        self.changes()
            .filter(|(_, c)| c.change.kind == kind && c.accepted.is_empty())
            .count()
    }

    /// How many changes are accepted.
    pub fn accepted(&self) -> usize {
        self.changes().filter(|(_, c)| !c.accepted.is_empty()).count()
    }

    /// How many tools are as reviewed.
    pub fn unchanged(&self) -> usize {
        self.servers.iter().map(|server| server.unchanged).sum()
    }

    /// One line: what got worse first, then what is new, and so on; what did not happen is left out.
    pub fn headline(&self) -> String {
        let words = [
            (self.count(Kind::Worse), "got worse"),
            (self.count(Kind::New), "new"),
            (self.troubled(), "could not be listed"),
            (self.count(Kind::Gone), "gone"),
            (self.count(Kind::Rules), "judged differently by our rules"),
            (self.count(Kind::Milder), "milder"),
            (self.count(Kind::Wording), "only reworded"),
            (self.accepted(), "accepted"),
        ];
        let parts: Vec<String> = words
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, word)| format!("{n} {word}"))
            .collect();
        match (parts.is_empty(), self.unchanged()) {
            (true, n) => format!("nothing changed in {n} {}", if n == 1 { "tool" } else { "tools" }),
            (false, n) => format!("{} · {n} unchanged", parts.join(", ")),
        }
    }

    /// Sources that could not be listed and that no server's state tells of.
    pub fn other_failures(&self) -> impl Iterator<Item = (&str, &str)> {
        let told = |why: &str| self.servers.iter().any(|server| server.state.trouble() == Some(why));
        let all = self
            .failures
            .iter()
            .map(|(source, why)| (source.as_str(), why.as_str()));
        all.filter(move |(_, why)| !told(why))
    }

    /// How many servers and sources could not be listed, or only in part.
    pub fn troubled(&self) -> usize {
        let servers = self.servers.iter().filter(|s| s.state.trouble().is_some()).count();
        servers.max(self.failures.len())
    }
}

/// Reviewed servers with their listings: by name, and what is left over on both sides when it is one each.
fn pair<'a>(lock: &'a Lock, listed: &mut [Option<&'a Assessed>]) -> Vec<(&'a lock::Server, Option<&'a Assessed>)> {
    let mut pairs: Vec<(&lock::Server, Option<&Assessed>)> = lock
        .servers
        .iter()
        .map(|server| {
            let fits = |slot: &&mut Option<&Assessed>| slot.is_some_and(|a| a.manifest.server.name == server.name);
            (server, listed.iter_mut().find(fits).and_then(Option::take))
        })
        .collect();
    let mut open = pairs.iter_mut().filter(|(_, found)| found.is_none());
    if let (Some(pair), None) = (open.next(), open.next()) {
        let mut left = listed.iter_mut().filter(|slot| slot.is_some());
        if let (Some(slot), None) = (left.next(), left.next()) {
            pair.1 = slot.take();
        }
    }
    pairs
}

fn compared(reviewed: &lock::Server, assessed: &Assessed, classifier: &Classifier) -> ServerCheck {
    let listed = listed(assessed);
    let before = reviewed.reviewed(classifier);
    let mut changes = compare::tools(&before, &listed);
    changes.extend(instructions(reviewed, &assessed.manifest, classifier));
    let state = match incomplete(&assessed.manifest) {
        Some(why) => State::Incomplete(why),
        None => State::Listed,
    };
    let touched: BTreeSet<&str> = changes
        .iter()
        .filter(|c| c.was.is_some())
        .map(|c| c.subject.name())
        .collect();
    let unchanged = reviewed.tools.len().saturating_sub(touched.len());
    if state != State::Listed {
        changes.retain(|change| change.kind != Kind::Gone);
    }
    ServerCheck {
        name: reviewed.name.clone(),
        origin: assessed.manifest.server.origin.clone(),
        versions: (reviewed.version.clone(), assessed.manifest.server.version.clone()),
        state,
        changes: changes.into_iter().map(Checked::new).collect(),
        unchanged,
    }
}

fn missing(reviewed: &lock::Server, present: &Present) -> ServerCheck {
    let own = present
        .failures
        .iter()
        .find(|(source, _)| *source == reviewed.origin || *source == reviewed.name);
    let state = match (own.or(present.failures.first()), present.named) {
        (Some((_, why)), _) => State::Unlisted(why.clone()),
        (None, true) => State::Skipped,
        (None, false) => State::Gone,
    };
    let gone = |tool: &lock::Pinned| Change {
        subject: Subject::Tool(tool.name.clone()),
        kind: Kind::Gone,
        was: Some(Seen {
            label: tool.facts.label(),
            decision: tool.facts.decision,
            digest: tool.digest.clone(),
        }),
        is: None,
        reasons: Vec::new(),
        evidence: Vec::new(),
    };
    let changes = match state {
        State::Gone => reviewed.tools.iter().map(gone).map(Checked::new).collect(),
        _ => Vec::new(),
    };
    ServerCheck {
        name: reviewed.name.clone(),
        origin: reviewed.origin.clone(),
        versions: (reviewed.version.clone(), None),
        state,
        changes,
        unchanged: 0,
    }
}

fn unreviewed(assessed: &Assessed) -> ServerCheck {
    let server = &assessed.manifest.server;
    ServerCheck {
        name: server.name.clone(),
        origin: server.origin.clone(),
        versions: (None, server.version.clone()),
        state: match incomplete(&assessed.manifest) {
            Some(why) => State::Incomplete(why),
            None => State::New,
        },
        changes: compare::tools(&[], &listed(assessed))
            .into_iter()
            .map(Checked::new)
            .collect(),
        unchanged: 0,
    }
}

impl Checked {
    fn new(change: Change) -> Self {
        Self {
            change,
            accepted: Vec::new(),
            fails: false,
        }
    }
}

fn listed(assessed: &Assessed) -> Vec<Listed<'_>> {
    let pairs = assessed.manifest.tools.iter().zip(&assessed.assessments);
    pairs
        .map(|(tool, assessment)| Listed {
            definition: tool.root(),
            assessment,
        })
        .collect()
}

/// What became of the instructions that a server gives to a model. They are read as the description of a tool
/// that has nothing else, so that the same signals are found in them; a label means nothing for them.
fn instructions(reviewed: &lock::Server, now: &Manifest, classifier: &Classifier) -> Option<Change> {
    let is = now.server.instructions.as_deref()?;
    let was = reviewed.instructions.as_deref().unwrap_or_default();
    if was == is {
        return None;
    }
    let assess = |text: &str| {
        let mut raw = Map::new();
        raw.insert("name".to_owned(), Value::from("instructions"));
        raw.insert("description".to_owned(), Value::from(text));
        Tool::from_value(&Value::Object(raw))
            .ok()
            .map(|tool| classifier.assess(&tool, None))
    };
    let (before, after) = (assess(was)?, assess(is)?);
    let mut reasons = compare::facts(&Facts::of(&before), &Facts::of(&after), Some(&after));
    let telling = |id: &str| matches!(id, "hidden-text" | "instructions");
    reasons.retain(|reason| matches!(&reason.what, Difference::Signal { id, .. } if telling(id)));
    let edit = Edit {
        pointer: "/instructions".to_owned(),
        what: What::Text {
            was: was.to_owned(),
            is: is.to_owned(),
        },
    };
    let hidden = edit.new_hidden();
    if !hidden.is_empty() {
        let what = Difference::Hidden {
            pointer: edit.pointer.clone(),
            characters: hidden,
        };
        reasons.insert(
            0,
            Reason {
                what,
                effect: Effect::Worse,
            },
        );
    }
    let kind = if reasons.iter().any(|r| r.effect == Effect::Worse) {
        Kind::Worse
    } else {
        Kind::Wording
    };
    reasons.push(Reason {
        what: Difference::Edit(edit),
        effect: Effect::Neutral,
    });
    Some(Change {
        subject: Subject::Instructions(digest::of_bytes([is.as_bytes()])),
        kind,
        was: None,
        is: None,
        reasons,
        evidence: Vec::new(),
    })
}

fn standings(
    servers: &[ServerCheck],
    listings: &BTreeMap<String, &Assessed>,
    present: &Present,
    terms: &Terms,
) -> Vec<(Acceptance, Standing)> {
    let changes: Vec<(&str, &Change)> = servers
        .iter()
        .flat_map(|server| server.changes.iter().map(|c| (server.name.as_str(), &c.change)))
        .collect();
    let judge = |entry: &Acceptance| {
        let digest = listings
            .get(&entry.server)
            .and_then(|assessed| digest_of(&assessed.manifest, &assessed.assessments, &entry.tool));
        let now = match &digest {
            Some(digest) => Now::As(digest),
            None if looked(servers, present, &entry.server) => Now::Absent,
            None => Now::Unknown,
        };
        (entry.clone(), accept::standing(entry, &changes, now, terms.today))
    };
    terms.acceptances.iter().map(judge).collect()
}

/// Digest of what an acceptance names: of a tool's definition, or of the server's instructions.
fn digest_of(manifest: &Manifest, assessments: &[Assessment], name: &str) -> Option<String> {
    let tool = assessments.iter().find(|assessment| assessment.name == name);
    let text = manifest.server.instructions.as_deref();
    let instructions = || {
        text.filter(|_| name == Subject::INSTRUCTIONS)
            .map(|text| digest::of_bytes([text.as_bytes()]))
    };
    tool.map(|assessment| assessment.digest.clone()).or_else(instructions)
}

/// Whether it is known what this server lists: a server that was not asked may still have what is missed here.
fn looked(servers: &[ServerCheck], present: &Present, name: &str) -> bool {
    match servers
        .iter()
        .find(|server| server.name == name)
        .map(|server| &server.state)
    {
        Some(State::Listed | State::New | State::Gone) => true,
        Some(State::Skipped | State::Incomplete(_) | State::Unlisted(_)) => false,
        None => !present.named && present.failures.is_empty(),
    }
}

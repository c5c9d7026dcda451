//! What became of each reviewed tool: a pure comparison of two listings, both judged by the same rules, and of
//! the recorded judgement with today's. What the server changed and what our rules changed are two changes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::assessment::{Assessment, Evidence};
use crate::baseline::edit::{self, Edit, What};
use crate::baseline::facts::{Choice, Facts};
use crate::baseline::phrase::Phrase;
use crate::label::{Category, Decision, Label, Risk};

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
    pub definition: &'a Map<String, Value>,
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

/// What a difference means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// The tool may do more, or hides more.
    Worse,
    /// The tool may do less.
    Milder,
    /// Neither.
    Neutral,
}

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// What differs.
    pub what: Difference,
    /// What it means.
    pub effect: Effect,
}

/// What differs between two sides of a tool.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// Characters that do not show.
    Hidden {
        /// Where.
        pointer: String,
        /// Which.
        characters: Vec<char>,
    },
    /// A declared annotation has another value.
    Annotation {
        /// Which.
        hint: String,
        /// As reviewed.
        was: Option<bool>,
        /// As listed now.
        is: Option<bool>,
    },
    /// Another category.
    Category {
        /// As reviewed.
        was: Category,
        /// As listed now.
        is: Category,
    },
    /// Another risk.
    Risk {
        /// As reviewed.
        was: Risk,
        /// As listed now.
        is: Risk,
    },
    /// An operation that appeared, went away or has another label.
    Operation {
        /// The parameter that chooses it.
        parameter: String,
        /// The value that chooses it.
        value: String,
        /// Its label as reviewed.
        was: Option<Label>,
        /// Its label now.
        is: Option<Label>,
    },
    /// A parameter takes anything, or no longer does.
    Open {
        /// Which.
        parameter: String,
        /// Whether it does now.
        appeared: bool,
    },
    /// A signal appeared or went away.
    Signal {
        /// Which.
        id: String,
        /// Its line for people, where it is known.
        title: String,
        /// The words it rests on.
        words: Vec<String>,
        /// Whether it is there now.
        appeared: bool,
    },
    /// A declared annotation is contradicted by the definition, or no longer is.
    Conflict {
        /// Which.
        hint: String,
        /// What stands against it.
        message: String,
        /// Whether it is contradicted now.
        appeared: bool,
    },
    /// The definition differs.
    Edit(Edit),
    /// Another decision for the same label.
    Decision {
        /// As reviewed.
        was: Decision,
        /// As listed now.
        is: Decision,
    },
    /// The same definition under another name.
    Renamed {
        /// The other name.
        other: String,
        /// Whether that name was reviewed.
        reviewed: bool,
    },
    /// Nothing but the order of list members.
    Order,
}

impl Difference {
    /// Stable id: the word in SARIF, in JSON and in acceptances.
    pub fn id(&self) -> String {
        let id = match self {
            Self::Hidden { .. } => "hidden-text",
            Self::Annotation { .. } => "annotation",
            Self::Category { .. } => "category",
            Self::Risk { .. } => "risk",
            Self::Operation { .. } => "operation",
            Self::Open { .. } => "open-parameter",
            Self::Signal { id, .. } => return format!("signal:{id}"),
            Self::Conflict { .. } => "conflict",
            Self::Edit(_) | Self::Order => "wording",
            Self::Decision { .. } => "decision",
            Self::Renamed { .. } => "renamed",
        };
        id.to_owned()
    }

    /// The difference in words.
    pub fn phrase(&self) -> Phrase {
        let declared = |value: &Option<bool>| value.map_or("absent".to_owned(), |v| v.to_string());
        match self {
            Self::Hidden { pointer, characters } => {
                let mut codes: Vec<String> = characters.iter().map(|c| format!("U+{:04X}", *c as u32)).collect();
                codes.sort_unstable();
                codes.dedup();
                codes.truncate(8);
                Phrase::new(format!(
                    "{} hidden characters ({}) at ",
                    characters.len(),
                    codes.join(", ")
                ))
                .name(pointer.clone())
            }
            Self::Annotation { hint, was, is } => Phrase::new("annotation ").name(hint.clone()).ours(format!(
                " is now {}, was {}",
                declared(is),
                declared(was)
            )),
            Self::Category { was, is } => Phrase::new(format!("{is}, was {was}")),
            Self::Risk { was, is } => Phrase::new(format!("risk {is}, was {was}")),
            Self::Operation {
                parameter,
                value,
                was,
                is,
            } => {
                let subject = Phrase::new("operation ").name(format!("{parameter}={value}"));
                match (was, is) {
                    (None, Some(is)) => subject.ours(format!(" appeared ({is})")),
                    (Some(was), None) => subject.ours(format!(" is gone ({was})")),
                    (Some(was), Some(is)) => subject.ours(format!(" is {is}, was {was}")),
                    (None, None) => subject,
                }
            }
            Self::Open {
                parameter,
                appeared: true,
            } => Phrase::new("parameter ")
                .name(parameter.clone())
                .ours(" carries anything to run"),
            Self::Open { parameter, .. } => Phrase::new("parameter ")
                .name(parameter.clone())
                .ours(" no longer carries anything to run"),
            Self::Signal {
                id,
                title,
                words,
                appeared: true,
            } => {
                let phrase = Phrase::new(format!("{id}: {title}"));
                match words.first() {
                    Some(words) => phrase.ours(" ").quote(words),
                    None => phrase,
                }
            }
            Self::Signal { id, .. } => Phrase::new(format!("no longer {id}")),
            Self::Conflict {
                hint,
                message,
                appeared: true,
            } => Phrase::new("contradicts its ")
                .name(hint.clone())
                .ours(": ")
                .quote(message),
            Self::Conflict { hint, .. } => Phrase::new("no longer contradicts its ").name(hint.clone()),
            Self::Edit(edit) => edit.phrase(),
            Self::Decision { was, is } => Phrase::new(format!("decision {is}, was {was}")),
            Self::Renamed { other, reviewed: true } => Phrase::new("the definition reviewed as ").name(other.clone()),
            Self::Renamed { other, .. } => Phrase::new("now called ").name(other.clone()),
            Self::Order => Phrase::new("the order of list members"),
        }
    }

    /// Where it stands in the definition, where that is one place.
    pub fn pointer(&self) -> Option<String> {
        match self {
            Self::Hidden { pointer, .. } => Some(pointer.clone()),
            Self::Annotation { hint, .. } | Self::Conflict { hint, .. } => Some(format!("/annotations/{hint}")),
            Self::Edit(edit) => Some(edit.pointer.clone()),
            _ => None,
        }
    }

    /// Order of telling: what explains a change best comes first.
    const fn rank(&self) -> u8 {
        match self {
            Self::Hidden { .. } => 0,
            Self::Annotation { .. } => 1,
            Self::Renamed { .. } => 2,
            Self::Operation { .. } => 3,
            Self::Open { .. } => 4,
            Self::Edit(_) => 5,
            Self::Signal { .. } => 6,
            Self::Conflict { .. } => 7,
            Self::Category { .. } => 8,
            Self::Risk { .. } => 9,
            Self::Decision { .. } => 10,
            Self::Order => 11,
        }
    }
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
    let (pairs, gone, new) = pair(reviewed, listed);
    let mut changes = Vec::new();
    for (was, is) in pairs {
        changes.extend(rules_change(was));
        changes.extend(server_change(was, is));
    }
    let renames = renames(&gone, &new);
    for was in gone {
        let renamed = renames.iter().find(|(old, _)| old.name == was.name);
        changes.push(gone_change(was, renamed.map(|(_, is)| is.assessment.name.as_str())));
    }
    for is in new {
        let renamed = renames
            .iter()
            .find(|(_, new)| new.assessment.name == is.assessment.name);
        changes.push(new_change(is, renamed.map(|(was, _)| was.name.as_str())));
    }
    changes.sort_by(|a, b| {
        let urgency = |c: &Change| std::cmp::Reverse(c.label().map(Label::urgency));
        (a.kind, urgency(a), &a.subject).cmp(&(b.kind, urgency(b), &b.subject))
    });
    changes
}

/// What is told between two sets of facts, judged by the same rules. `after` has the words of what appeared.
pub fn facts(was: &Facts, is: &Facts, after: Option<&Assessment>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut add = |what, effect| reasons.push(Reason { what, effect });
    if was.category != is.category {
        let what = Difference::Category {
            was: was.category,
            is: is.category,
        };
        add(what, rise(is.category > was.category));
    }
    if was.risk != is.risk {
        add(
            Difference::Risk {
                was: was.risk,
                is: is.risk,
            },
            rise(is.risk > was.risk),
        );
    }
    for (parameter, value, old, new) in operations(&was.operations, &is.operations) {
        let what = Difference::Operation {
            parameter,
            value,
            was: old,
            is: new,
        };
        add(what, operation_effect(old, new));
    }
    for (parameter, appeared) in differing(&was.open, &is.open) {
        add(Difference::Open { parameter, appeared }, rise(appeared));
    }
    for (id, appeared) in differing(&was.signals, &is.signals) {
        let signal = after.and_then(|a| a.signals.iter().find(|s| *s.id == *id));
        let what = Difference::Signal {
            title: signal.map(|s| s.title.to_string()).unwrap_or_default(),
            words: signal
                .map(|s| s.evidence.iter().map(|e| e.text.clone()).collect())
                .unwrap_or_default(),
            id,
            appeared,
        };
        add(what, rise(appeared));
    }
    for (hint, appeared) in differing(&was.conflicts, &is.conflicts) {
        let conflict = after.and_then(|a| a.conflicts.iter().find(|c| c.hint == hint));
        let message = conflict.map(|c| c.message.clone()).unwrap_or_default();
        add(
            Difference::Conflict {
                hint,
                message,
                appeared,
            },
            rise(appeared),
        );
    }
    if reasons.is_empty() && was.decision != is.decision {
        let what = Difference::Decision {
            was: was.decision,
            is: is.decision,
        };
        reasons.push(Reason {
            what,
            effect: rise(is.decision > was.decision),
        });
    }
    reasons
}

const fn rise(rose: bool) -> Effect {
    if rose { Effect::Worse } else { Effect::Milder }
}

/// A harmless operation that comes or goes changes nothing that anybody decided.
fn operation_effect(was: Option<Label>, is: Option<Label>) -> Effect {
    let harmless = Label::new(Category::Read, Risk::Low).severity();
    let weight = |label: Option<Label>| label.map_or(harmless, Label::severity);
    match weight(is).cmp(&weight(was)) {
        std::cmp::Ordering::Greater => Effect::Worse,
        std::cmp::Ordering::Less => Effect::Milder,
        std::cmp::Ordering::Equal => Effect::Neutral,
    }
}

type OperationPair = (String, String, Option<Label>, Option<Label>);

fn operations(was: &[Choice], is: &[Choice]) -> Vec<OperationPair> {
    let by_value = |choices: &[Choice]| -> BTreeMap<(String, String), Label> {
        choices
            .iter()
            .map(|c| ((c.parameter.clone(), c.value.clone()), c.label()))
            .collect()
    };
    let (old, new) = (by_value(was), by_value(is));
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).cloned().collect();
    keys.into_iter()
        .map(|key| {
            let (was, is) = (old.get(&key).copied(), new.get(&key).copied());
            (key.0, key.1, was, is)
        })
        .filter(|(_, _, was, is)| was != is)
        .collect()
}

/// Members of only one of two sorted lists, with whether they are in the second.
fn differing(was: &[String], is: &[String]) -> Vec<(String, bool)> {
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (was.iter().collect(), is.iter().collect());
    old.symmetric_difference(&new)
        .map(|item| ((*item).clone(), new.contains(*item)))
        .collect()
}

/// Reviewed and listed tools of one name; then those that only one side has. A name that a server lists
/// several times is paired by definition first, so that a second tool of a known name is a new tool.
type Paired<'r, 'l> = (Vec<(&'r Reviewed, Listed<'l>)>, Vec<&'r Reviewed>, Vec<Listed<'l>>);

fn pair<'r, 'l>(reviewed: &'r [Reviewed], listed: &[Listed<'l>]) -> Paired<'r, 'l> {
    let mut waiting: BTreeMap<&str, Vec<&'r Reviewed>> = BTreeMap::new();
    for tool in reviewed {
        waiting.entry(&tool.name).or_default().push(tool);
    }
    let mut pairs = Vec::new();
    let mut changed = Vec::new();
    for &is in listed {
        let same = waiting.get_mut(is.assessment.name.as_str()).and_then(|tools| {
            let at = tools.iter().position(|was| was.digest == is.assessment.digest)?;
            Some(tools.remove(at))
        });
        match same {
            Some(was) => pairs.push((was, is)),
            None => changed.push(is),
        }
    }
    let mut new = Vec::new();
    for is in changed {
        match waiting
            .get_mut(is.assessment.name.as_str())
            .filter(|tools| !tools.is_empty())
        {
            Some(tools) => pairs.push((tools.remove(0), is)),
            None => new.push(is),
        }
    }
    (pairs, waiting.into_values().flatten().collect(), new)
}

/// Gone and new tools that differ in nothing but their names.
fn renames<'r, 'l>(gone: &[&'r Reviewed], new: &[Listed<'l>]) -> Vec<(&'r Reviewed, Listed<'l>)> {
    let mut found: Vec<(&Reviewed, Listed<'_>)> = Vec::new();
    let only_name = |edit: &Edit| edit.pointer == "/name";
    // Bounded: a server that replaces thousands of tools at once gets no rename hints.
    if gone.len().saturating_mul(new.len()) > 10_000 {
        return found;
    }
    for &was in gone {
        let fits = |is: &&Listed<'_>| {
            !found
                .iter()
                .any(|(_, taken)| taken.assessment.name == is.assessment.name)
                && was.definition.len() > 1
                && edit::edits(&was.definition, is.definition).iter().all(only_name)
        };
        if let Some(is) = new.iter().find(fits) {
            found.push((was, *is));
        }
    }
    found
}

/// The reviewed definition, judged then and now.
fn rules_change(tool: &Reviewed) -> Option<Change> {
    if tool.recorded == tool.judged {
        return None;
    }
    Some(Change {
        subject: Subject::Tool(tool.name.clone()),
        kind: Kind::Rules,
        was: Some(seen(&tool.recorded, &tool.digest)),
        is: Some(seen(&tool.judged, &tool.digest)),
        reasons: told(facts(&tool.recorded, &tool.judged, None)),
        evidence: Vec::new(),
    })
}

/// The definitions of then and now, both judged by today's rules.
fn server_change(was: &Reviewed, is: Listed<'_>) -> Option<Change> {
    if was.digest == is.assessment.digest {
        return None;
    }
    let now = Facts::of(is.assessment);
    let mut reasons = facts(&was.judged, &now, Some(is.assessment));
    for edit in edit::edits(&was.definition, is.definition) {
        let hidden = edit.new_hidden();
        if !hidden.is_empty() {
            let what = Difference::Hidden {
                pointer: edit.pointer.clone(),
                characters: hidden,
            };
            reasons.push(Reason {
                what,
                effect: Effect::Worse,
            });
        }
        reasons.push(annotation(&edit, &was.judged, &now).unwrap_or(Reason {
            what: Difference::Edit(edit),
            effect: Effect::Neutral,
        }));
    }
    if reasons.is_empty() {
        reasons.push(Reason {
            what: Difference::Order,
            effect: Effect::Neutral,
        });
    }
    let has = |effect| reasons.iter().any(|r| r.effect == effect);
    let kind = if has(Effect::Worse) {
        Kind::Worse
    } else if has(Effect::Milder) {
        Kind::Milder
    } else {
        Kind::Wording
    };
    Some(Change {
        subject: Subject::Tool(was.name.clone()),
        kind,
        was: Some(seen(&was.judged, &was.digest)),
        is: Some(seen(&now, &is.assessment.digest)),
        reasons: told(reasons),
        evidence: is.assessment.evidence.clone(),
    })
}

/// What a changed hint means. Clients approve calls by these hints, so a declared value that flips either way
/// is worse, unless it takes back a claim that the definition contradicted. A hint declared for the first
/// time is worse only where it admits more than the label says; a conflict tells when it claims too little.
fn annotation(edit: &Edit, was: &Facts, is: &Facts) -> Option<Reason> {
    let hint = edit.pointer.strip_prefix("/annotations/")?;
    let (old, new) = match &edit.what {
        What::Changed { was, is } => (was.as_bool(), is.as_bool()),
        What::Added(value) => (None, Some(value.as_bool()?)),
        What::Removed(value) => (Some(value.as_bool()?), None),
        _ => return None,
    };
    let honest = was.conflicts.iter().any(|h| h == hint) && !is.conflicts.iter().any(|h| h == hint);
    let safe = |value: bool| value == (hint == "readOnlyHint");
    let effect = match (hint, old, new) {
        ("readOnlyHint" | "destructiveHint" | "openWorldHint", ..) if honest => Effect::Neutral,
        ("readOnlyHint" | "destructiveHint" | "openWorldHint", Some(_), Some(_)) => Effect::Worse,
        ("readOnlyHint" | "destructiveHint", Some(old), None) if safe(old) => Effect::Worse,
        ("readOnlyHint", None, Some(false)) if is.category == Category::Read => Effect::Worse,
        ("destructiveHint", None, Some(true)) if is.category != Category::Destructive => Effect::Worse,
        _ => Effect::Neutral,
    };
    let what = Difference::Annotation {
        hint: hint.to_owned(),
        was: old,
        is: new,
    };
    Some(Reason { what, effect })
}

fn gone_change(was: &Reviewed, renamed: Option<&str>) -> Change {
    let rename = renamed.map(|other| Difference::Renamed {
        other: other.to_owned(),
        reviewed: false,
    });
    Change {
        subject: Subject::Tool(was.name.clone()),
        kind: Kind::Gone,
        was: Some(seen(&was.recorded, &was.digest)),
        is: None,
        reasons: rename.into_iter().map(neutral).collect(),
        evidence: Vec::new(),
    }
}

fn new_change(is: Listed<'_>, renamed: Option<&str>) -> Change {
    let rename = renamed.map(|other| Difference::Renamed {
        other: other.to_owned(),
        reviewed: true,
    });
    let mut reasons: Vec<Reason> = rename.into_iter().map(neutral).collect();
    let now = Facts::of(is.assessment);
    let nothing = Facts {
        category: now.category,
        risk: now.risk,
        decision: now.decision,
        operations: Vec::new(),
        signals: Vec::new(),
        open: Vec::new(),
        conflicts: Vec::new(),
    };
    reasons.extend(facts(&nothing, &now, Some(is.assessment)));
    let mut hidden = Vec::new();
    for edit in edit::edits(&Map::new(), is.definition) {
        let characters = edit.new_hidden();
        if !characters.is_empty() {
            hidden.push(Difference::Hidden {
                pointer: edit.pointer,
                characters,
            });
        }
    }
    reasons.extend(hidden.into_iter().map(neutral));
    Change {
        subject: Subject::Tool(is.assessment.name.clone()),
        kind: Kind::New,
        was: None,
        is: Some(seen(&now, &is.assessment.digest)),
        reasons: told(reasons),
        evidence: is.assessment.evidence.clone(),
    }
}

const fn neutral(what: Difference) -> Reason {
    Reason {
        what,
        effect: Effect::Neutral,
    }
}

fn seen(facts: &Facts, digest: &str) -> Seen {
    Seen {
        label: facts.label(),
        decision: facts.decision,
        digest: digest.to_owned(),
    }
}

/// In the order of telling: what makes it worse first.
fn told(mut reasons: Vec<Reason>) -> Vec<Reason> {
    reasons.sort_by_key(|reason| (reason.effect, reason.what.rank()));
    reasons
}

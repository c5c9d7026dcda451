//! The change that is made of what differs: of rules, of a server's tool, of one that is gone, of a new one. Owns which
//! kind it is and what a changed hint means. Refuses to call anything wording while something speaks for worse.

use serde_json::Map;

use crate::baseline::compare::{Change, Difference, Effect, Kind, Listed, Reason, Reviewed, Seen, Subject, facts};
use crate::baseline::edit::{self, Edit, What};
use crate::baseline::facts::Facts;
use crate::label::Category;

/// The reviewed definition, judged then and now.
pub(super) fn rules(tool: &Reviewed) -> Option<Change> {
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
pub(super) fn server(was: &Reviewed, is: Listed<'_>) -> Option<Change> {
    if was.digest == is.assessment.digest {
        return None;
    }
    let now = Facts::of(is.assessment);
    let mut reasons = facts(&was.judged, &now, Some(is.assessment));
    for edit in edit::edits(&was.definition, &is.definition.to_map()) {
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

pub(super) fn gone(was: &Reviewed, renamed: Option<&str>) -> Change {
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

pub(super) fn new(is: Listed<'_>, renamed: Option<&str>) -> Change {
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
    for edit in edit::edits(&Map::new(), &is.definition.to_map()) {
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

//! What differs between two sets of decided facts, and which way it goes. Owns the direction: more reach is worse, less
//! is milder. Refuses to compare judgements of two rule books as if a server had changed: callers pass facts that
//! the same rules decided, or say that the rules did.

use std::collections::{BTreeMap, BTreeSet};

use crate::assessment::Assessment;
use crate::baseline::compare::{Difference, Effect, Reason};
use crate::baseline::facts::{Choice, Facts};
use crate::label::{Category, Label, Risk};

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

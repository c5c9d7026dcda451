//! Which reviewed tool and which listed one belong together. Owns names that a server lists twice, and renames. Refuses
//! to let a second tool of a known name pass for the reviewed one.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::baseline::compare::{Listed, Reviewed};
use crate::baseline::edit::{self, Edit};

/// Reviewed and listed tools of one name; then those that only one side has. A name that a server lists
/// several times is paired by definition first, so that a second tool of a known name is a new tool.
pub(super) type Paired<'r, 'l> = (Vec<(&'r Reviewed, Listed<'l>)>, Vec<&'r Reviewed>, Vec<Listed<'l>>);

pub(super) fn pair<'r, 'l>(reviewed: &'r [Reviewed], listed: &[Listed<'l>]) -> Paired<'r, 'l> {
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
pub(super) fn renames<'r, 'l>(gone: &[&'r Reviewed], new: &[Listed<'l>]) -> Vec<(&'r Reviewed, Listed<'l>)> {
    let mut found: Vec<(&Reviewed, Listed<'_>)> = Vec::new();
    let only_name = |edit: &Edit| edit.pointer == "/name";
    // Bounded: a server that replaces thousands of tools at once gets no rename hints.
    if gone.len().saturating_mul(new.len()) > 10_000 {
        return found;
    }
    let definitions: Vec<_> = new.iter().map(|is| (is, is.definition.to_map())).collect();
    for &was in gone {
        let fits = |(is, definition): &&(&Listed<'l>, Map<String, Value>)| {
            !found
                .iter()
                .any(|(_, taken)| taken.assessment.name == is.assessment.name)
                && was.definition.len() > 1
                && edit::edits(&was.definition, definition).iter().all(only_name)
        };
        if let Some((is, _)) = definitions.iter().find(fits) {
            found.push((was, **is));
        }
    }
    found
}

//! Properties worth knowing beside the label, each with the words it rests on.

use super::definition::{self, Definition};
use super::verdict::Verdict;
use crate::assessment::Signal;
use crate::manifest::Tool;
use crate::rules::RuleBook;

pub(crate) fn of(book: &RuleBook, definition: &Definition, _verdict: &Verdict, tool: &Tool) -> Vec<Signal> {
    let mut found: Vec<Signal> = Vec::new();
    for (hit, _) in &definition.prose.hits {
        if let Some(index) = hit.signal {
            let rule = &book.signals()[index];
            let evidence = definition::evidence(tool, &hit.rule, &hit.place, None);
            match found.iter_mut().find(|s| s.id == rule.id) {
                Some(signal) => signal.evidence.push(evidence),
                None => found.push(Signal {
                    id: rule.id.clone(),
                    title: rule.title.clone(),
                    evidence: vec![evidence],
                }),
            }
        }
    }
    found
}

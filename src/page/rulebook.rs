//! Where each rule stands in the site's method: the tables of the rule book, cut into pages, so that every page that
//! names a rule can lead to it. Knows places, not looks.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::rules::{Rule, RuleBook, RuleKind};

/// A table of the book.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// What rules stand in it.
    pub kind: RuleKind,
    /// The name of its files.
    pub file: &'static str,
    /// Its heading.
    pub heading: &'static str,
    /// What it is, in a sentence.
    pub says: &'static str,
}

/// Every table.
pub const TABLES: [Table; 6] = [
    Table {
        kind: RuleKind::Verb,
        file: "verb",
        heading: "Verbs",
        says: "What a verb does when nothing about its object says otherwise.",
    },
    Table {
        kind: RuleKind::Pair,
        file: "pair",
        heading: "Verbs with their objects",
        says: "What a verb does to a kind of thing: deleting a label is not deleting a host.",
    },
    Table {
        kind: RuleKind::Phrase,
        file: "phrase",
        heading: "Phrases",
        says: "Turns of phrase that change what a sentence says.",
    },
    Table {
        kind: RuleKind::Param,
        file: "param",
        heading: "Parameters",
        says: "What the names and types of parameters tell.",
    },
    Table {
        kind: RuleKind::Ground,
        file: "ground",
        heading: "Grounds of signals",
        says: "What raises a signal: words, operations, parameters, and what no honest definition has.",
    },
    Table {
        kind: RuleKind::Word,
        file: "word",
        heading: "Words by themselves",
        says: "Words that settle what the rules leave open: where they stand, and those that say most.",
    },
];

/// Words of a rule that are shown.
pub const WORDS: usize = 160;
/// Bytes of rules on one page.
const PAGE: usize = 24_000;

/// The rules of a table, in the order of the book, a list for each page; one page where there is none.
pub fn pages<'a>(book: &'a RuleBook, table: &Table) -> Vec<Vec<&'a Rule>> {
    let mut pages: Vec<Vec<&Rule>> = vec![Vec::new()];
    let mut used = 0;
    for rule in book.rules().iter().filter(|rule| rule.kind == table.kind) {
        let size = size(rule);
        if used + size > PAGE && used > 0 {
            pages.push(Vec::new());
            used = 0;
        }
        used += size;
        if let Some(page) = pages.last_mut() {
            page.push(rule);
        }
    }
    pages
}

/// The file of a page of a table, counted from one.
pub fn file(table: &Table, number: usize) -> String {
    match number {
        0 | 1 => format!("{}.html", table.file),
        n => format!("{}.{n}.html", table.file),
    }
}

/// The place of each rule: `pair.2.html#pair-soft`.
pub fn places(book: &RuleBook) -> FxHashMap<Arc<str>, String> {
    let mut places = FxHashMap::default();
    for table in &TABLES {
        for (number, rules) in (1..).zip(pages(book, table)) {
            let file = file(table, number);
            let place = |rule: &Rule| (Arc::clone(&rule.id), format!("{file}#{}", anchor(&rule.id)));
            places.extend(rules.into_iter().map(place));
        }
    }
    places
}

/// The name of a rule's place on its page.
pub fn anchor(id: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    id.chars().map(plain).collect()
}

/// About what a rule takes on a page.
fn size(rule: &Rule) -> usize {
    let texts = rule.words.iter().take(WORDS).chain(&rule.matches).chain(&rule.misses);
    600 + rule.why.len() + texts.map(|t| t.len() + 14).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_of_the_book_has_a_place_of_its_own() {
        let book = RuleBook::embedded().expect("the embedded book");
        let places = places(&book);
        assert_eq!(places.len(), book.rules().len());
        let mut all: Vec<&String> = places.values().collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), places.len(), "two rules at one place");
        assert!(places["bulk/all"].starts_with("ground"), "{}", places["bulk/all"]);
    }
}

//! Fits the table of words: which words of labelled tools go with which label, each for itself and by where it stands.
//! Knows tools by their words alone ([`Told`]), so that what it was fitted on can be kept without anybody's sentences.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::fit::{Point, descend};
use crate::label::Category;
use crate::rules::weights::Row;
use crate::rules::words::{Stand, WordTable};

/// A labelled tool by its words: a line of a file of facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// The server, for folds.
    pub server: String,
    /// The tool's name.
    pub tool: String,
    /// The digest of its definition.
    pub digest: String,
    /// The label.
    pub category: Category,
    /// Further categories that careful people defend.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_ok: Vec<Category>,
    /// Its words, each once, by the place where they stand.
    pub words: BTreeMap<Stand, BTreeSet<String>>,
}

impl Told {
    /// Every word with its place.
    pub fn each(&self) -> impl Iterator<Item = (Stand, &str)> {
        let words = self.words.iter();
        words.flat_map(|(stand, words)| words.iter().map(move |word| (*stand, word.as_str())))
    }
}

/// How strongly weights are drawn to nothing.
const PULL: f64 = 0.5;
/// Steps of gradient descent.
const STEPS: usize = 300;

/// The words that tools of two servers have: one server's are its own.
pub fn shared<'a>(told: impl IntoIterator<Item = &'a Told>) -> BTreeSet<(Stand, &'a str)> {
    let mut first: BTreeMap<(Stand, &str), &str> = BTreeMap::new();
    let mut shared = BTreeSet::new();
    for tool in told {
        for word in tool.each() {
            if *first.entry(word).or_insert(&tool.server) != tool.server {
                shared.insert(word);
            }
        }
    }
    shared
}

/// Fits the table; the order of the tools does not matter.
pub fn fit(told: &[&Told]) -> WordTable {
    let mut told = told.to_vec();
    told.sort_by_key(|tool| (&tool.server, &tool.digest));
    let words: Vec<(Stand, &str)> = shared(told.iter().copied()).into_iter().collect();
    let always = words.len();
    let points: Vec<Point> = told
        .iter()
        .map(|tool| {
            let known = tool.each().filter_map(|word| words.binary_search(&word).ok());
            Point {
                fired: known.chain([always]).collect(),
                category: tool.category,
                weight: if tool.also_ok.is_empty() { 1.0 } else { 0.5 },
            }
        })
        .collect();
    let mut pulls = vec![PULL; words.len() + 1];
    pulls[always] = 0.01;
    let nothing = vec![[0.0; 4]; pulls.len()];
    let weights = descend(&points, &nothing, &pulls, STEPS);
    let row = |index: usize| -> Row { weights[index].map(|weight| (weight * 100.0).round() as i32) };
    let rows = words.iter().enumerate();
    let rows = rows.map(|(index, (stand, word))| ((*stand, (*word).to_owned()), row(index)));
    WordTable {
        always: row(always),
        // What rounds to nothing says nothing.
        rows: rows.filter(|(_, row)| *row != [0; 4]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(server: &str, tool: &str, category: Category) -> Told {
        let words = tool.split('_').map(str::to_owned).collect();
        Told {
            server: server.to_owned(),
            tool: tool.to_owned(),
            digest: format!("sha256:{tool}"),
            category,
            also_ok: Vec::new(),
            words: BTreeMap::from([(Stand::Name, words)]),
        }
    }

    #[test]
    fn a_word_of_two_servers_leans_to_its_label_and_one_of_a_single_server_is_left_out() {
        let tools = [
            told("one", "zorch_a", Category::Execute),
            told("two", "zorch_b", Category::Execute),
            told("one", "look_a", Category::Read),
            told("two", "look_b", Category::Read),
            told("one", "alone_a", Category::Write),
            told("one", "alone_c", Category::Write),
        ];
        let table = fit(&tools.iter().collect::<Vec<_>>());
        let words: Vec<&str> = table.rows.keys().map(|(_, word)| word.as_str()).collect();
        assert_eq!(words, ["look", "zorch"]);
        let row = table.rows[&(Stand::Name, "zorch".to_owned())];
        assert!(row[2] > row[0] && row[2] > row[1] && row[2] > row[3], "{row:?}");
        assert_eq!(table, fit(&tools.iter().rev().collect::<Vec<_>>()), "in another order");
    }
}

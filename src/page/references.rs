//! Incidents, advisories and identifiers that a page cites, from `src/page/references.toml`: facts with a year and a
//! source, and the tools they apply to. Owns the choice; the texts are data. The classifier never sees them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::assessment::Assessment;
use crate::label::{Category, Risk};

/// What a reference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Something that happened, or was shown to work.
    Incident,
    /// A published vulnerability.
    Advisory,
    /// An entry of a taxonomy.
    Taxonomy,
}

/// One fact with its source.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Stable id.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// One line.
    pub title: String,
    /// When it happened or was published.
    pub year: u16,
    /// What happened, in our words.
    pub says: String,
    /// Where it is told.
    pub source: String,
    /// CVE, ATLAS, OWASP and CWE ids.
    #[serde(default)]
    pub identifiers: Vec<String>,
    /// Applies to these; to all where there is none.
    #[serde(default)]
    pub categories: Vec<Category>,
    /// Applies to these; to all where there is none.
    #[serde(default)]
    pub risks: Vec<Risk>,
    /// With `words`: at least one must be there, where any is named.
    #[serde(default)]
    pub signals: Vec<String>,
    /// Words of the tool's or the server's name.
    #[serde(default)]
    pub words: Vec<String>,
    /// Orders what fits equally well.
    #[serde(default)]
    weight: i32,
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "schema")]
    _schema: u8,
    reference: Vec<Reference>,
}

/// The embedded file.
static ALL: LazyLock<Vec<Reference>> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("references.toml")).expect("a tested, embedded file");
    file.reference
});

/// Incidents and advisories that a page shows at most; what a reader skips helps nobody.
const MOST_STORIES: usize = 4;
/// Taxonomy entries that a page shows at most.
const MOST_IDS: usize = 5;

/// Every reference, in the order of the file.
pub fn all() -> &'static [Reference] {
    &ALL
}

/// The references that fit a tool best: stories first, then taxonomies.
pub fn of(assessment: &Assessment, server: &str) -> Vec<&'static Reference> {
    let words: BTreeSet<String> = words(&assessment.name)
        .into_iter()
        .chain(words_of_server(server))
        .collect();
    let own: BTreeSet<String> = self::words(&assessment.name).into_iter().collect();
    let mut fitting: Vec<(i32, &Reference)> = ALL
        .iter()
        .filter_map(|reference| Some((reference.fit(assessment, &own, &words)?, reference)))
        .collect();
    fitting.sort_by(|(a, one), (b, other)| {
        b.cmp(a)
            .then_with(|| other.year.cmp(&one.year))
            .then_with(|| one.id.cmp(&other.id))
    });
    let take = |taxonomy: bool, most: usize| {
        let of_kind = fitting
            .iter()
            .filter(move |(_, r)| (r.kind == Kind::Taxonomy) == taxonomy);
        of_kind.take(most).map(|(_, reference)| *reference)
    };
    take(false, MOST_STORIES).chain(take(true, MOST_IDS)).collect()
}

impl Reference {
    /// How well it fits; `None` where it does not apply.
    fn fit(&self, assessment: &Assessment, own: &BTreeSet<String>, all: &BTreeSet<String>) -> Option<i32> {
        let applies = (self.categories.is_empty() || self.categories.contains(&assessment.category))
            && (self.risks.is_empty() || self.risks.contains(&assessment.risk));
        let signals = self.signals.iter().filter(|id| assessment.has_signal(id)).count() as i32;
        let named = self.words.iter().filter(|word| own.contains(*word)).count() as i32;
        let near = self.words.iter().filter(|word| all.contains(*word)).count() as i32 - named;
        let conditional = !(self.signals.is_empty() && self.words.is_empty());
        // A word of the server's name alone says what the server is about, not what this tool can do.
        let met = signals > 0 || named > 0 || (near > 0 && assessment.category != Category::Read);
        (applies && (met || !conditional)).then_some(signals * 3 + named * 4 + near + self.weight)
    }
}

/// The lower-case words of an identifier.
pub fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut previous_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && previous_lower) {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        previous_lower = c.is_lowercase() || c.is_numeric();
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// The words of a server's name that say what it is about.
fn words_of_server(name: &str) -> impl Iterator<Item = String> {
    words(name)
        .into_iter()
        .filter(|word| !matches!(word.as_str(), "mcp" | "server" | "the"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_is_whole_and_told_apart() {
        let ids: BTreeSet<&str> = all().iter().map(|r| r.id.as_str()).collect();
        assert_eq!(ids.len(), all().len());
        let book = crate::rules::RuleBook::embedded().expect("the embedded book");
        for reference in all() {
            assert!(reference.source.starts_with("https://"), "{}", reference.id);
            assert!((2000..2030).contains(&reference.year), "{}", reference.id);
            for signal in &reference.signals {
                let known = book.signals().iter().any(|s| &*s.id == signal);
                assert!(known, "{}: there is no signal {signal}", reference.id);
            }
            for word in &reference.words {
                assert_eq!(words(word), [word.as_str()], "{}", reference.id);
            }
        }
    }

    #[test]
    fn names_come_apart_into_words() {
        assert_eq!(words("deleteDBVolume_v2"), ["delete", "dbvolume", "v2"]);
        assert_eq!(words("../.."), Vec::<String>::new());
    }
}

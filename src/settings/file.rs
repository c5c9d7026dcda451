//! The layout of `mcpclass.toml`. Every table refuses keys that it does not know, with the place and the key that
//! was probably meant; values become domain types at once.

use std::path::Path;

use serde::{Deserialize, Deserializer};

use crate::error::Error;
use crate::label::{Category, Decision, Label, Risk};
use crate::policy::decide::Override;
use crate::text::{excerpt, suggest};

/// The whole file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which label gets which decision, and decisions for single tools.
    #[serde(default)]
    pub decisions: Decisions,
    /// Findings that a person accepted.
    #[serde(default)]
    pub accept: Vec<AcceptEntry>,
}

/// `[decisions]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decisions {
    /// Reads.
    #[serde(default)]
    pub read: ReadCells,
    /// Writes.
    #[serde(default)]
    pub write: ChangeCells,
    /// What makes something act.
    #[serde(default)]
    pub execute: ChangeCells,
    /// What ends something.
    #[serde(default)]
    pub destructive: ChangeCells,
    /// Calls a minute where the decision is to limit.
    #[serde(default)]
    pub rate: Rates,
    /// Decisions for single tools.
    #[serde(default)]
    pub tool: Vec<ToolEntry>,
}

/// Decisions about reads, by risk.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ReadCells {
    pub low: Option<Decision>,
    pub medium: Option<Decision>,
    pub critical: Option<Decision>,
}

/// Decisions about one of the other categories, which are never of low risk.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ChangeCells {
    pub medium: Option<Decision>,
    pub critical: Option<Decision>,
}

/// `[decisions.rate]`: calls a minute.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Rates {
    pub read: Option<u32>,
    pub write: Option<u32>,
    pub execute: Option<u32>,
    pub destructive: Option<u32>,
}

/// `[[decisions.tool]]`: a person's decision for one tool, with the reason that every output shows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolEntry {
    /// The server's name; every server's tool of that name where it is left out.
    pub server: Option<String>,
    /// The tool's exact name.
    pub tool: String,
    /// What to do with it.
    pub decision: Decision,
    /// Why.
    #[serde(deserialize_with = "reason")]
    pub reason: String,
}

/// `[[accept]]`: a finding that a person accepted, as written; `check` gives it its meaning.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptEntry {
    /// The rule or finding that is accepted; every one where it is left out.
    #[serde(alias = "finding")]
    pub rule: Option<String>,
    /// The server's name.
    pub server: Option<String>,
    /// The tool's exact name.
    pub tool: Option<String>,
    /// The definition that was looked at: another one is not accepted.
    pub digest: Option<String>,
    /// Why.
    #[serde(deserialize_with = "reason")]
    pub reason: String,
    /// The last day on which it counts, `2027-02-01`.
    #[serde(default, deserialize_with = "date_text")]
    pub until: Option<String>,
}

/// Reads the file's text; `path` is for messages.
pub fn parse(text: &str, path: &Path) -> Result<Config, Error> {
    let config: Config = toml::from_str(text).map_err(|error| explain(&error, text, path))?;
    for (category, rate) in config.decisions.rates() {
        if rate == 0 {
            return Err(Error::new(format!(
                "{}: decisions.rate.{} is 0, which would refuse every call",
                path.display(),
                category.name().to_lowercase()
            ))
            .help("decide to deny instead, for example write.medium = \"deny\""));
        }
    }
    Ok(config)
}

impl Decisions {
    /// The cells that the file sets.
    pub fn cells(&self) -> Vec<(Label, Decision)> {
        let read = [
            (Risk::Low, self.read.low),
            (Risk::Medium, self.read.medium),
            (Risk::Critical, self.read.critical),
        ];
        let mut cells: Vec<(Label, Option<Decision>)> = read
            .into_iter()
            .map(|(risk, decision)| (Label::new(Category::Read, risk), decision))
            .collect();
        for (category, set) in [
            (Category::Write, &self.write),
            (Category::Execute, &self.execute),
            (Category::Destructive, &self.destructive),
        ] {
            cells.push((Label::new(category, Risk::Medium), set.medium));
            cells.push((Label::new(category, Risk::Critical), set.critical));
        }
        cells
            .into_iter()
            .filter_map(|(label, d)| d.map(|d| (label, d)))
            .collect()
    }

    /// The rates that the file sets.
    pub fn rates(&self) -> Vec<(Category, u32)> {
        let rates = [
            (Category::Read, self.rate.read),
            (Category::Write, self.rate.write),
            (Category::Execute, self.rate.execute),
            (Category::Destructive, self.rate.destructive),
        ];
        rates
            .into_iter()
            .filter_map(|(c, rate)| rate.map(|rate| (c, rate)))
            .collect()
    }
}

impl From<ToolEntry> for Override {
    fn from(entry: ToolEntry) -> Self {
        Self {
            server: entry.server,
            tool: entry.tool,
            decision: entry.decision,
            reason: entry.reason,
        }
    }
}

/// A reason that says something.
fn reason<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        return Err(serde::de::Error::custom(
            "the reason is empty: say why, for those who come after",
        ));
    }
    Ok(text)
}

/// A date, whether written as TOML's own or as a string.
fn date_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => Ok(Some(text)),
        toml::Value::Datetime(date) => Ok(Some(date.to_string())),
        other => Err(serde::de::Error::custom(format!(
            "a date such as 2027-02-01 is wanted, this is {}",
            other.type_str()
        ))),
    }
}

fn explain(error: &toml::de::Error, text: &str, path: &Path) -> Error {
    let message = error.message();
    let report = excerpt::error_at(&path.display().to_string(), text, error.span(), message);
    match meant(message) {
        Some(word) => report.help(format!("did you mean `{word}`?")),
        None => report,
    }
}

/// The word that an "unknown field" or "unknown variant" message suggests.
fn meant(message: &str) -> Option<&str> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let wrong = quoted.next()?;
    if !message.starts_with("unknown") {
        return None;
    }
    suggest::nearest(wrong, quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, Error> {
        parse(text, Path::new("mcpclass.toml"))
    }

    #[test]
    fn a_whole_file_is_read() {
        let config = read(
            r#"
            [decisions]
            read.low = "limit"
            destructive.critical = "deny"
            [decisions.rate]
            write = 5
            [[decisions.tool]]
            server = "notes"
            tool = "delete_notebook"
            decision = "ask"
            reason = "the owner wants it"
            [[accept]]
            finding = "verb/delete"
            tool = "delete_notebook"
            reason = "reviewed"
            until = 2027-02-01
            "#,
        )
        .expect("valid");
        assert_eq!(config.decisions.cells().len(), 2);
        assert_eq!(config.decisions.rates(), [(Category::Write, 5)]);
        assert_eq!(config.decisions.tool[0].decision, Decision::Ask);
        assert_eq!(config.accept[0].until.as_deref(), Some("2027-02-01"));
        assert_eq!(config.accept[0].rule.as_deref(), Some("verb/delete"));
    }

    #[test]
    fn a_slip_is_placed_and_corrected() {
        let error = read("[decisions]\nread.low = \"alow\"\n")
            .expect_err("a typo")
            .to_string();
        assert!(error.contains("mcpclass.toml:2:12"), "{error}");
        assert!(error.contains("did you mean `allow`?"), "{error}");
        let error = read("[decision]\n").expect_err("a typo").to_string();
        assert!(error.contains("did you mean `decisions`?"), "{error}");
        let error = read("[decisions]\nwrite.low = \"allow\"\n")
            .expect_err("no such cell")
            .to_string();
        assert!(error.contains("medium"), "{error}");
    }

    #[test]
    fn a_decision_for_a_tool_needs_a_reason() {
        let entry = "[[decisions.tool]]\ntool = \"x\"\ndecision = \"allow\"\n";
        let error = read(entry).expect_err("no reason").to_string();
        assert!(error.contains("reason"), "{error}");
        assert!(read(&format!("{entry}reason = \" \"\n")).is_err());
        assert!(read("[decisions.rate]\nwrite = 0\n").is_err());
    }
}

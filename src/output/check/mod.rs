//! Reports of `mcpclass check`, a file a format, each a pure function of [`crate::baseline::check::Check`].

pub mod json;
pub mod markdown;
pub mod table;

use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum as _;

use crate::baseline::check::Check;
use crate::output::finding::{Finding, RuleInfo};
use crate::output::{github, junit, sarif};

/// The formats of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people: what got worse first
    Table,
    /// The `mcpclass-check/1` document
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// A pull request comment or a step summary
    Markdown,
    /// JUnit XML
    Junit,
}

/// `FORMAT=FILE`: a report and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// How it is written.
    pub format: Format,
    /// Where.
    pub file: PathBuf,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = text.split_once('=').ok_or("not of the form FORMAT=FILE")?;
        if file.is_empty() {
            return Err("no file after the equals sign".to_owned());
        }
        let known: Vec<String> = Format::value_variants()
            .iter()
            .filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()))
            .collect();
        Ok(Self {
            format: Format::from_str(format, false)
                .map_err(|_| format!("{format:?} is none of {}", known.join(", ")))?,
            file: PathBuf::from(file),
        })
    }
}

/// The report in a format. `findings` are those of the check, with their places; `rules` describe them.
pub fn render(check: &Check, findings: &[Finding], rules: &[RuleInfo], format: Format) -> String {
    match format {
        Format::Table => table::render(check),
        Format::Json => json::render(check),
        Format::Sarif => sarif::render(findings, rules, "check"),
        Format::Github => github::render(findings),
        Format::Markdown => markdown::render(check),
        Format::Junit => junit::render(check, findings),
    }
}

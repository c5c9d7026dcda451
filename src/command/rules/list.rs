//! `mcpclass rules list`.

use std::io::Write as _;

use crate::error::{Outcome, Result};
use crate::rules::RuleBook;

/// Arguments of `mcpclass rules list`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: &Args, book: &RuleBook) -> Result<Outcome> {
    let mut out = std::io::stdout().lock();
    for rule in book.rules() {
        let effect = rule.effect.map_or_else(
            || "-".to_owned(),
            |e| e.label().map_or_else(|| "no telling".to_owned(), |l| l.to_string()),
        );
        writeln!(out, "{:<28} {:<22} {}", rule.id, effect, rule.why)?;
    }
    Ok(Outcome::Done)
}

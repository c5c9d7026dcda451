//! `mcpclass scan`.

use std::io::Write as _;

use crate::cli::Global;
use crate::error::{Error, Outcome, Result};
use crate::report::{Assessed, Report};
use crate::settings::Settings;
use crate::source::{self, SourceArgs};

/// Arguments of `mcpclass scan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    source: SourceArgs,
}

/// Lists, classifies, recommends.
pub fn run(args: &Args, global: &Global) -> Result<Outcome> {
    let settings = Settings::load(global)?;
    let classifier = settings.classifier(global)?;
    let collected = source::collect(&args.source, global)?;
    let servers: Vec<Assessed> = collected
        .manifests
        .into_iter()
        .map(|m| classifier.assess_all(m))
        .collect();
    let report = Report::new(&servers, classifier.rules_digest());
    let text = serde_json::to_string_pretty(&report).map_err(|e| Error::new(e.to_string()))?;
    writeln!(std::io::stdout(), "{text}")?;
    for failure in &collected.failures {
        let _ = writeln!(anstream::stderr(), "error: {}", failure.error);
    }
    Ok(if collected.failures.is_empty() {
        Outcome::Done
    } else {
        Outcome::Partial
    })
}

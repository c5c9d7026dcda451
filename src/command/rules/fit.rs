//! `mcpclass rules fit`: reproduces `rules/weights.toml` from labelled tools.

use std::io::Write as _;
use std::path::PathBuf;

use crate::classify::{Annotations, Classifier};
use crate::command::eval;
use crate::error::{Outcome, Result};
use crate::eval::fit;
use crate::policy::decide::DecisionTable;
use crate::rules::RuleBook;

/// Arguments of `mcpclass rules fit`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  mcpclass --rules rules rules fit labels.jsonl fixtures/labelled -o rules/weights.toml")]
pub(super) struct Args {
    /// Labelled tools
    #[arg(required = true)]
    labels: Vec<PathBuf>,
    /// Where to write; stdout when absent
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Folds by which the temperature is found
    #[arg(long, default_value_t = 10)]
    folds: usize,
}

pub(super) fn run(args: &Args, book: RuleBook) -> Result<Outcome> {
    let labelled = eval::read(&args.labels)?;
    let classifier = Classifier::new(book, DecisionTable::default(), Annotations::Hide);
    let samples = eval::samples(&labelled, &classifier);
    let mut scored = Vec::with_capacity(samples.len());
    fit::cross_validate(&samples, args.folds, |held, weights| {
        scored.extend(
            held.iter()
                .map(|i| (weights.scores(&samples[*i].features), samples[*i].category)),
        );
    });
    let temperature = fit::temperature(&scored);
    let weights = fit::fit(&samples);
    let text = format!(
        "# The scorecard, in hundredths of a nat: what each feature adds to [Read, Write, Execute, Destructive].\n\
         # Made by `mcpclass rules fit` from {} labelled tools; features that never fired keep what the guide says of them.\n\
         schema = 1\n\n[calibration]\ntemperature = {temperature}\nforced = 800\n\n{}",
        labelled.len(),
        weights.to_toml()
    );
    match &args.output {
        Some(path) => crate::fsio::write_atomic(path, text.as_bytes())?,
        None => std::io::stdout().write_all(text.as_bytes())?,
    }
    Ok(Outcome::Done)
}

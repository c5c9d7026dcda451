//! `mcpclass rules fit`: reproduces `rules/weights.toml` and `rules/words.tsv` from labelled tools.

use std::path::PathBuf;

use super::facts;
use crate::classify::{Annotations, Classifier};
use crate::command::eval;
use crate::error::{Outcome, Result};
use crate::eval::fit::{self, Fitted};
use crate::eval::words;
use crate::fsio;
use crate::policy::decide::DecisionTable;
use crate::rules::RuleBook;

/// Arguments of `mcpclass rules fit`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  mcpclass --rules rules rules fit labels.jsonl fixtures/labelled --facts fixtures/facts.jsonl \\
    --definitions servers.jsonl -o rules")]
pub(super) struct Args {
    /// Labelled tools, on which both are fitted
    #[arg(required = true)]
    labels: Vec<PathBuf>,
    /// Labelled tools by their words alone, on which the table of words is fitted as well
    #[arg(long, value_name = "FILE")]
    facts: Vec<PathBuf>,
    /// Manifests with the definitions of such tools, on which both are fitted then
    #[arg(long, value_name = "FILE", requires = "facts")]
    definitions: Vec<PathBuf>,
    /// Where to write weights.toml and words.tsv
    #[arg(long, short, value_name = "FOLDER")]
    output: PathBuf,
    /// Folds by which the temperature is found
    #[arg(long, default_value_t = 10)]
    folds: usize,
}

pub(super) fn run(args: &Args, book: RuleBook) -> Result<Outcome> {
    let mut labelled = eval::read(&args.labels)?;
    let defined = facts::defined(&labelled, &args.facts, &args.definitions)?;
    labelled.extend(defined);
    let classifier = Classifier::new(book, DecisionTable::default(), Annotations::Hide);
    let samples = eval::samples(&labelled, &classifier);
    let told = facts::told(&labelled, &classifier, &args.facts)?;
    let mut scored = Vec::with_capacity(samples.len());
    fit::cross_validate(&samples, &told, args.folds, |held, Fitted { weights, words }| {
        let of = |index: &usize| (samples[*index].scores(&weights, &words), samples[*index].category);
        scored.extend(held.iter().map(of));
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
    fsio::write_atomic(&args.output.join("weights.toml"), text.as_bytes())?;
    let words = words::fit(&told.iter().collect::<Vec<_>>());
    let text = format!(
        "# What words say by themselves, in hundredths of a nat, by where they stand: Read, Write, Execute, Destructive.\n\
         # Made by `mcpclass rules fit` from the words of {} labelled tools; a word of one server alone says nothing.\n{}",
        told.len(),
        words.to_tsv()
    );
    fsio::write_atomic(&args.output.join("words.tsv"), text.as_bytes())?;
    Ok(Outcome::Done)
}

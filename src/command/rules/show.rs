//! `mcpclass rules show ID`.

use std::io::Write as _;
use std::path::PathBuf;

use crate::classify::{Annotations, Classifier};
use crate::cli::Global;
use crate::error::{Error, Outcome, Result};
use crate::policy::decide::DecisionTable;
use crate::rules::RuleBook;
use crate::source::{self, SourceArgs};
use crate::text::escape::one_line;

/// Arguments of `mcpclass rules show`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The rule's id, as evidence has it
    id: String,
    /// Manifests in which its hits are counted and shown
    #[arg(long, value_name = "FILE")]
    corpus: Vec<PathBuf>,
}

pub(super) fn run(args: &Args, book: RuleBook) -> Result<Outcome> {
    let Some(rule) = book.rules().iter().find(|r| *r.id == *args.id).cloned() else {
        return Err(Error::new(format!("there is no rule {:?}", args.id)).help("mcpclass rules list"));
    };
    let mut out = std::io::stdout().lock();
    let says = rule
        .effect
        .and_then(crate::effect::Effect::label)
        .map_or_else(|| "nothing by itself".to_owned(), |l| l.to_string());
    writeln!(
        out,
        "{}\n  says      {says}\n  because   {}\n  in        rules/{}",
        rule.id, rule.why, rule.file
    )?;
    writeln!(out, "  words     {}", rule.words.join(", "))?;
    writeln!(
        out,
        "  match     {}\n  miss      {}",
        rule.matches.join(" | "),
        rule.misses.join(" | ")
    )?;
    if args.corpus.is_empty() {
        return Ok(Outcome::Done);
    }
    let classifier = Classifier::new(book, DecisionTable::default(), Annotations::Hide);
    let servers = args.corpus.iter().map(|p| p.display().to_string()).collect();
    let collected = source::collect(
        &SourceArgs {
            servers,
            ..SourceArgs::default()
        },
        &Global::default(),
    )?;
    let mut hits = 0;
    for manifest in &collected.manifests {
        for tool in &manifest.tools {
            for evidence in classifier.fired(tool).iter().filter(|e| e.rule == rule.id) {
                hits += 1;
                writeln!(
                    out,
                    "  hit       {} {} {:?}",
                    one_line(tool.name()),
                    evidence.pointer,
                    one_line(&evidence.text)
                )?;
            }
        }
    }
    writeln!(out, "  {hits} hits in {} servers", collected.manifests.len())?;
    Ok(Outcome::Done)
}

//! `mcpclass rules facts`: labelled tools by their words alone, on which the table of words is fitted. Nothing that
//! anybody wrote can be read in them: a tool's words stand in the order of the alphabet, and those that only one server
//! has are left out.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;

use rustc_hash::FxHashMap;

use crate::classify::{Annotations, Classifier};
use crate::cli::Global;
use crate::command::eval;
use crate::digest;
use crate::error::{Error, Outcome, Result};
use crate::eval::Labelled;
use crate::eval::words::{self, Told};
use crate::fsio;
use crate::policy::decide::DecisionTable;
use crate::rules::RuleBook;
use crate::source::{self, SourceArgs};

/// Arguments of `mcpclass rules facts`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  mcpclass rules facts labels.jsonl --facts fixtures/facts.jsonl -o fixtures/facts.jsonl")]
pub(super) struct Args {
    /// Labelled tools
    #[arg(required = true)]
    labels: Vec<PathBuf>,
    /// Facts of further tools, which are kept
    #[arg(long, value_name = "FILE")]
    facts: Vec<PathBuf>,
    /// Where to write; stdout when absent
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &Args, book: RuleBook) -> Result<Outcome> {
    let classifier = Classifier::new(book, DecisionTable::default(), Annotations::Hide);
    let mut told = told(&eval::read(&args.labels)?, &classifier, &args.facts)?;
    told.sort_by(|a, b| (&a.server, &a.tool, &a.digest).cmp(&(&b.server, &b.tool, &b.digest)));
    let shared: BTreeSet<_> = words::shared(&told)
        .into_iter()
        .map(|(stand, word)| (stand, word.to_owned()))
        .collect();
    let mut text = String::new();
    for tool in &mut told {
        for (stand, words) in &mut tool.words {
            words.retain(|word| shared.contains(&(*stand, word.clone())));
        }
        tool.words.retain(|_, words| !words.is_empty());
        text.push_str(&serde_json::to_string(tool).map_err(|e| Error::new(e.to_string()))?);
        text.push('\n');
    }
    match &args.output {
        Some(path) => fsio::write_atomic(path, text.as_bytes())?,
        None => std::io::stdout().write_all(text.as_bytes())?,
    }
    Ok(Outcome::Done)
}

/// The words of labelled tools, and those in files of facts; a definition that stands in both counts once.
pub(crate) fn told(labelled: &[Labelled], classifier: &Classifier, files: &[PathBuf]) -> Result<Vec<Told>> {
    let mut all: Vec<Told> = Vec::new();
    let mut known = BTreeSet::new();
    for entry in labelled {
        let digest = digest::of_tool(&entry.tool);
        if !known.insert((entry.server.clone(), digest.clone())) {
            continue;
        }
        let mut told = Told {
            server: entry.server.clone(),
            tool: entry.tool.name().to_owned(),
            digest,
            category: entry.category,
            also_ok: entry.also_ok.clone(),
            words: std::collections::BTreeMap::default(),
        };
        for (stand, word) in classifier.words(&entry.tool) {
            told.words.entry(stand).or_default().insert(word);
        }
        all.push(told);
    }
    let new = |told: &Told| known.insert((told.server.clone(), told.digest.clone()));
    all.extend(read(files)?.into_iter().filter(new));
    Ok(all)
}

/// Reads files of facts.
fn read(files: &[PathBuf]) -> Result<Vec<Told>> {
    let mut all = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(path).map_err(|e| Error::io("cannot read", path, &e))?;
        for (number, line) in (1..).zip(text.lines()) {
            let told = serde_json::from_str(line);
            all.push(told.map_err(|e| Error::new(format!("{}:{number}: {e}", path.display())))?);
        }
    }
    Ok(all)
}

/// The definitions that facts are known of, found in manifests by their digests; none that stands among `labelled`.
pub(crate) fn defined(labelled: &[Labelled], files: &[PathBuf], manifests: &[PathBuf]) -> Result<Vec<Labelled>> {
    if manifests.is_empty() {
        return Ok(Vec::new());
    }
    let facts = read(files)?;
    let facts: FxHashMap<&str, &Told> = facts.iter().map(|told| (told.digest.as_str(), told)).collect();
    let mut known: BTreeSet<String> = labelled.iter().map(|entry| digest::of_tool(&entry.tool)).collect();
    let servers = manifests.iter().map(|path| path.display().to_string()).collect();
    let source = SourceArgs {
        servers,
        ..SourceArgs::default()
    };
    let mut found = Vec::new();
    for tool in source::collect(&source, &Global::default())?
        .manifests
        .into_iter()
        .flat_map(|m| m.tools)
    {
        let digest = digest::of_tool(&tool);
        if let Some(told) = facts.get(digest.as_str())
            && known.insert(digest)
        {
            found.push(Labelled {
                id: tool.name().to_owned(),
                server: told.server.clone(),
                tool,
                category: told.category,
                risk: None,
                also_ok: told.also_ok.clone(),
            });
        }
    }
    Ok(found)
}

//! `mcpclass show`: a server or a tool of the catalogue, as a scan of it would print it.

use std::io::Write as _;

use crate::catalogue::place::CatalogueArgs;
use crate::catalogue::record::{Change, Record};
use crate::cli::Global;
use crate::error::{Error, Outcome, Result};
use crate::label::Label;
use crate::output::place::Places;
use crate::output::{Context, Format, Rows, json};
use crate::report::Assessed;
use crate::settings::Settings;
use crate::text::escape::one_line;
use crate::text::suggest;
use crate::ui;

/// Changes of a server that its table shows.
const CHANGES: usize = 10;

/// Arguments of `mcpclass show`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A server's name, its origin, or a part of its name; with `/TOOL` behind it, one tool
    #[arg(value_name = "SERVER[/TOOL]")]
    what: String,
    #[command(flatten)]
    catalogue: CatalogueArgs,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: Format,
    /// Show every tool in the table, not only the worst
    #[arg(long, help_heading = "Output")]
    all: bool,
}

/// Shows.
pub fn run(args: &Args, global: &Global) -> Result<Outcome> {
    let store = args.catalogue.open()?;
    let records = match store.find(&args.what) {
        Ok(records) => Ok(records),
        Err(none) => match tool(&args.what, |server| store.find(server)) {
            Some(found) => found,
            None => Err(none),
        },
    }?;
    if let [first, second, ..] = records.as_slice()
        && args.format == Format::Table
    {
        let exact = |record: &Record| record.assessed.manifest.server.name == args.what;
        if !exact(first) && !args.all && !exact(second) {
            return list(&records);
        }
    }
    let classifier = Settings::load(global)?.classifier(global)?;
    let servers: Vec<Assessed> = records.iter().map(|record| record.assessed.clone()).collect();
    let mut out = Vec::new();
    if let ([Assessed { assessments, .. }], true) = (servers.as_slice(), args.format == Format::Table)
        && args.what.contains('/')
        && let [only] = assessments.as_slice()
        && args.what.ends_with(&format!("/{}", only.name))
    {
        one_tool(&servers[0], &mut out)?;
    } else {
        let context = Context {
            classifier: &classifier,
            rows: if args.all { Rows::All } else { Rows::Worst },
            width: ui::width(),
            servers: "",
            places: &Places::default(),
            elapsed: None,
        };
        args.format.write(&servers, &context, &mut out)?;
    }
    if args.format == Format::Table {
        for record in &records {
            history(record, &mut out)?;
        }
    }
    ui::print(&out)?;
    Ok(Outcome::Done)
}

/// Reads the last part of `SERVER/TOOL` as a tool; names of servers have slashes of their own.
fn tool(what: &str, find: impl Fn(&str) -> Result<Vec<Record>>) -> Option<Result<Vec<Record>>> {
    for (at, _) in what.rmatch_indices('/') {
        let (server, tool) = (&what[..at], &what[at + 1..]);
        let Ok(mut records) = find(server) else { continue };
        let known: Vec<String> = records
            .iter()
            .flat_map(|record| record.assessed.assessments.iter().map(|a| a.name.clone()))
            .collect();
        for record in &mut records {
            only(record, tool);
        }
        records.retain(|record| !record.assessed.assessments.is_empty());
        if !records.is_empty() {
            return Some(Ok(records));
        }
        let error = Error::nothing(format!("{server} has no tool {tool:?}"));
        return Some(Err(match suggest::nearest(tool, known.iter().map(String::as_str)) {
            Some(near) => error.help(format!("did you mean {near:?}?")),
            None => error.help(format!("its tools: mcpclass show {server} --all")),
        }));
    }
    None
}

/// Leaves one tool in a record.
fn only(record: &mut Record, tool: &str) {
    let assessed = &mut record.assessed;
    let keep: Vec<bool> = assessed.assessments.iter().map(|a| a.name == tool).collect();
    let mut flags = keep.iter();
    assessed.assessments.retain(|_| *flags.next().unwrap_or(&false));
    let mut flags = keep.iter();
    assessed.manifest.tools.retain(|_| *flags.next().unwrap_or(&false));
    record.history.retain(|change| change.tool == tool);
}

/// Several servers of which a part of the name is the same.
fn list(records: &[Record]) -> Result<Outcome> {
    let mut out = Vec::new();
    for record in records {
        let server = &record.assessed.manifest.server;
        let summary = record.assessed.summary();
        writeln!(
            out,
            "{}{}{:#}  {}  {} tools, {} critical",
            ui::STRONG,
            one_line(&server.name),
            ui::STRONG,
            one_line(&server.origin),
            summary.tools,
            summary.risk.critical
        )?;
    }
    writeln!(out, "\nnext  mcpclass show NAME")?;
    ui::print(&out)?;
    Ok(Outcome::Done)
}

/// What was decided about one tool.
fn one_tool(server: &Assessed, out: &mut Vec<u8>) -> Result<()> {
    let Some(tool) = server.assessments.first() else {
        return Ok(());
    };
    let (strong, dim) = (ui::STRONG, ui::DIM);
    let (category, risk) = (ui::category(tool.category), ui::risk(tool.risk));
    writeln!(
        out,
        "{strong}{}{strong:#} · {}   {category}{}{category:#}, {risk}{}{risk:#} · confidence {:.2}",
        one_line(&tool.name),
        one_line(&server.manifest.server.name),
        tool.category,
        tool.risk,
        tool.confidence
    )?;
    if !tool.rationale.is_empty() {
        let width = ui::width().unwrap_or(100).saturating_sub(2).max(20);
        writeln!(out)?;
        for line in crate::text::cells::paragraph(&tool.rationale, width) {
            writeln!(out, "  {line}")?;
        }
    }
    writeln!(out)?;
    let mut row = |label: &str, text: &str| writeln!(out, "  {dim}{label:<10}{dim:#} {text}");
    let words: Vec<String> = tool
        .evidence
        .iter()
        .map(|e| format!("{} in {} ({})", one_line(&e.text), one_line(&e.pointer), e.rule))
        .collect();
    if !words.is_empty() {
        row("words", &words.join("; "))?;
    }
    let signals: Vec<&str> = tool.signals.iter().map(|signal| &*signal.id).collect();
    if !signals.is_empty() {
        row("signals", &signals.join(", "))?;
    }
    let operations: Vec<String> = tool
        .operations
        .iter()
        .map(|o| format!("{}={} {}", one_line(&o.parameter), one_line(&o.value), o.label()))
        .collect();
    if !operations.is_empty() {
        row("operations", &operations.join("; "))?;
    }
    for conflict in &tool.conflicts {
        row("conflict", &one_line(&conflict.message))?;
    }
    row("decision", tool.decision.name())?;
    let mut policy = Vec::new();
    json::compact(&tool.policy, &mut policy)?;
    row("policy", &String::from_utf8_lossy(&policy))?;
    row("digest", &tool.digest)?;
    Ok(())
}

/// What changed since the server was first read.
fn history(record: &Record, out: &mut Vec<u8>) -> Result<()> {
    if let Some(read_at) = record.read_at {
        writeln!(out, "\nread {}", read_at.strftime("%Y-%m-%d"))?;
    }
    for change in record.history.iter().rev().take(CHANGES) {
        writeln!(out, "{}", change_line(change))?;
    }
    if record.history.len() > CHANGES {
        writeln!(out, "… {} earlier changes", record.history.len() - CHANGES)?;
    }
    Ok(())
}

/// A change on one line.
pub(super) fn change_line(change: &Change) -> String {
    let day = change.at.strftime("%Y-%m-%d");
    let label = |label: Option<Label>| label.map_or_else(|| "nothing".to_owned(), |label| label.to_string());
    let what = match (change.was, change.is) {
        (None, Some(is)) => format!("new: {is}"),
        (Some(was), None) => format!("gone: {was}"),
        (was, is) if was == is => format!("definition changed, still {}", label(is)),
        (was, is) => format!("{} → {}", label(was), label(is)),
    };
    let why = if change.by_rules { " (the rules changed)" } else { "" };
    format!("{day}  {}  {what}{why}", one_line(&change.tool))
}

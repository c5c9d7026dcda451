//! `mcpclass stats`: what the catalogue holds, counted.

use std::io::Write as _;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::Serialize;

use crate::catalogue::ask::{Count, FailureRow, ServerChange, ServerCount, Stats};
use crate::catalogue::place::CatalogueArgs;
use crate::cli::Global;
use crate::command::search::AnswerFormat;
use crate::command::show::change_line;
use crate::error::{Outcome, Result};
use crate::label::Label;
use crate::output::json;
use crate::report::SCHEMA;
use crate::text::cells;
use crate::text::escape::one_line;
use crate::ui;

/// Arguments of `mcpclass stats`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    catalogue: CatalogueArgs,
    /// Also what changed from a day or a time on: 2027-01-31, 2027-01-31T12:00:00Z, or a number of days back, 7d
    #[arg(long, value_name = "DATE", value_parser = since)]
    since: Option<Timestamp>,
    /// Also the sources that could not be read, each with its reason
    #[arg(long)]
    failures: bool,
    /// Servers and changes to list
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Output")]
    limit: u32,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: AnswerFormat,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    #[serde(flatten)]
    stats: &'a Stats,
    changes: Option<Vec<ChangeRow<'a>>>,
    failed: Option<&'a [FailureRow]>,
}

/// A change, as JSON.
#[derive(Serialize)]
pub(super) struct ChangeRow<'a> {
    at: String,
    server: &'a str,
    tool: &'a str,
    was: Option<Label>,
    is: Option<Label>,
    by_rules: bool,
    digest: &'a str,
}

impl<'a> From<&'a ServerChange> for ChangeRow<'a> {
    fn from(row: &'a ServerChange) -> Self {
        Self {
            at: row.change.at.to_string(),
            server: &row.server,
            tool: &row.change.tool,
            was: row.change.was,
            is: row.change.is,
            by_rules: row.change.by_rules,
            digest: &row.change.digest,
        }
    }
}

/// Counts.
pub fn run(args: &Args, _global: &Global) -> Result<Outcome> {
    let store = args.catalogue.open()?;
    let limit = args.limit as usize;
    let stats = store.stats(limit)?;
    let listed = if args.format == AnswerFormat::Table {
        limit
    } else {
        usize::MAX
    };
    let changes = args.since.map(|since| store.changes(since, listed)).transpose()?;
    let failed = if args.failures { Some(store.failures()?) } else { None };
    let mut out = Vec::new();
    match args.format {
        AnswerFormat::Json => {
            let document = Document {
                schema: SCHEMA,
                stats: &stats,
                changes: changes.as_ref().map(|rows| rows.iter().map(ChangeRow::from).collect()),
                failed: failed.as_deref(),
            };
            json::pretty(&document, &mut out)?;
            out.push(b'\n');
        }
        AnswerFormat::Jsonl => lines(&stats, changes.as_deref(), failed.as_deref(), &mut out)?,
        AnswerFormat::Table => table(&stats, changes.as_deref(), failed.as_deref(), &mut out)?,
    }
    ui::print(&out)?;
    Ok(if stats.servers == 0 {
        Outcome::Nothing
    } else {
        Outcome::Done
    })
}

#[derive(Serialize)]
#[serde(tag = "of", rename_all = "lowercase")]
enum Row<'a> {
    Total {
        servers: i64,
        tools: i64,
        conflicts: i64,
        failures: i64,
    },
    Category(&'a Count),
    Risk(&'a Count),
    Signal(&'a Count),
    Server(&'a ServerCount),
    Change(ChangeRow<'a>),
    Failure(&'a FailureRow),
}

fn lines(
    stats: &Stats,
    changes: Option<&[ServerChange]>,
    failed: Option<&[FailureRow]>,
    out: &mut Vec<u8>,
) -> Result<()> {
    let mut rows = vec![Row::Total {
        servers: stats.servers,
        tools: stats.tools,
        conflicts: stats.conflicts,
        failures: stats.failures,
    }];
    rows.extend(stats.category.iter().map(Row::Category));
    rows.extend(stats.risk.iter().map(Row::Risk));
    rows.extend(stats.signals.iter().map(Row::Signal));
    rows.extend(stats.riskiest.iter().map(Row::Server));
    rows.extend(changes.unwrap_or_default().iter().map(|row| Row::Change(row.into())));
    rows.extend(failed.unwrap_or_default().iter().map(Row::Failure));
    for row in rows {
        json::compact(&row, &mut *out)?;
        out.push(b'\n');
    }
    Ok(())
}

fn table(
    stats: &Stats,
    changes: Option<&[ServerChange]>,
    failed: Option<&[FailureRow]>,
    out: &mut Vec<u8>,
) -> Result<()> {
    let strong = ui::STRONG;
    writeln!(
        out,
        "{strong}{} servers, {} tools{strong:#}",
        grouped(stats.servers),
        grouped(stats.tools)
    )?;
    counts("category", &stats.category, stats.tools, out)?;
    counts("risk", &stats.risk, stats.tools, out)?;
    counts("signals", &stats.signals, stats.tools, out)?;
    servers("most critical tools", &stats.riskiest, |s| s.critical, out)?;
    if stats.conflicts > 0 {
        writeln!(
            out,
            "\n{} tools contradict an annotation that their vendor declares; mcpclass search --conflict",
            grouped(stats.conflicts)
        )?;
        servers(
            "most contradicted annotations",
            &stats.most_conflicts,
            |s| s.conflicts,
            out,
        )?;
    }
    if let Some(changes) = changes {
        writeln!(
            out,
            "\n{strong}changes{strong:#}{}",
            if changes.is_empty() { ": none" } else { "" }
        )?;
        for row in changes {
            writeln!(out, "  {} · {}", change_line(&row.change), one_line(&row.server))?;
        }
    }
    match failed {
        Some(rows) => {
            writeln!(
                out,
                "\n{strong}could not be read{strong:#}{}",
                if rows.is_empty() { ": none" } else { "" }
            )?;
            for row in rows {
                writeln!(out, "  {}  {}", one_line(&row.source), one_line(&row.reason))?;
            }
        }
        None if stats.failures > 0 => {
            writeln!(
                out,
                "\n{} sources could not be read; --failures lists them",
                grouped(stats.failures)
            )?;
        }
        None => {}
    }
    Ok(())
}

fn counts(title: &str, counts: &[Count], all: i64, out: &mut Vec<u8>) -> Result<()> {
    if counts.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}{title}{:#}", ui::STRONG, ui::STRONG)?;
    let widest = counts.iter().map(|count| cells::width(&count.key)).max().unwrap_or(0);
    for count in counts {
        let share = if all > 0 {
            100.0 * count.tools as f64 / all as f64
        } else {
            0.0
        };
        let fill = " ".repeat(widest - cells::width(&count.key));
        writeln!(
            out,
            "  {}{fill}  {:>9}  {share:>5.1} %",
            one_line(&count.key),
            grouped(count.tools)
        )?;
    }
    Ok(())
}

fn servers(title: &str, servers: &[ServerCount], number: fn(&ServerCount) -> i64, out: &mut Vec<u8>) -> Result<()> {
    if servers.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}{title}{:#}", ui::STRONG, ui::STRONG)?;
    for server in servers {
        writeln!(
            out,
            "  {:>5} of {:<5} {}",
            number(server),
            server.tools,
            one_line(&server.server)
        )?;
    }
    Ok(())
}

/// A number with its thousands apart.
pub(super) fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A day, a time, or a number of days back.
fn since(text: &str) -> std::result::Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    if let Some(days) = text.strip_suffix('d').and_then(|days| days.parse::<i32>().ok()) {
        let now = Timestamp::now();
        return now
            .checked_sub((i64::from(days) * 24).hours())
            .map_err(|e| e.to_string());
    }
    let day: Date = text.parse().map_err(|_| "a day such as 2027-01-31, or 7d")?;
    let zoned = day.to_zoned(TimeZone::UTC).map_err(|e| e.to_string())?;
    Ok(zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(515_000), "515,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn days_and_times_are_understood() {
        assert_eq!(since("2027-01-31").expect("a day").to_string(), "2027-01-31T00:00:00Z");
        assert!(since("7d").is_ok() && since("yesterday").is_err());
    }
}

//! `mcpclass search`: which tools of the catalogue say or do something.

use std::io::Write as _;

use serde::Serialize;

use crate::catalogue::ask::{Filter, Found, Hit};
use crate::catalogue::place::CatalogueArgs;
use crate::catalogue::query::Query;
use crate::cli::Global;
use crate::error::{Error, Outcome, Result};
use crate::label::{Category, Risk};
use crate::output::json;
use crate::report::SCHEMA;
use crate::text::cells;
use crate::text::escape::one_line;
use crate::ui;

/// Arguments of `mcpclass search`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Words must all be there; `\"two words\"` together; `del*` is a beginning; `-word` must not be there (put `--` before the \
first word). Names, descriptions and rationales are searched. Exit status: 0 something was found; 3 nothing was.")]
pub struct Args {
    /// Words, \"phrases\", beginn* of words
    #[arg(value_name = "QUERY")]
    query: Vec<String>,
    #[command(flatten)]
    catalogue: CatalogueArgs,
    /// Only tools of this category
    #[arg(long, value_name = "CATEGORY", help_heading = "Narrowing")]
    category: Option<Category>,
    /// Only tools of this risk
    #[arg(long, value_name = "RISK", help_heading = "Narrowing")]
    risk: Option<Risk>,
    /// Only tools with this signal; several: all of them
    #[arg(long, value_name = "SIGNAL", value_delimiter = ',', help_heading = "Narrowing")]
    signal: Vec<String>,
    /// Only tools whose declared annotations their definitions contradict
    #[arg(long, help_heading = "Narrowing")]
    conflict: bool,
    /// Only this server, or servers with this in their name
    #[arg(long, value_name = "SERVER", help_heading = "Narrowing")]
    server: Option<String>,
    /// How many tools to show
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Output")]
    limit: u32,
    /// How to print them
    #[arg(long, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: AnswerFormat,
}

/// How to print an answer of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum AnswerFormat {
    /// For people
    Table,
    /// One document
    Json,
    /// An object a line
    Jsonl,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    query: &'a str,
    matches: usize,
    more: bool,
    tools: &'a [Hit],
}

/// Searches.
pub fn run(args: &Args, _global: &Global) -> Result<Outcome> {
    let typed = typed(&args.query);
    let filter = Filter {
        category: args.category,
        risk: args.risk,
        signals: args.signal.clone(),
        conflict: args.conflict,
        server: args.server.clone(),
    };
    let store = args.catalogue.open()?;
    let found = store.search(&Query::parse(&typed), &filter, args.limit as usize)?;
    let mut out = Vec::new();
    match args.format {
        AnswerFormat::Json => {
            let document = Document {
                schema: SCHEMA,
                query: &typed,
                matches: found.matches,
                more: found.more,
                tools: &found.hits,
            };
            json::pretty(&document, &mut out)?;
            out.push(b'\n');
        }
        AnswerFormat::Jsonl => {
            for hit in &found.hits {
                json::compact(hit, &mut out)?;
                out.push(b'\n');
            }
        }
        AnswerFormat::Table if found.hits.is_empty() => {
            return Err(Error::nothing("no tool matches").help("fewer words match more; del* is a beginning of words"));
        }
        AnswerFormat::Table => table(&found, &mut out)?,
    }
    ui::print(&out)?;
    Ok(if found.hits.is_empty() {
        Outcome::Nothing
    } else {
        Outcome::Done
    })
}

/// The words as one text. An argument with a space in it was quoted for the shell, and is a phrase.
fn typed(words: &[String]) -> String {
    let phrase = |word: &String| {
        if word.contains(char::is_whitespace) && !word.contains('"') && words.len() > 1 {
            format!("\"{word}\"")
        } else {
            word.clone()
        }
    };
    words.iter().map(phrase).collect::<Vec<_>>().join(" ")
}

fn table(found: &Found, out: &mut Vec<u8>) -> Result<()> {
    let width = ui::width();
    let column = |text: fn(&Hit) -> &str, most: usize| {
        let widths = found.hits.iter().map(|hit| cells::width(&one_line(text(hit))));
        widths.max().unwrap_or(0).min(most)
    };
    let room = width.unwrap_or(usize::MAX);
    let most = if width.is_some() {
        (room / 3).clamp(12, 40)
    } else {
        usize::MAX
    };
    let tools = column(|hit| &hit.assessment.name, most);
    let servers = column(|hit| &hit.server, most);
    for hit in &found.hits {
        let tool = &hit.assessment;
        let (risk, category) = (ui::risk(tool.risk), ui::category(tool.category));
        let pad = |text: &str, columns: usize| {
            let text = one_line(text);
            let shown = cells::truncate(&text, columns.max(1)).into_owned();
            let fill = columns.saturating_sub(cells::width(&shown));
            (shown, " ".repeat(fill))
        };
        let (name, fill) = pad(&tool.name, tools);
        let (server, rest) = pad(&hit.server, servers);
        let signals: Vec<&str> = tool.signals.iter().map(|signal| &*signal.id).collect();
        let signals = signals.join(" ");
        let used = 2 + 8 + 2 + 11 + 2 + tools + 2 + servers + 2;
        let signals = cells::truncate(&signals, room.saturating_sub(used).max(1));
        let line = format!(
            "  {risk}{:<8}{risk:#}  {category}{:<11}{category:#}  {strong}{name}{strong:#}{fill}  {server}{rest}  {dim}{signals}{dim:#}",
            tool.risk,
            tool.category,
            strong = ui::STRONG,
            dim = ui::DIM,
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    let matches = match (found.more, found.matches) {
        (true, n) => format!("more than {n} tools match; another word, --category, --risk or --signal narrows it"),
        (false, 1) => "1 tool matches".to_owned(),
        (false, n) if n > found.hits.len() => format!("{n} tools match; --limit shows more"),
        (false, n) => format!("{n} tools match"),
    };
    writeln!(out, "\n  {matches}")?;
    if let Some(hit) = found.hits.first() {
        let what = format!("{}/{}", one_line(&hit.server), one_line(&hit.assessment.name));
        let quoted = shlex::try_quote(&what).map_or(what.clone(), std::borrow::Cow::into_owned);
        writeln!(out, "\nnext  {}mcpclass show {quoted}{:#}", ui::COMMAND, ui::COMMAND)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_argument_is_a_phrase() {
        let words = |list: &[&str]| typed(&list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        assert_eq!(words(&["delete", "old notes"]), "delete \"old notes\"");
        assert_eq!(words(&["delete old"]), "delete old");
        assert_eq!(words(&["\"delete old\""]), "\"delete old\"");
    }
}

//! A check as a pull request comment or a step summary: what got worse first, under GitHub's limit on the size
//! of a comment. What a server wrote stays text.

use std::cmp::Reverse;
use std::fmt::Write as _;

use crate::baseline::check::{Check, Checked, ServerCheck, State};
use crate::baseline::compare::{Kind, Seen};
use crate::baseline::phrase::{Phrase, Span, shorten};
use crate::label::Label;
use crate::output::check::table::{accept_command, standing_line, told};
use crate::text::markdown::{code, longest_run, prose};

/// GitHub refuses comments of more than 65,536 characters; the rest is for the lines after the rows.
const ROWS_LIMIT: usize = 56_000;
/// Characters of the lines before the rows: what could not be listed must not push away what got worse.
const TROUBLES_LIMIT: usize = 3_000;
/// Characters of the lines after the rows.
const NOTES_LIMIT: usize = 6_000;
/// Reasons in one row.
const REASONS: usize = 4;
/// Characters of a name.
const NAME: usize = 100;

/// The kind of what a person accepted.
const ACCEPTED: &str = "accepted";

/// The comment's first line, by which a later run finds it.
pub const MARKER: &str = "<!-- mcpclass check -->";

/// The report.
pub fn render(check: &Check) -> String {
    let mut out = format!("{MARKER}\n### MCP tools: {}\n", check.headline());
    let mut rows: Vec<(&ServerCheck, &Checked)> = check.changes().collect();
    // Kinds are ordered by urgency, and so are labels within them, for what is last may be cut; accepted comes last.
    rows.sort_by_key(|(_, checked)| {
        let urgency = Reverse(checked.change.label().map(Label::urgency));
        (!checked.accepted.is_empty(), checked.change.kind, urgency)
    });
    troubles(&mut out, check);
    if !rows.is_empty() {
        table(&mut out, &rows, check.servers.len() > 1);
    }
    notes(&mut out, check);
    out
}

fn troubles(out: &mut String, check: &Check) {
    let servers = check
        .servers
        .iter()
        .filter_map(|s| Some((s.name.as_str(), s.state.trouble()?)));
    let all: Vec<(&str, &str)> = servers.chain(check.other_failures()).collect();
    if all.is_empty() {
        return;
    }
    out.push('\n');
    let mut used = 0;
    for (index, (name, why)) in all.iter().enumerate() {
        let first = shorten(why.lines().next().unwrap_or_default(), 300);
        let name = code(&shorten(name, NAME));
        let text = format!("- {name} **could not be listed**: {}", prose(&first));
        used += text.chars().count();
        if index > 0 && used > TROUBLES_LIMIT {
            line(
                out,
                &format!("- … and {} more: `mcpclass check` shows all", all.len() - index),
            );
            break;
        }
        line(out, &text);
    }
}

fn table(out: &mut String, rows: &[(&ServerCheck, &Checked)], several: bool) {
    let (head, rule) = if several { (" server |", "---|") } else { ("", "") };
    line(
        out,
        &format!("\n| |{head} tool | was | is | because |\n|---|{rule}---|---|---|---|"),
    );
    let mut used = out.chars().count();
    for (index, (server, checked)) in rows.iter().enumerate() {
        let row = row(server, checked, several);
        used += row.chars().count() + 1;
        if used > ROWS_LIMIT {
            line(out, &cut(&rows[index..]));
            return;
        }
        line(out, &row);
    }
}

/// What is left out, by kind: nobody shall take the rows above for all there is.
fn cut(rows: &[(&ServerCheck, &Checked)]) -> String {
    let of = |kind: &str| rows.iter().filter(|(_, checked)| word(checked) == kind).count();
    let kinds = Kind::ALL.iter().map(|kind| kind.name()).chain([ACCEPTED]);
    let parts: Vec<String> = kinds
        .map(|kind| (of(kind), kind))
        .filter(|(n, _)| *n > 0)
        .map(|(n, kind)| format!("{n} {kind}"))
        .collect();
    format!(
        "\n… and {} more, left out for the limit on a comment: {}. `mcpclass check` shows all.",
        rows.len(),
        parts.join(", ")
    )
}

/// The first cell of a row.
fn word(checked: &Checked) -> &'static str {
    if checked.accepted.is_empty() {
        checked.change.kind.name()
    } else {
        ACCEPTED
    }
}

fn row(server: &ServerCheck, checked: &Checked, several: bool) -> String {
    let change = &checked.change;
    let of = if several {
        format!(" {} |", code(&shorten(&server.name, NAME)))
    } else {
        String::new()
    };
    let rose = matches!(change.kind, Kind::Worse | Kind::New);
    let label = |seen: &Option<Seen>, bold: bool| match seen {
        Some(seen) if bold => format!("**{}**", seen.label),
        Some(seen) => seen.label.to_string(),
        None => String::new(),
    };
    let phrases: Vec<Phrase> = told(change).map(crate::baseline::compare::Difference::phrase).collect();
    let mut because: Vec<String> = phrases.iter().take(REASONS).map(cell).collect();
    if phrases.len() > REASONS {
        because.push(format!("{} more", phrases.len() - REASONS));
    }
    let kind = word(checked);
    format!(
        "| {kind} |{of} {} | {} | {} | {} |",
        code(&shorten(change.subject.name(), NAME)),
        label(&change.was, false),
        label(&change.is, rose),
        because.join("; ")
    )
}

fn cell(phrase: &Phrase) -> String {
    phrase.render(|span| match span {
        Span::Ours(text) => prose(text),
        Span::Name(text) => code(&shorten(text, NAME)),
        Span::Quote(text) => format!("\u{201c}{}\u{201d}", prose(text)),
    })
}

fn notes(out: &mut String, check: &Check) {
    let mut notes = Vec::new();
    if check.rules_were != check.rules_are {
        notes.push(
            "Our rule book is another one than when this was reviewed; both listings were judged by today's."
                .to_owned(),
        );
    }
    for server in check.servers.iter().filter(|s| s.state == State::Skipped) {
        notes.push(format!(
            "{} was not checked: other servers were named.",
            code(&shorten(&server.name, NAME))
        ));
    }
    for (entry, standing) in &check.acceptances {
        if let Some(text) = standing_line(entry, standing) {
            notes.push(format!("{}.", prose(&shorten(&text, 300))));
        }
    }
    let mut used = 0;
    for (index, note) in notes.iter().enumerate() {
        used += note.chars().count();
        if used > NOTES_LIMIT {
            line(out, &format!("\n… and {} more", notes.len() - index));
            break;
        }
        line(out, &format!("\n{note}"));
    }
    if let Some((server, checked)) = check.changes().find(|(_, checked)| checked.fails) {
        let command = shorten(&accept_command(server, &checked.change), 400);
        // A name may hold backticks: the fence is longer than any run of them.
        let fence = "`".repeat(longest_run(&command).max(2) + 1);
        line(out, &format!("\nReviewed it?\n{fence}sh\n{command}\n{fence}"));
    }
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

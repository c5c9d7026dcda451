//! A check for a person at a terminal: what got worse first, each change with its reason, the way out last.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::baseline::accept::{Acceptance, Standing};
use crate::baseline::check::{Check, Checked, ServerCheck, State};
use crate::baseline::compare::{Change, Difference, Kind, Seen};
use crate::baseline::phrase::{Phrase, shorten};
use crate::text::escape::one_line;

/// Reasons shown for one change; JSON has all of them.
const REASONS: usize = 6;

/// The report. Styles are always written: the stream that prints it takes them out where it must.
pub fn render(check: &Check) -> String {
    let mut out = String::new();
    let several = check.servers.len() > 1;
    for server in &check.servers {
        server_lines(&mut out, server, several);
    }
    for (source, why) in check.other_failures() {
        let style = AnsiColor::Red.on_default().bold();
        let first = why.lines().next().unwrap_or_default();
        line(
            &mut out,
            &format!(
                "  {style}not listed{style:#}  {}: {}",
                one_line(source),
                one_line(first)
            ),
        );
    }
    if !out.is_empty() {
        out.push('\n');
    }
    let bold = Style::new().bold();
    line(&mut out, &format!("{bold}{}{bold:#}", check.headline()));
    if check.rules_were != check.rules_are {
        line(
            &mut out,
            "our rule book is another one than when this was reviewed; both listings were judged by today's",
        );
    }
    for (entry, standing) in &check.acceptances {
        if let Some(text) = standing_line(entry, standing) {
            line(&mut out, &text);
        }
    }
    next(&mut out, check);
    out
}

/// What an acceptance needs a person to know; `None` where it simply applies.
pub fn standing_line(entry: &Acceptance, standing: &Standing) -> Option<String> {
    let which = format!("acceptance of {} of {}", one_line(&entry.tool), one_line(&entry.server));
    match standing {
        Standing::Applies | Standing::Unchecked => None,
        Standing::Expired => Some(format!("{which} ended on {}", entry.until)),
        Standing::Changed { .. } => Some(format!("{which} is about another definition than the present one")),
        Standing::Unmatched => Some(format!("{which} matches nothing: it can go")),
    }
}

fn server_lines(out: &mut String, server: &ServerCheck, several: bool) {
    if let State::Skipped = server.state {
        line(
            out,
            &format!("not checked, for other servers were named: {}", one_line(&server.name)),
        );
        return;
    }
    if several && (!server.changes.is_empty() || server.state.trouble().is_some()) {
        let bold = Style::new().bold();
        // Our word comes first on every line: a name must not begin one, for CI systems read commands there.
        line(out, &format!("server {bold}{}{bold:#}", one_line(&server.name)));
    }
    if let Some(why) = server.state.trouble() {
        let style = AnsiColor::Red.on_default().bold();
        let first = why.lines().next().unwrap_or_default();
        line(
            out,
            &format!("  {style}{}{style:#}  {}", server.state.name(), one_line(first)),
        );
    }
    for checked in &server.changes {
        change_lines(out, checked);
    }
}

fn change_lines(out: &mut String, checked: &Checked) {
    let change = &checked.change;
    let style = style(checked);
    let accepted = if checked.accepted.is_empty() {
        ""
    } else {
        "  (accepted)"
    };
    line(
        out,
        &format!(
            "  {style}{:<8}{style:#}  {}  {}{accepted}",
            change.kind.name(),
            one_line(&shorten(change.subject.name(), 80)),
            labels(change)
        ),
    );
    let told: Vec<Phrase> = told(change).map(Difference::phrase).collect();
    for phrase in told.iter().take(REASONS) {
        line(out, &format!("            {}", phrase.plain()));
    }
    if told.len() > REASONS {
        line(out, &format!("            … {} more", told.len() - REASONS));
    }
}

/// The differences worth a line beside the labels, which say category and risk already.
pub fn told(change: &Change) -> impl Iterator<Item = &Difference> {
    let said = |what: &&Difference| !matches!(what, Difference::Category { .. } | Difference::Risk { .. });
    change.reasons.iter().map(|reason| &reason.what).filter(said)
}

/// "was → is", or the one label that both sides have.
fn labels(change: &Change) -> String {
    let label = |seen: &Seen| seen.label.to_string();
    match (&change.was, &change.is) {
        (Some(was), Some(is)) if was.label == is.label => label(is),
        (Some(was), Some(is)) => format!("{} → {}", label(was), label(is)),
        (None, Some(one)) | (Some(one), None) => label(one),
        (None, None) => String::new(),
    }
}

fn style(checked: &Checked) -> Style {
    let color = match checked.change.kind {
        _ if !checked.accepted.is_empty() => return Style::new().dimmed(),
        _ if checked.fails => AnsiColor::Red,
        Kind::Worse | Kind::New => AnsiColor::Yellow,
        Kind::Rules => AnsiColor::Cyan,
        Kind::Gone | Kind::Milder | Kind::Wording => return Style::new().dimmed(),
    };
    color.on_default().bold()
}

fn next(out: &mut String, check: &Check) {
    let failing = check.changes().find(|(_, checked)| checked.fails);
    let Some((server, checked)) = failing else {
        return;
    };
    out.push('\n');
    line(out, &format!("next  {}", accept_command(server, &checked.change)));
    line(
        out,
        "      mcpclass baseline                pins everything as it is now",
    );
}

/// The command that accepts a change.
pub fn accept_command(server: &ServerCheck, change: &Change) -> String {
    format!(
        "mcpclass accept {} --server {} --reason \"…\" --until YYYY-MM-DD",
        word(change.subject.name()),
        word(&server.name)
    )
}

/// A word of a command line that a person may copy: quoted so that no shell reads more into it.
fn word(text: &str) -> String {
    let text = one_line(text);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with('-') {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

//! `--format table`: for a person at a terminal. The worst first, a line a tool, then what needs a second look and
//! what to run next. On a narrow terminal each tool takes a short paragraph instead of a line.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use anstyle::Style;

use crate::assessment::Assessment;
use crate::classify::exposure::{Exposure, Namesake};
use crate::gate::SURE;
use crate::label::{Category, Decision};
use crate::manifest::Transport;
use crate::output::{Context, Rows};
use crate::report::{Assessed, Summary};
use crate::text::{cells, escape};
use crate::ui;

/// Under this width a tool is a paragraph: there is no room for columns.
const NARROW: usize = 72;
/// Tools shown of one server where they do not all fit a screen; all critical ones are, up to [`MOST`].
const ENOUGH: usize = 15;
/// Never more than this many without `--all`.
const MOST: usize = 40;
/// The phrase column is no narrower than this; a long name is cut first.
const PHRASE: usize = 24;
/// A name is shown in no more columns than this, and a longer one is not offered for pasting.
const LONGEST: usize = 100;
/// Names in a list under the table.
const NAMED: usize = 4;
/// Between columns.
const GAP: &str = "  ";

/// Prints the servers one after another, and what to run next for the first.
pub fn write(servers: &[Assessed], context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let exposures = context.classifier.exposures(servers);
    for (index, (server, exposure)) in servers.iter().zip(&exposures).enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        let page = Page {
            server,
            exposure,
            context,
        };
        page.header(out)?;
        if server.assessments.is_empty() {
            page.problems(out)?;
            continue;
        }
        writeln!(out)?;
        page.tools(out)?;
        writeln!(out)?;
        page.decisions(out)?;
        page.unsure(out)?;
        page.conflicts(out)?;
        page.exposure(out)?;
        page.overrides(out)?;
        page.problems(out)?;
    }
    if servers.len() > 1 {
        totals(servers, context, out)?;
    }
    next(servers, context, out)
}

/// One server on its way to the terminal.
struct Page<'a> {
    server: &'a Assessed,
    exposure: &'a Exposure,
    context: &'a Context<'a>,
}

impl Page<'_> {
    fn header(&self, out: &mut dyn Write) -> io::Result<()> {
        let server = &self.server.manifest.server;
        let name = escape::one_line(&server.name);
        let mut facts = String::new();
        if let Some(version) = server.version.as_deref().filter(|v| !v.is_empty()) {
            let _ = write!(facts, " {}", escape::one_line(version));
        }
        let transport = match server.transport {
            Transport::Stdio => "stdio",
            Transport::Http => "http",
            Transport::Sse => "sse",
            Transport::File => "file",
        };
        let _ = write!(
            facts,
            " · {transport} · {}",
            count(self.server.assessments.len(), "tool")
        );
        if let Some(elapsed) = self.context.elapsed {
            let _ = write!(facts, " in {}", seconds(elapsed));
        }
        if let Some(sandbox) = &server.sandbox {
            let _ = write!(facts, " · fenced by {}", escape::one_line(sandbox));
        }
        let room = self.context.width.unwrap_or(usize::MAX);
        let name = cells::truncate(&name, room).into_owned();
        let facts = cells::truncate(&facts, room.saturating_sub(cells::width(&name)).max(1)).into_owned();
        writeln!(out, "{}{}", paint(ui::STRONG, &name), facts)?;
        if !server.complete {
            self.remark(
                out,
                "the listing is incomplete: a limit was reached before its last page",
            )?;
        }
        Ok(())
    }

    fn tools(&self, out: &mut dyn Write) -> io::Result<()> {
        let order = self.server.worst_first();
        let shown = self.rows(&order);
        let shown_tools: Vec<&Assessment> = order[..shown].iter().map(|&i| &self.server.assessments[i]).collect();
        match self.context.width {
            Some(width) if width < NARROW => {
                for tool in shown_tools {
                    paragraph(tool, width, out)?;
                }
            }
            width => {
                let columns = Columns::fit(&shown_tools, width);
                for tool in shown_tools {
                    columns.row(tool, out)?;
                }
            }
        }
        if shown < order.len() {
            let rest = order[shown..].iter().map(|&i| self.server.assessments[i].category);
            self.remark(
                out,
                &format!(
                    "… {} more: {}; --all shows them",
                    order.len() - shown,
                    by_category(rest)
                ),
            )?;
        }
        Ok(())
    }

    /// How many of the tools to show.
    fn rows(&self, order: &[usize]) -> usize {
        let all = order.len();
        // Leaving out a handful would save nothing.
        if self.context.rows == Rows::All || all <= ENOUGH + 5 {
            return all;
        }
        let critical = self.server.summary().risk.critical;
        critical.clamp(ENOUGH, MOST).min(all)
    }

    fn decisions(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut column = None;
        for &decision in Decision::ALL.iter().rev() {
            let n = self
                .server
                .assessments
                .iter()
                .filter(|a| a.decision == decision)
                .count();
            if n == 0 {
                continue;
            }
            let text = format!("{n} {decision}");
            let fits = |end: usize| self.context.width.is_none_or(|width| end <= width);
            let (lead, start) = match column {
                None => (GAP, GAP.len()),
                Some(end) if fits(end + 3 + text.len()) => (" · ", end + 3),
                Some(_) => ("\n  ", GAP.len()),
            };
            write!(out, "{lead}{}", paint(ui::decision(decision), &text))?;
            column = Some(start + text.len());
        }
        writeln!(out)
    }

    fn unsure(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut unsure: Vec<&Assessment> = self.server.assessments.iter().filter(|a| a.confidence < SURE).collect();
        if unsure.is_empty() {
            return Ok(());
        }
        unsure.sort_by(|a, b| a.confidence.total_cmp(&b.confidence).then_with(|| a.name.cmp(&b.name)));
        let wants = if unsure.len() == 1 { "wants" } else { "want" };
        let names = listed(unsure.iter().map(|a| a.name.as_str()));
        let text = format!(
            "{} {wants} a second look (confidence under {SURE}): {names}",
            count(unsure.len(), "tool")
        );
        self.caution(out, &text)
    }

    fn conflicts(&self, out: &mut dyn Write) -> io::Result<()> {
        let conflicts: Vec<String> = self
            .server
            .assessments
            .iter()
            .flat_map(|tool| tool.conflicts.iter().map(move |conflict| (tool, conflict)))
            .map(|(tool, conflict)| {
                let declared = if conflict.declared { "" } else { ": false" };
                format!("{} declares {}{declared}", escape::one_line(&tool.name), conflict.hint)
            })
            .collect();
        match conflicts.as_slice() {
            [] => Ok(()),
            [one] => self.caution(out, &format!("1 annotation contradicts its definition: {one}")),
            many => {
                let shown = many[..many.len().min(NAMED)].join(", ");
                let text = format!("{} annotations contradict their definitions: {shown}", many.len());
                self.caution(out, &(text + &and_more(many.len())))
            }
        }
    }

    /// What the tools open together, names that people mistake, and what the instructions hold.
    fn exposure(&self, out: &mut dyn Write) -> io::Result<()> {
        let exposure = self.exposure;
        for combination in &exposure.combinations {
            let some = |tools: &[String]| match tools {
                [] => String::new(),
                [one] => escape::one_line(one).into_owned(),
                [first, rest @ ..] => format!("{} +{}", escape::one_line(first), rest.len()),
            };
            let parts: Vec<String> = combination
                .parts
                .iter()
                .map(|part| format!("{} ({})", part.what, some(&part.tools)))
                .collect();
            let name = combination.id.replace('-', " ");
            self.caution(out, &format!("{name}: {}", parts.join(" + ")))?;
        }
        for group in &exposure.confusable {
            let names = listed(group.iter().map(String::as_str));
            self.caution(out, &format!("names that look the same: {names}"))?;
        }
        if !exposure.namesakes.is_empty() {
            let names: Vec<String> = exposure.namesakes.iter().map(Namesake::to_string).collect();
            let names = listed(names.iter().map(String::as_str));
            self.caution(out, &format!("names that another server has, too: {names}"))?;
        }
        for signal in exposure.instructions() {
            let words = signal.evidence.first().map_or("", |e| &e.text);
            let words = escape::one_line(words);
            let shown = cells::truncate(&words, 40);
            self.caution(out, &format!("the server's instructions: {} ({shown:?})", signal.title))?;
        }
        Ok(())
    }

    fn overrides(&self, out: &mut dyn Write) -> io::Result<()> {
        for tool in &self.server.assessments {
            if let Some(reason) = &tool.override_reason {
                let name = escape::one_line(&tool.name);
                let text = format!(
                    "{name}: {} by mcpclass.toml: {}",
                    tool.decision,
                    escape::one_line(reason)
                );
                self.remark(out, &text)?;
            }
        }
        Ok(())
    }

    fn problems(&self, out: &mut dyn Write) -> io::Result<()> {
        let problems = &self.server.manifest.problems;
        let shown = if self.context.rows == Rows::All {
            problems.len()
        } else {
            problems.len().min(NAMED)
        };
        for problem in &problems[..shown] {
            let pointer = escape::one_line(&problem.pointer);
            let message = escape::one_line(&problem.message);
            let at = if pointer.is_empty() { "the listing" } else { &*pointer };
            self.caution(out, &format!("problem at {at}: {message}"))?;
        }
        if shown < problems.len() {
            self.remark(
                out,
                &format!("… {} more; --all shows them", count(problems.len() - shown, "problem")),
            )?;
        }
        Ok(())
    }

    fn caution(&self, out: &mut dyn Write, text: &str) -> io::Result<()> {
        lines(out, text, GAP, self.context.width, ui::CAUTION)
    }

    fn remark(&self, out: &mut dyn Write, text: &str) -> io::Result<()> {
        lines(out, text, GAP, self.context.width, ui::DIM)
    }
}

/// Widths of the columns of one table.
struct Columns {
    name: usize,
    signal: usize,
    phrase: usize,
}

impl Columns {
    const RISK: usize = 8;
    const CATEGORY: usize = 11;

    fn fit(tools: &[&Assessment], width: Option<usize>) -> Self {
        let widest = |text: fn(&Assessment) -> String| tools.iter().map(|t| cells::width(&text(t))).max().unwrap_or(0);
        let signal = widest(signal);
        let name = widest(|t| escape::one_line(&t.name).into_owned()).min(LONGEST);
        let Some(width) = width else {
            return Self {
                name,
                signal,
                phrase: usize::MAX,
            };
        };
        let gaps = GAP.len() * if signal > 0 { 5 } else { 4 };
        let room = width.saturating_sub(gaps + Self::RISK + Self::CATEGORY + signal);
        let name = name.min(room.saturating_sub(PHRASE).max(12));
        Self {
            name,
            signal,
            phrase: room.saturating_sub(name),
        }
    }

    fn row(&self, tool: &Assessment, out: &mut dyn Write) -> io::Result<()> {
        let name = escape::one_line(&tool.name);
        let mut parts = vec![
            (tool.risk.name().to_owned(), Self::RISK, ui::risk(tool.risk)),
            (
                tool.category.name().to_owned(),
                Self::CATEGORY,
                ui::category(tool.category),
            ),
            (cells::truncate(&name, self.name).into_owned(), self.name, ui::STRONG),
        ];
        if self.signal > 0 {
            parts.push((signal(tool), self.signal, ui::CAUTION));
        }
        parts.push((
            cells::truncate(&phrase(tool), self.phrase).into_owned(),
            0,
            Style::new(),
        ));
        let filled = parts.iter().rposition(|(text, _, _)| !text.is_empty()).unwrap_or(0);
        for (index, (text, width, style)) in parts[..=filled].iter().enumerate() {
            let missing = if index < filled {
                width.saturating_sub(cells::width(text))
            } else {
                0
            };
            write!(out, "{GAP}{}{}", paint(*style, text), " ".repeat(missing))?;
        }
        writeln!(out)
    }
}

/// A tool on a narrow terminal.
fn paragraph(tool: &Assessment, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let (risk, category) = (tool.risk.name(), tool.category.name());
    let head = format!(
        "{} {}",
        paint(ui::risk(tool.risk), risk),
        paint(ui::category(tool.category), category)
    );
    let signal = signal(tool);
    if signal.is_empty() {
        writeln!(out, "{head}")?;
    } else if risk.len() + category.len() + 2 + cells::width(&signal) <= width {
        writeln!(out, "{head} {}", paint(ui::CAUTION, &signal))?;
    } else {
        writeln!(out, "{head}")?;
        lines(out, &signal, GAP, Some(width), ui::CAUTION)?;
    }
    lines(out, &escape::one_line(&tool.name), GAP, Some(width), ui::STRONG)?;
    let wrapped = cells::paragraph(&phrase(tool), width - GAP.len());
    for line in wrapped.iter().take(3) {
        writeln!(out, "{GAP}{line}")?;
    }
    Ok(())
}

/// The property most worth knowing, in a word or two.
fn signal(tool: &Assessment) -> String {
    match tool.signals.as_slice() {
        [] => String::new(),
        [one] => one.id.replace(['-', '_'], " "),
        [first, rest @ ..] => format!("{} +{}", first.id.replace(['-', '_'], " "), rest.len()),
    }
}

/// What the tool does: the first sentence of the rationale, without its full stop.
pub(super) fn phrase(tool: &Assessment) -> String {
    let first = cells::sentences(&tool.rationale).into_iter().next();
    let text = first.map_or("", |range| &tool.rationale[range]);
    let text = escape::one_line(text.strip_suffix('.').unwrap_or(text));
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// The counts of all servers together.
fn totals(servers: &[Assessed], context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let summaries: Vec<Summary> = servers.iter().map(Assessed::summary).collect();
    let tools: usize = summaries.iter().map(|s| s.tools).sum();
    let critical: usize = summaries.iter().map(|s| s.risk.critical).sum();
    let categories = servers.iter().flat_map(|s| s.assessments.iter().map(|a| a.category));
    let text = format!(
        "{}: {}, {critical} critical: {}",
        count(servers.len(), "server"),
        count(tools, "tool"),
        by_category(categories)
    );
    writeln!(out)?;
    lines(out, &text, "", context.width, ui::STRONG)
}

/// The commands that a reader most likely wants now.
fn next(servers: &[Assessed], context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let worst = servers
        .iter()
        .flat_map(|s| s.worst_first().into_iter().map(|i| &s.assessments[i]))
        .filter(|tool| pasteable(&tool.name))
        .reduce(|best, tool| {
            if tool.label().urgency() > best.label().urgency() {
                tool
            } else {
                best
            }
        });
    let mut commands = Vec::new();
    if let Some(name) = worst.and_then(|tool| shlex::try_quote(&tool.name).ok()) {
        commands.push(format!("mcpclass explain {name} {}", context.servers));
    }
    if servers.iter().any(|s| !s.assessments.is_empty()) {
        commands.push(format!("mcpclass policy --for claude-code {}", context.servers));
    }
    if commands.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    for (index, command) in commands.iter().enumerate() {
        let label = if index == 0 { "next" } else { "    " };
        // Never wrapped: a command is there to be copied.
        writeln!(out, "{}  {}", paint(ui::DIM, label), paint(ui::COMMAND, command))?;
    }
    Ok(())
}

/// Whether a server's word may stand in a command that a person pastes into a shell.
fn pasteable(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len()) && !name.starts_with('-') && name.chars().all(|c| c.is_ascii_graphic())
}

/// `3 Execute, 12 Write`, the most severe first.
pub(super) fn by_category(categories: impl Iterator<Item = Category>) -> String {
    let mut counts = [0_usize; 4];
    for category in categories {
        counts[category.index()] += 1;
    }
    let parts: Vec<String> = Category::ALL
        .iter()
        .rev()
        .filter(|category| counts[category.index()] > 0)
        .map(|category| format!("{} {category}", counts[category.index()]))
        .collect();
    parts.join(", ")
}

/// `1 tool`, `2 tools`.
pub(crate) fn count(n: usize, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {noun}{plural}")
}

/// The first few names, and how many more there are.
fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let all = names.len();
    let shown: Vec<_> = names
        .take(NAMED)
        .map(|name| cells::truncate(&escape::one_line(name), LONGEST).into_owned())
        .collect();
    shown.join(", ") + &and_more(all)
}

fn and_more(all: usize) -> String {
    match all.checked_sub(NAMED) {
        None | Some(0) => String::new(),
        Some(more) => format!(" and {more} more"),
    }
}

fn seconds(elapsed: Duration) -> String {
    if elapsed < Duration::from_secs(1) {
        format!("{} ms", elapsed.as_millis())
    } else {
        format!("{:.1} s", elapsed.as_secs_f64())
    }
}

/// Safe text, wrapped under an indent; later lines hang by two more columns.
pub(super) fn lines(
    out: &mut dyn Write,
    text: &str,
    indent: &str,
    width: Option<usize>,
    style: Style,
) -> io::Result<()> {
    let Some(width) = width else {
        return writeln!(out, "{indent}{}", paint(style, text));
    };
    let wrapped = cells::paragraph(text, width.saturating_sub(indent.len() + GAP.len()).max(8));
    for (index, line) in wrapped.iter().enumerate() {
        let hang = if index == 0 { "" } else { GAP };
        writeln!(out, "{indent}{hang}{}", paint(style, line))?;
    }
    Ok(())
}

pub(super) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

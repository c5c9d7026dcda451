//! Pages as Markdown, for a pull request or a wiki. Whatever a server wrote stays text in any renderer.

use std::fmt::Write as _;

use super::marked::Marked;
use super::milder::LabelText;
use super::model::ChangeLine;
use super::policies::PolicyText;
use super::references::Kind;
use super::server::ServerPage;
use super::tool::{RelatedTool, ToolPage};
use crate::text::markdown::{code, longest_run, prose};

/// Writes to the end of a string, which cannot fail.
macro_rules! put {
    ($out:expr, $($text:tt)*) => {{
        let _ = writeln!($out, $($text)*);
    }};
}

/// A tool's page. `link` gives a related tool's page as seen from this one.
pub fn tool(page: &ToolPage, link: impl Fn(&RelatedTool) -> String) -> String {
    let mut out = String::new();
    put!(out, "# {}\n", code(&page.name));
    put!(
        out,
        "**{}** · confidence {} · [{}](index.md){}\n",
        sentence(&page.label, page.decision),
        page.confidence,
        prose(&page.server.name),
        page.server
            .version
            .as_deref()
            .map_or_else(String::new, |v| format!(" {}", prose(v))),
    );
    if let Some(why) = &page.override_reason {
        put!(out, "A person decided otherwise than the table: {}\n", prose(why));
    }
    if !page.rationale.is_empty() {
        put!(out, "{}\n", prose(&page.rationale));
    }
    if let Some(description) = &page.description {
        put!(out, "## The server's words\n\n{}\n", quoted(description));
    }
    reasons(page, &mut out);
    milder(page, &mut out);
    signals(page, &mut out);
    operations(page, &mut out);
    parameters(page, &mut out);
    annotations(page, &mut out);
    references(page, &mut out);
    policies("## Recommended policy", &page.policies, &mut out);
    related(page, link, &mut out);
    if !page.questions.is_empty() {
        put!(out, "## Questions\n");
        for question in &page.questions {
            put!(
                out,
                "**{}**  \n{}\n",
                prose(&question.question),
                prose(&question.answer)
            );
        }
    }
    history(&page.history, false, &mut out);
    put!(
        out,
        "---\n\nDefinition {}{}",
        code(&page.digest),
        page.read_at
            .as_deref()
            .map_or_else(String::new, |day| format!(", read {day}"))
    );
    out
}

fn reasons(page: &ToolPage, out: &mut String) {
    if page.reasons.is_empty() {
        return;
    }
    put!(out, "## Why it is labelled so\n");
    for passage in &page.passages {
        put!(out, "- {}: {}", prose(&passage.what), inline(&passage.words));
    }
    if !page.passages.is_empty() {
        put!(out, "");
    }
    put!(out, "| | rule | speaks for | because |\n|-:|---|---|---|");
    for reason in &page.reasons {
        let weight = if reason.weight == 0 {
            String::new()
        } else {
            format!(" {:+}", reason.weight)
        };
        put!(
            out,
            "| {} | {} | {}{weight} | {} |",
            reason.number,
            code(&reason.rule),
            prose(&reason.says),
            prose(reason.why.as_deref().unwrap_or_default())
        );
    }
    put!(out, "");
}

fn milder(page: &ToolPage, out: &mut String) {
    if page.milder.is_empty() {
        return;
    }
    put!(out, "## What would have made it milder\n");
    for milder in &page.milder {
        let about = if milder.about.is_empty() {
            String::new()
        } else {
            format!(" {}", code(&milder.about))
        };
        put!(
            out,
            "- {}{about}: {}, {}",
            first_upper(milder.change),
            milder.label.category,
            milder.label.risk
        );
    }
    put!(out, "");
}

fn signals(page: &ToolPage, out: &mut String) {
    if page.signals.is_empty() {
        return;
    }
    put!(out, "## Signals\n");
    for signal in &page.signals {
        let words: Vec<String> = signal.words.iter().map(|w| code(w)).collect();
        let rest = if words.is_empty() {
            String::new()
        } else {
            format!(": {}", words.join(", "))
        };
        put!(out, "- **{}** {}{rest}", prose(&signal.id), prose(&signal.title));
    }
    put!(out, "");
}

fn operations(page: &ToolPage, out: &mut String) {
    if page.operations.is_empty() {
        return;
    }
    put!(out, "## Operations\n\n| call | does | decision |\n|---|---|---|");
    for operation in &page.operations {
        put!(
            out,
            "| {} = {} | {}, {} | {} |",
            code(&operation.parameter),
            code(&operation.value),
            operation.label.category,
            operation.label.risk,
            operation.decision
        );
    }
    if page.more_operations > 0 {
        put!(out, "\nand {} more, none of them worse", page.more_operations);
    }
    put!(out, "");
}

fn parameters(page: &ToolPage, out: &mut String) {
    if page.parameters.is_empty() {
        return;
    }
    put!(
        out,
        "## Parameters\n\n| name | type | required | | contributes |\n|---|---|---|---|---|"
    );
    for parameter in &page.parameters {
        let mut about = parameter.description.as_ref().map_or_else(String::new, inline);
        if !parameter.values.is_empty() {
            let values: Vec<String> = parameter.values.iter().map(|v| code(v)).collect();
            let more = match parameter.more_values {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            let _ = write!(
                about,
                "{}{}{more}",
                if about.is_empty() { "" } else { " " },
                values.join(" ")
            );
        }
        put!(
            out,
            "| {} | {} | {} | {about} | {} |",
            code(&parameter.name),
            prose(&parameter.kind),
            if parameter.required { "yes" } else { "" },
            prose(&parameter.contributes.join("; "))
        );
    }
    put!(out, "");
}

fn annotations(page: &ToolPage, out: &mut String) {
    if page.annotations.is_empty() {
        return;
    }
    put!(out, "## Declared annotations\n");
    for annotation in &page.annotations {
        put!(
            out,
            "- {} = {}, {}: {}",
            code(&annotation.hint),
            annotation.declared,
            annotation.verdict,
            prose(&annotation.says)
        );
    }
    put!(out, "");
}

fn references(page: &ToolPage, out: &mut String) {
    for (taxonomy, title) in [(false, "## Documented incidents"), (true, "## Identifiers")] {
        let mut of_kind = page
            .references
            .iter()
            .filter(|r| (r.kind == Kind::Taxonomy) == taxonomy)
            .peekable();
        if of_kind.peek().is_none() {
            continue;
        }
        put!(out, "{title}\n");
        for reference in of_kind {
            let ids = match reference.identifiers.as_slice() {
                ids if !taxonomy && !ids.is_empty() => format!(" · {}", ids.join(", ")),
                _ => String::new(),
            };
            put!(
                out,
                "- [{}]({}) ({}{ids}). {}",
                reference.title,
                reference.source,
                reference.year,
                reference.says
            );
        }
        put!(out, "");
    }
}

fn policies(title: &str, policies: &[PolicyText], out: &mut String) {
    if policies.is_empty() {
        return;
    }
    put!(out, "{title}\n");
    for policy in policies {
        put!(
            out,
            "<details><summary>{}: {}</summary>\n",
            prose(policy.title),
            prose(policy.file)
        );
        if !policy.text.is_empty() {
            put!(out, "Lives in {}.\n", prose(policy.lives));
            let fence = "`".repeat(longest_run(&policy.text).max(2) + 1);
            put!(out, "{fence}\n{}\n{fence}\n", policy.text.trim_end());
        }
        for note in &policy.notes {
            put!(out, "- {}", prose(note));
        }
        put!(out, "\n</details>");
    }
    put!(out, "");
}

fn related(page: &ToolPage, link: impl Fn(&RelatedTool) -> String, out: &mut String) {
    let lists = [
        ("## The same tool elsewhere", &page.same),
        ("## Tools of the same effect elsewhere", &page.similar),
    ];
    for (title, tools) in lists {
        if tools.is_empty() {
            continue;
        }
        put!(out, "{title}\n");
        for tool in tools {
            put!(
                out,
                "- [{}]({}) of {}: {}, {}{}",
                prose(&tool.name),
                link(tool),
                prose(&tool.server),
                tool.label.category,
                tool.label.risk,
                if tool.differs { ", another label" } else { "" }
            );
        }
        put!(out, "");
    }
}

/// A server's page. `link` gives the file of the tool at a position.
pub fn server(page: &ServerPage, link: impl Fn(usize) -> String) -> String {
    let mut out = String::new();
    put!(out, "# {}\n", prose(&page.server.name));
    let facts = [
        page.server.version.clone(),
        page.server.origin.clone(),
        page.protocol.as_ref().map(|p| format!("protocol {p}")),
        page.read_at.as_ref().map(|day| format!("read {day}")),
    ];
    let facts: Vec<String> = facts.into_iter().flatten().map(|fact| prose(&fact)).collect();
    let tools = page.summary.tools;
    let noun = if tools == 1 { "tool" } else { "tools" };
    put!(
        out,
        "{tools} {noun}{}{}\n",
        if facts.is_empty() { "" } else { " · " },
        facts.join(" · ")
    );
    if !page.complete {
        put!(out, "The listing was cut short: there may be more tools.\n");
    }
    let c = page.summary.category;
    let r = page.summary.risk;
    put!(
        out,
        "| Destructive | Execute | Write | Read | critical | medium | low |\n|-:|-:|-:|-:|-:|-:|-:|"
    );
    put!(
        out,
        "| {} | {} | {} | {} | {} | {} | {} |\n",
        c.destructive,
        c.execute,
        c.write,
        c.read,
        r.critical,
        r.medium,
        r.low
    );
    let decisions: Vec<String> = page
        .decisions
        .iter()
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    put!(
        out,
        "Recommended: {}. Definitions weigh about {} tokens.\n",
        decisions.join(", "),
        page.weight.tokens
    );
    if !page.combinations.is_empty() {
        put!(out, "## What the tools open together\n");
        for combination in &page.combinations {
            put!(out, "- **{}**: {}", prose(&combination.title), prose(&combination.says));
        }
        put!(out, "");
    }
    put!(
        out,
        "## Tools, worst first\n\n| tool | label | decision | signals | |\n|---|---|---|---|---|"
    );
    for row in &page.tools {
        put!(
            out,
            "| [{}]({}) | {}, {} | {} | {} | {} |",
            prose(&row.name),
            link(row.index),
            row.label.category,
            row.label.risk,
            row.decision,
            prose(&row.signals.join(", ")),
            prose(&row.says)
        );
    }
    put!(out, "");
    policies("## Policy of the whole server", &page.policies, &mut out);
    history(&page.history, true, &mut out);
    if !page.problems.is_empty() {
        put!(out, "## What could not be read\n");
        for problem in &page.problems {
            put!(out, "- {}", prose(problem));
        }
    }
    out
}

fn history(changes: &[ChangeLine], with_tool: bool, out: &mut String) {
    if changes.is_empty() {
        return;
    }
    put!(out, "## History\n");
    for change in changes {
        let tool = if with_tool {
            format!(" {}", code(&change.tool))
        } else {
            String::new()
        };
        put!(out, "- {}{tool}: {}", change.at, prose(&change.says));
    }
    put!(out, "");
}

fn sentence(label: &LabelText, decision: &str) -> String {
    format!("{}, {}: {decision}", label.category, label.risk)
}

/// A marked text as a quotation: marks are bold, with the number of their reason.
fn quoted(marked: &Marked) -> String {
    let text = inline_with(marked, "\n");
    let lines: Vec<String> = text.split('\n').map(|line| format!("> {line}")).collect();
    lines.join("\n").trim_end().to_owned()
}

fn inline(marked: &Marked) -> String {
    inline_with(marked, " ")
}

fn inline_with(marked: &Marked, line_end: &str) -> String {
    let mut out = String::new();
    for segment in &marked.segments {
        let lines: Vec<String> = segment.text.split('\n').map(prose).collect();
        let text = lines.join(line_end);
        match segment.reason {
            Some(number) if !text.trim().is_empty() => {
                let _ = write!(out, "<b>{text}</b><sup>{number}</sup>");
            }
            _ => out.push_str(&text),
        }
    }
    out
}

fn first_upper(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

//! `--format markdown`: a report for a pull request comment or a wiki page, in GitHub's flavour. What a server says
//! stays text ([`crate::text::markdown`]).

use std::io::{self, Write};

use crate::assessment::Assessment;
use crate::classify::exposure::{Exposure, Part};
use crate::gate::SURE;
use crate::label::Decision;
use crate::output::table::{by_category, count, phrase};
use crate::output::{Context, json};
use crate::report::Assessed;
use crate::text::markdown::{code, longest_run, prose};

/// Names shared with other servers that are listed each.
const MOST_NAMESAKES: usize = 10;

/// Prints a section a server.
pub fn write(servers: &[Assessed], context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let exposures = context.classifier.exposures(servers);
    for (index, (server, exposure)) in servers.iter().zip(&exposures).enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        section(server, exposure, out)?;
    }
    let digest = context.classifier.rules_digest();
    let short = digest.get(..19).unwrap_or(digest);
    writeln!(out)?;
    writeln!(
        out,
        "<sub>mcpclass {} · rules {}</sub>",
        env!("CARGO_PKG_VERSION"),
        code(short)
    )
}

fn section(assessed: &Assessed, exposure: &Exposure, out: &mut dyn Write) -> io::Result<()> {
    let server = &assessed.manifest.server;
    let version = server
        .version
        .as_deref()
        .map(|v| format!(" {}", prose(v)))
        .unwrap_or_default();
    writeln!(out, "## {}{version}", prose(&server.name))?;
    writeln!(out)?;
    let tools = assessed.assessments.len();
    let critical = assessed.summary().risk.critical;
    write!(out, "{}", count(tools, "tool"))?;
    if tools > 0 {
        let categories = by_category(assessed.assessments.iter().map(|a| a.category));
        write!(
            out,
            ", **{critical} critical**: {categories}. Recommended: {}",
            decisions(assessed)
        )?;
    }
    writeln!(out, ". Listed from {}.", code(&server.origin))?;
    if !server.complete {
        writeln!(
            out,
            "\n**The listing is incomplete:** a limit was reached before its last page."
        )?;
    }
    if tools > 0 {
        table(assessed, out)?;
    }
    notes(assessed, exposure, out)?;
    if tools > 0 {
        policy(assessed, out)?;
    }
    Ok(())
}

fn decisions(assessed: &Assessed) -> String {
    let parts: Vec<String> = Decision::ALL
        .iter()
        .rev()
        .filter_map(|&decision| {
            let n = assessed.assessments.iter().filter(|a| a.decision == decision).count();
            (n > 0).then(|| format!("{n} {decision}"))
        })
        .collect();
    parts.join(", ")
}

fn table(assessed: &Assessed, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n| risk | category | tool | decision | what it does |")?;
    writeln!(out, "|---|---|---|---|---|")?;
    for index in assessed.worst_first() {
        let tool = &assessed.assessments[index];
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            emphasised(tool, tool.risk.name()),
            emphasised(tool, tool.category.name()),
            code(&tool.name),
            tool.decision,
            prose(&phrase(tool)),
        )?;
    }
    Ok(())
}

/// What is critical stands out, also without colour.
fn emphasised(tool: &Assessment, word: &str) -> String {
    if tool.risk == crate::label::Risk::Critical {
        format!("**{word}**")
    } else {
        word.to_owned()
    }
}

fn notes(assessed: &Assessed, exposure: &Exposure, out: &mut dyn Write) -> io::Result<()> {
    let mut notes = Vec::new();
    for tool in &assessed.assessments {
        for conflict in &tool.conflicts {
            notes.push(format!(
                "{}, {}: {}",
                code(&tool.name),
                code(&format!("{}: {}", conflict.hint, conflict.declared)),
                prose(&conflict.message)
            ));
        }
    }
    for combination in &exposure.combinations {
        let part = |part: &Part| {
            let some: Vec<String> = part.tools.iter().take(3).map(|tool| code(tool)).collect();
            let more = part.tools.len() - some.len();
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            format!("{}: {}{more}", part.what, some.join(", "))
        };
        let parts: Vec<String> = combination.parts.iter().map(part).collect();
        notes.push(format!("**{}.** {}", combination.title, parts.join("; ")));
    }
    for group in &exposure.confusable {
        let names: Vec<String> = group.iter().map(|name| code(name)).collect();
        notes.push(format!("Names that look the same: {}", names.join(", ")));
    }
    for namesake in exposure.namesakes.iter().take(MOST_NAMESAKES) {
        notes.push(format!(
            "Another server has this name, too: {} ({} of {})",
            code(&namesake.tool),
            code(&namesake.theirs),
            code(&namesake.server)
        ));
    }
    if let Some(more) = exposure
        .namesakes
        .len()
        .checked_sub(MOST_NAMESAKES)
        .filter(|&more| more > 0)
    {
        notes.push(format!("{more} more names are those of tools of other servers"));
    }
    for signal in exposure.instructions() {
        notes.push(format!("The server's instructions: {}", signal.title));
    }
    for tool in assessed.assessments.iter().filter(|a| a.confidence < SURE) {
        let runner_up = tool.runner_up.map(|c| format!(", next likely {c}")).unwrap_or_default();
        notes.push(format!(
            "{} wants a second look: confidence {:.2}{runner_up}",
            code(&tool.name),
            tool.confidence
        ));
    }
    for tool in &assessed.assessments {
        if let Some(reason) = &tool.override_reason {
            notes.push(format!(
                "{}: {} was set in {}: {}",
                code(&tool.name),
                tool.decision,
                code("mcpclass.toml"),
                prose(reason)
            ));
        }
    }
    for problem in &assessed.manifest.problems {
        notes.push(format!(
            "Problem at {}: {}",
            code(&problem.pointer),
            prose(&problem.message)
        ));
    }
    if !notes.is_empty() {
        writeln!(out)?;
    }
    for note in notes {
        writeln!(out, "- {note}")?;
    }
    Ok(())
}

fn policy(assessed: &Assessed, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Vec::new();
    json::pretty(&assessed.policy(), &mut text)?;
    let text = String::from_utf8_lossy(&text);
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    writeln!(out, "\n<details><summary>policy.json</summary>\n")?;
    writeln!(out, "{fence}json\n{text}\n{fence}\n\n</details>")
}

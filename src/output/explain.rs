//! The whole reckoning about one tool: its definition with the words that counted marked in place, then what they
//! came to. Laid out for a person; [`write_json`] has the same for a program.

use std::io::{self, Write};

use serde::Serialize;

use crate::assessment::Assessment;
use crate::manifest::{Server, Tool};
use crate::output::marks::{Block, blocks};
use crate::output::table::{lines, paint};
use crate::output::{Context, json};
use crate::report::{Producer, SCHEMA};
use crate::text::{cells, escape};
use crate::tree::Node;
use crate::ui;

/// One tool of one server, assessed.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Explained<'a> {
    /// Who offers it.
    pub server: &'a Server,
    /// The definition that was read.
    #[serde(serialize_with = "definition")]
    pub definition: &'a Tool,
    /// What was decided about it.
    pub assessment: &'a Assessment,
}

fn definition<S: serde::Serializer>(tool: &Tool, serializer: S) -> Result<S::Ok, S::Error> {
    tool.root().serialize(serializer)
}

/// Where nothing is known of the reader's width.
const USUAL_WIDTH: usize = 100;
/// Under this width labels stand above what they label.
const NARROW: usize = 60;
/// Columns of a label, with the gap after it.
const LABEL: usize = 13;

/// Prints one reckoning after another.
pub fn write(tools: &[Explained<'_>], context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    for (index, tool) in tools.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        let sheet = Sheet {
            tool: *tool,
            width: context.width.unwrap_or(USUAL_WIDTH),
        };
        sheet.header(out)?;
        sheet.definition(out)?;
        sheet.rationale(out)?;
        sheet.verdict(out)?;
    }
    Ok(())
}

/// Prints the same for a program.
pub fn write_json(tools: &[Explained<'_>], context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        mcpclass: Producer<'a>,
        explained: &'a [Explained<'a>],
    }
    let document = Document {
        schema: SCHEMA,
        mcpclass: Producer {
            version: env!("CARGO_PKG_VERSION"),
            rules: context.classifier.rules_digest(),
        },
        explained: tools,
    };
    json::pretty(&document, &mut *out)?;
    writeln!(out)
}

/// One reckoning on its way to the terminal.
struct Sheet<'a> {
    tool: Explained<'a>,
    width: usize,
}

impl Sheet<'_> {
    fn header(&self, out: &mut dyn Write) -> io::Result<()> {
        let Explained { server, assessment, .. } = self.tool;
        let name = escape::one_line(&assessment.name);
        let left = format!("{name} · {}", escape::one_line(&server.name));
        let label = assessment.label().to_string();
        let right = format!("{label} · confidence {:.2}", assessment.confidence);
        let painted = format!(
            "{} · confidence {:.2}",
            paint(ui::risk(assessment.risk), &label),
            assessment.confidence
        );
        let used = cells::width(&left) + cells::width(&right);
        if used + 2 <= self.width {
            let gap = " ".repeat(self.width - used);
            let server = left.strip_prefix(&*name).unwrap_or_default();
            writeln!(out, "{}{server}{gap}{painted}", paint(ui::STRONG, &name))?;
        } else {
            lines(out, &left, "", Some(self.width), ui::STRONG)?;
            lines(out, &right, "", Some(self.width), ui::risk(assessment.risk))?;
        }
        writeln!(out)
    }

    /// The definition with its marks, block by block; a label is printed once for the blocks that share it.
    fn definition(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut last = "";
        for block in blocks(self.tool.definition, self.tool.assessment) {
            let label = if block.label == last { "" } else { block.label };
            last = block.label;
            self.block(label, &block, out)?;
        }
        let unmarked = unmarked_parameters(self.tool.definition, self.tool.assessment);
        if !unmarked.is_empty() {
            let label = if last == "parameters" { "" } else { "parameters" };
            self.entry(label, &unmarked, ui::DIM, out)?;
        }
        for operation in &self.tool.assessment.operations {
            let label = if operation == &self.tool.assessment.operations[0] {
                "operations"
            } else {
                ""
            };
            let (parameter, value) = (
                escape::one_line(&operation.parameter),
                escape::one_line(&operation.value),
            );
            let text = format!("{parameter} = {value}: {}", operation.label());
            self.entry(label, &text, ui::risk(operation.risk), out)?;
        }
        for (index, signal) in self.tool.assessment.signals.iter().enumerate() {
            let label = if index == 0 { "signals" } else { "" };
            let text = format!("{}: {}", signal.id, escape::one_line(&signal.title));
            self.entry(label, &text, ui::CAUTION, out)?;
        }
        for (index, conflict) in self.tool.assessment.conflicts.iter().enumerate() {
            let label = if index == 0 { "conflicts" } else { "" };
            let message = escape::one_line(&conflict.message);
            let text = format!("{} ({}): {message}", conflict.hint, conflict.declared);
            self.entry(label, &text, ui::CAUTION, out)?;
        }
        Ok(())
    }

    fn block(&self, label: &str, block: &Block, out: &mut dyn Write) -> io::Result<()> {
        let indent = self.label(label, out)?;
        let room = self.width.saturating_sub(indent).max(10);
        for (index, line) in block.lines(room).iter().enumerate() {
            let margin = if index == 0 && !self.narrow() {
                String::new()
            } else {
                " ".repeat(indent)
            };
            writeln!(out, "{margin}{}", line.text)?;
            for mark in &line.marks {
                mark.write(indent, self.width, out)?;
            }
        }
        Ok(())
    }

    fn rationale(&self, out: &mut dyn Write) -> io::Result<()> {
        let rationale = &self.tool.assessment.rationale;
        if rationale.is_empty() {
            return writeln!(out);
        }
        writeln!(out)?;
        for line in cells::paragraph(rationale, self.width.saturating_sub(2)) {
            writeln!(out, "  {line}")?;
        }
        writeln!(out)
    }

    fn verdict(&self, out: &mut dyn Write) -> io::Result<()> {
        let assessment = self.tool.assessment;
        if let Some(runner_up) = assessment.runner_up {
            self.entry("runner-up", runner_up.name(), ui::category(runner_up), out)?;
        }
        self.entry(
            "decision",
            assessment.decision.name(),
            ui::decision(assessment.decision),
            out,
        )?;
        if let Some(reason) = &assessment.override_reason {
            self.entry(
                "",
                &format!("set in mcpclass.toml: {}", escape::one_line(reason)),
                ui::DIM,
                out,
            )?;
        }
        self.entry("policy.json", &policy(assessment), ui::COMMAND, out)?;
        self.entry("digest", &assessment.digest, ui::DIM, out)
    }

    /// A label and its wrapped text.
    fn entry(&self, label: &str, text: &str, style: anstyle::Style, out: &mut dyn Write) -> io::Result<()> {
        let indent = self.label(label, out)?;
        let wrapped = cells::paragraph(text, self.width.saturating_sub(indent).max(10));
        for (index, line) in wrapped.iter().enumerate() {
            let margin = if index == 0 && !self.narrow() {
                String::new()
            } else {
                " ".repeat(indent)
            };
            writeln!(out, "{margin}{}", paint(style, line))?;
        }
        Ok(())
    }

    /// Prints a label; where what follows it begins.
    fn label(&self, label: &str, out: &mut dyn Write) -> io::Result<usize> {
        if self.narrow() {
            if !label.is_empty() {
                writeln!(out, "  {}", paint(ui::DIM, label))?;
            }
            return Ok(4);
        }
        write!(
            out,
            "  {}{}",
            paint(ui::DIM, label),
            " ".repeat(LABEL - cells::width(label))
        )?;
        Ok(2 + LABEL)
    }

    const fn narrow(&self) -> bool {
        self.width < NARROW
    }
}

/// The parameters that nothing was said about, so that a reader sees what else there is.
fn unmarked_parameters(tool: &Tool, assessment: &Assessment) -> String {
    let Some(properties) = tool.properties() else {
        return String::new();
    };
    let marked = |name: &str| {
        let token = format!("/properties/{}", name.replace('~', "~0").replace('/', "~1"));
        let all = assessment
            .evidence
            .iter()
            .chain(assessment.signals.iter().flat_map(|s| &s.evidence));
        all.into_iter().any(|e| {
            let mut after = e.pointer.split(&token).skip(1);
            after.any(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let described: Vec<String> = properties
        .entries()
        .filter(|(name, _)| !marked(name))
        .map(|(name, schema)| format!("{}{}", escape::one_line(name), shape(tool, name, schema)))
        .collect();
    described.join(", ")
}

/// ` (string, optional)`.
pub(super) fn shape(tool: &Tool, name: &str, schema: Node<'_>) -> String {
    let required = tool
        .input_schema()
        .and_then(|s| s.get("required")?.as_array())
        .is_some_and(|mut names| names.any(|n| n.as_str() == Some(name)));
    let need = if required { "required" } else { "optional" };
    match schema.get("type").and_then(Node::as_str) {
        Some(kind) => format!(" ({}, {need})", escape::one_line(kind)),
        None => format!(" ({need})"),
    }
}

/// What the native policy says of the tool, on one line.
fn policy(assessment: &Assessment) -> String {
    let mut text = Vec::new();
    let written = if assessment.policy.hide.is_empty() {
        json::compact(&assessment.policy.tools, &mut text).map(|()| "\"tools\"")
    } else {
        json::compact(&assessment.policy.hide, &mut text).map(|()| "\"hide\"")
    };
    let key = written.expect("writing JSON to memory cannot fail");
    format!("{key}: {}", String::from_utf8_lossy(&text))
}

//! Questions that people ask about a tool, answered from what its page knows: each answer names the tool's own
//! operations, parameters and neighbours, or is left out.

use std::fmt::Write as _;

use serde::Serialize;

use super::tool::{OperationLine, ToolPage};
use crate::assessment::Assessment;
use crate::label::{Category, Decision, Risk};
use crate::policy::plan::{FenceKind, ToolPlan};

/// A question with its answer, as shown text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Question {
    /// What is asked.
    pub question: String,
    /// What is answered.
    pub answer: String,
}

/// The questions that have an answer.
pub fn of(page: &ToolPage, plan: Option<&ToolPlan>, assessment: &Assessment) -> Vec<Question> {
    let name = &page.name;
    let ask = |question: String, answer: Option<String>| answer.map(|answer| Question { question, answer });
    [
        ask(format!("What does {name} do?"), does(page, assessment)),
        ask(format!("How risky is {name}?"), Some(risk(page, assessment))),
        ask(
            format!("Can I limit {name} instead of blocking it?"),
            plan.map(|p| limit(page, p)),
        ),
        ask(format!("How do I block {name}?"), block(page)),
        ask("How do I enforce this decision?".to_owned(), enforce(page)),
        ask(format!("Which server provides {name}?"), Some(provider(page))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn does(page: &ToolPage, assessment: &Assessment) -> Option<String> {
    if !page.operations.is_empty() {
        let part = |operation: &OperationLine| format!("{} ({})", operation.value, operation.label.category);
        let list: Vec<String> = page.operations.iter().take(8).map(part).collect();
        let parameter = &page.operations[0].parameter;
        return Some(format!("What {parameter} says: {}.", list.join(", ")));
    }
    let first = assessment.rationale.split_inclusive(". ").next()?.trim();
    (!first.is_empty()).then(|| super::model::shown(first))
}

/// What the label means for this tool.
fn risk(page: &ToolPage, assessment: &Assessment) -> String {
    let means = match (assessment.category, assessment.risk) {
        (Category::Read, Risk::Low) => "a call changes nothing outside of itself",
        (Category::Read, Risk::Medium) => "a call changes nothing, but brings in or hands out more than a look-up does",
        (Category::Read, Risk::Critical) => "a call changes nothing, but what it returns opens other doors",
        (Category::Write, Risk::Critical) => "it changes who may do what, or reaches an audience without bounds",
        (Category::Write, _) => "it changes records; a mistake can be put right by another call",
        (Category::Execute, Risk::Critical) => {
            "it sets something in motion that the caller composes or that cannot be called back"
        }
        (Category::Execute, _) => "it sets a bounded piece of work in motion",
        (Category::Destructive, Risk::Critical) => {
            "what it removes is gone: nothing in the definition offers a way back"
        }
        (Category::Destructive, _) => "what it removes can be built again",
    };
    let mut text = format!("{} and {}: {means}.", page.label.category, page.label.risk);
    if !page.signals.is_empty() {
        let titles: Vec<String> = page.signals.iter().map(|s| lower_first(&s.title)).collect();
        let _ = write!(text, " Beside that: {}.", titles.join("; "));
    }
    if page.unsure {
        let runner_up = page.runner_up.unwrap_or("another category");
        let _ = write!(
            text,
            " The definition says little (confidence {}); {runner_up} is the next likely reading.",
            page.confidence
        );
    }
    text
}

fn limit(page: &ToolPage, plan: &ToolPlan) -> String {
    if let Some(split) = &plan.split {
        let (kept, refused) = (list(&split.kept), list(&split.refused));
        let parameter = super::model::shown(&split.parameter);
        let rate = split
            .rate
            .map_or_else(String::new, |rate| format!(", {rate} times a minute"));
        return format!("Yes, by {parameter}: {kept} may stay{rate}; a person decides about {refused}.");
    }
    if let Some(fence) = &plan.fence {
        let parameter = super::model::shown(&fence.parameter);
        let what = match fence.kind {
            FenceKind::Sql => "statements that only read",
            FenceKind::HttpMethod => "the methods GET, HEAD and OPTIONS",
        };
        return format!(
            "In part: programs that see arguments can hold {parameter} to {what}. That is a second line, no proof: \
             the decision stays {}.",
            page.decision
        );
    }
    match (plan.decision, plan.rate) {
        (Decision::Limit, Some(rate)) => format!("That is the recommendation: at most {rate} calls a minute."),
        (Decision::Allow, _) => "It needs no limit; cap it where its answers are large or cost money.".to_owned(),
        _ if page.label.category == "Destructive" => {
            "A cap does not help against a loss: one call is enough. Let a person approve each call if it is needed."
                .to_owned()
        }
        _ => {
            "A cap bounds how often, not what. Each single call can do the whole harm, so a person should see it first."
                .to_owned()
        }
    }
}

/// How the tool is kept from the agent, in the words of the native policy.
fn block(page: &ToolPage) -> Option<String> {
    let claude = page
        .policies
        .iter()
        .find(|p| p.id == "claude-code" && !p.text.is_empty())?;
    let rule = claude.text.split('"').find(|part| part.starts_with("mcp__"))?;
    Some(format!(
        "Name it under hide in policy.json, and the agent does not see it. In {}, put {} under permissions.deny in {}.",
        claude.title,
        super::model::shown(rule),
        claude.lives
    ))
}

fn enforce(page: &ToolPage) -> Option<String> {
    let ready: Vec<&str> = page
        .policies
        .iter()
        .filter(|p| !p.text.is_empty())
        .map(|p| p.title)
        .collect();
    let (first, rest) = ready.split_first()?;
    let verb = match page.decision {
        "allow" => "It may be called freely; under default deny it must still be listed",
        "limit" => "Calls are counted and capped",
        "ask" => "A person approves each call",
        "deny" => "Calls are refused",
        _ => "The agent does not see it",
    };
    Some(format!(
        "{verb}. The policy above is ready for {first}, {}; `mcpclass policy --for TARGET` writes the whole server's.",
        rest.join(", ")
    ))
}

fn provider(page: &ToolPage) -> String {
    let server = &page.server;
    let version = server.version.as_deref().map_or_else(String::new, |v| format!(" {v}"));
    let others = match server.tools {
        0 | 1 => "its only tool".to_owned(),
        n => format!("one of its {n} tools"),
    };
    let mut text = format!("{}{version}; this is {others}.", server.name);
    if let [first, rest @ ..] = page.same.as_slice() {
        let more = if rest.is_empty() {
            String::new()
        } else {
            format!(" and {} more", rest.len())
        };
        let _ = write!(text, " A tool of the same name is offered by {}{more}.", first.server);
    }
    text
}

fn list(values: &[String]) -> String {
    let values: Vec<String> = values.iter().take(12).map(|v| super::model::shown(v)).collect();
    values.join(", ")
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}

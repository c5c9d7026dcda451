//! `mcpclass rules test`: every rule shows what it earns. Its examples run alone and with all other rules.

use std::io::Write as _;

use serde_json::{Map, json};

use crate::classify::{Annotations, Classifier};
use crate::error::{Error, Outcome, Result};
use crate::manifest::Tool;
use crate::policy::decide::DecisionTable;
use crate::rules::RuleBook;

/// Arguments of `mcpclass rules test`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only the rules of these files, for example rules/verbs.toml
    files: Vec<String>,
}

pub(super) fn run(args: &Args, book: RuleBook) -> Result<Outcome> {
    let wanted = |file: &str| args.files.is_empty() || args.files.iter().any(|f| f.ends_with(file));
    let rules: Vec<_> = book.rules().iter().filter(|r| wanted(&r.file)).cloned().collect();
    if rules.is_empty() {
        return Err(Error::new("no rules stand in these files").help("mcpclass rules list"));
    }
    let classifier = Classifier::new(book, DecisionTable::default(), Annotations::Weigh);
    let mut out = std::io::stdout().lock();
    let (mut examples, mut wrong) = (0, 0);
    for rule in &rules {
        for (texts, must) in [(&rule.matches, true), (&rule.misses, false)] {
            for text in texts {
                examples += 1;
                let fires = classifier.fires(&rule.id, &example(text)?);
                if fires != must {
                    wrong += 1;
                    let what = if must { "missing" } else { "noisy" };
                    writeln!(out, "{what}: {} on {text:?}", rule.id)?;
                }
            }
        }
        if rule.matches.is_empty() || rule.misses.is_empty() {
            wrong += 1;
            writeln!(out, "untested: {} has no match or no miss", rule.id)?;
        }
    }
    writeln!(out, "{} rules, {examples} examples, {wrong} wrong", rules.len())?;
    Ok(if wrong == 0 {
        Outcome::Done
    } else {
        Outcome::GateTripped
    })
}

/// The tool that an example describes: `name`, `name: description`, or `name: {parameter, …}`, where a parameter is
/// text, `list[]`, `switch?`, `choice=a|b`, or `!hint` for an annotation that is true.
fn example(text: &str) -> Result<Tool> {
    let (name, rest) = text.split_once(": ").unwrap_or((text, ""));
    let value = match rest.strip_prefix('{').and_then(|r| r.strip_suffix('}')) {
        Some(parameters) => {
            let mut properties = Map::new();
            let mut annotations = Map::new();
            for parameter in parameters.split(", ") {
                if let Some(hint) = parameter.strip_prefix('!') {
                    annotations.insert(hint.to_owned(), json!(true));
                } else if let Some(list) = parameter.strip_suffix("[]") {
                    properties.insert(list.to_owned(), json!({"type": "array", "items": {"type": "string"}}));
                } else if let Some(switch) = parameter.strip_suffix('?') {
                    properties.insert(switch.to_owned(), json!({"type": "boolean"}));
                } else if let Some((choice, values)) = parameter.split_once('=') {
                    let values: Vec<&str> = values.split('|').collect();
                    properties.insert(choice.to_owned(), json!({"type": "string", "enum": values}));
                } else {
                    properties.insert(parameter.to_owned(), json!({"type": "string"}));
                }
            }
            json!({
                "name": name,
                "annotations": annotations,
                "inputSchema": {"type": "object", "properties": properties},
            })
        }
        None => json!({"name": name, "description": rest}),
    };
    Tool::from_value(value).map_err(|m| Error::new(format!("the example {text:?} is no tool: {m}")))
}

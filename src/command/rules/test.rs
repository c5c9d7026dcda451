//! `mcpclass rules test`: every rule shows what it earns. Its examples run alone, in a book of that rule and of what it
//! speaks of, and with all other rules.

use std::io::Write as _;

use rayon::prelude::*;
use serde_json::{Map, json};

use crate::classify::{Annotations, Classifier};
use crate::error::{Error, Outcome, Result};
use crate::manifest::Tool;
use crate::policy::decide::DecisionTable;
use crate::rules::sources::Sources;
use crate::rules::{Rule, RuleBook};

/// Arguments of `mcpclass rules test`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only the rules of these files, for example rules/verbs.toml
    files: Vec<String>,
}

pub(super) fn run(args: &Args, sources: &Sources) -> Result<Outcome> {
    let whole = sources.clone().book()?;
    let wanted = |file: &str| args.files.is_empty() || args.files.iter().any(|f| f.ends_with(file));
    let rules: Vec<Rule> = whole.rules().iter().filter(|r| wanted(&r.file)).cloned().collect();
    if rules.is_empty() {
        return Err(Error::new("no rules stand in these files").help("mcpclass rules list"));
    }
    let together = classifier(whole);
    let tested: Vec<Tested> = rules
        .par_iter()
        .map(|rule| Tested::of(rule, &together, sources))
        .collect::<Result<_>>()?;
    let mut out = std::io::stdout().lock();
    for line in tested.iter().flat_map(|t| &t.wrong) {
        writeln!(out, "{line}")?;
    }
    let sum = |count: fn(&Tested) -> usize| tested.iter().map(count).sum::<usize>();
    let (examples, wrong, kept) = (sum(|t| t.examples), sum(|t| t.wrong.len()), sum(|t| t.kept));
    writeln!(
        out,
        "{} rules, {examples} examples alone and together, {wrong} wrong; {kept} held back only by other rules",
        rules.len()
    )?;
    Ok(if wrong == 0 {
        Outcome::Done
    } else {
        Outcome::GateTripped
    })
}

fn classifier(book: RuleBook) -> Classifier {
    Classifier::new(book, DecisionTable::default(), Annotations::Weigh)
}

/// How one rule did.
#[derive(Debug, Default)]
struct Tested {
    examples: usize,
    /// What is wrong, a line each.
    wrong: Vec<String>,
    /// Examples of the rule's silence on which it would fire alone: another rule keeps it from that.
    kept: usize,
}

impl Tested {
    fn of(rule: &Rule, together: &Classifier, sources: &Sources) -> Result<Self> {
        let alone = classifier(sources.book_of(&rule.id, rule.kind)?);
        let mut tested = Self::default();
        for (texts, must) in [(&rule.matches, true), (&rule.misses, false)] {
            for text in texts {
                tested.examples += 1;
                let tool = example(text)?;
                let what = if must { "missing" } else { "noisy" };
                if together.fires(&rule.id, &tool) != must {
                    tested.wrong.push(format!("{what}: {} on {text:?}", rule.id));
                } else if alone.fires(&rule.id, &tool) != must {
                    if must {
                        tested.wrong.push(format!("{what} when alone: {} on {text:?}", rule.id));
                    } else {
                        tested.kept += 1;
                    }
                }
            }
        }
        if rule.matches.is_empty() || rule.misses.is_empty() {
            let line = format!("untested: {} has no match or no miss", rule.id);
            tested.wrong.push(line);
        }
        Ok(tested)
    }
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
    Tool::from_value(&value).map_err(|m| Error::new(format!("the example {text:?} is no tool: {m}")))
}

//! The part of a tool's page about what the caller passes and what the server declares: each parameter with what it
//! contributes to the label, each annotation with whether it agrees.

use serde::Serialize;

use super::marked::{self, Mark, Marked};
use super::model::{shorten, shown};
use crate::assessment::Assessment;
use crate::classify::Classifier;
use crate::manifest::Tool;
use crate::tree::{Items, Node, View};

/// What the caller passes.
#[derive(Clone, Debug, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type in words.
    pub kind: String,
    /// Whether it must be given.
    pub required: bool,
    /// What it is when it is not given.
    pub default: Option<String>,
    /// The values it may have.
    pub values: Vec<String>,
    /// How many values are not listed.
    pub more_values: usize,
    /// What the server says about it.
    pub description: Option<Marked>,
    /// What it contributes to the label and the signals.
    pub contributes: Vec<String>,
}

/// What the server declares.
#[derive(Clone, Debug, Serialize)]
pub struct Annotation {
    /// `readOnlyHint`, …
    pub hint: String,
    /// What is declared.
    pub declared: bool,
    /// `agrees`, `contradicts` or `claim`.
    pub verdict: &'static str,
    /// What that means.
    pub says: String,
}

/// Values that are listed.
const VALUES: usize = 12;

/// Parameters that are listed; more is a schema to be read, not a page.
const PARAMETERS: usize = 40;

pub(super) fn parameters(
    classifier: &Classifier,
    tool: &Tool,
    assessment: &Assessment,
    marks: &[Mark<'_>],
) -> Vec<Parameter> {
    let Some(schema) = tool.input_schema() else {
        return Vec::new();
    };
    let Some(properties) = tool.properties() else {
        return Vec::new();
    };
    let required = |name: &str| {
        let names = schema.get("required").and_then(Node::as_array);
        names.is_some_and(|mut names| names.any(|n| n.as_str() == Some(name)))
    };
    let fired = classifier.fired(tool);
    let key = tool.schema_key().unwrap_or_default();
    let one = |(name, schema): (&str, Node<'_>)| {
        let pointer = format!("/{key}/properties/{}", name.replace('~', "~0").replace('/', "~1"));
        let within = |at: &str| at == pointer || at.strip_prefix(&pointer).is_some_and(|rest| rest.starts_with('/'));
        let mut contributes: Vec<String> = Vec::new();
        for evidence in marked::evidence(assessment)
            .chain(&fired)
            .filter(|e| within(&e.pointer))
        {
            let rule = classifier.book().rules().iter().find(|r| r.id == evidence.rule);
            if let Some(rule) = rule.filter(|r| !r.why.is_empty() && !contributes.contains(&r.why)) {
                contributes.push(rule.why.clone());
            }
        }
        let values = || schema.get("enum").into_iter().flat_map(Node::items);
        Parameter {
            name: shown(name),
            kind: kind(schema, 0),
            required: required(name),
            default: schema
                .get("default")
                .filter(|d| !d.is_null())
                .map(|d| shorten(&plain(d), 60)),
            values: values().take(VALUES).map(|v| shorten(&plain(v), 60)).collect(),
            more_values: values().skip(VALUES).count(),
            description: Marked::at(tool, &format!("{pointer}/description"), marks)
                .filter(|m| !m.text().trim().is_empty()),
            contributes,
        }
    };
    let mut parameters: Vec<Parameter> = properties.entries().take(PARAMETERS).map(one).collect();
    // What must be given first; the server's order within.
    parameters.sort_by_key(|p| !p.required);
    parameters
}

/// A value as text.
fn plain(value: Node<'_>) -> String {
    match value.as_str() {
        Some(text) => shown(text),
        None => shown(&value.to_string()),
    }
}

/// The type of a schema in words.
fn kind(schema: Node<'_>, depth: usize) -> String {
    if depth > 3 {
        return "…".to_owned();
    }
    let list = |values: Items<'_>| {
        let mut kinds: Vec<String> = values.map(|v| kind(v, depth + 1)).collect();
        kinds.dedup();
        kinds.truncate(4);
        kinds.join(" or ")
    };
    for key in ["anyOf", "oneOf"] {
        if let Some(values) = schema.get(key).and_then(Node::as_array) {
            return list(values);
        }
    }
    match schema.get("type").map(Node::view) {
        Some(View::Text("array")) => match schema.get("items").and_then(Node::as_object) {
            Some(items) => format!("array of {}", kind(items, depth + 1)),
            None => "array".to_owned(),
        },
        Some(View::Text(name)) => shorten(&shown(name), 40),
        Some(View::Array(names)) => {
            let names: Vec<String> = names.take(4).map(plain).collect();
            names.join(" or ")
        }
        _ if schema.get("enum").is_some() => "one of".to_owned(),
        _ => "anything".to_owned(),
    }
}

pub(super) fn annotations(tool: &Tool, assessment: &Assessment) -> Vec<Annotation> {
    let hints = ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"];
    let one = |hint: &&str| {
        let declared = tool.hint(hint)?;
        let conflict = assessment.conflicts.iter().find(|c| c.hint == **hint);
        let (verdict, says) = match (conflict, *hint) {
            (Some(conflict), _) => ("contradicts", shown(&conflict.message)),
            (None, "readOnlyHint" | "destructiveHint") => {
                ("agrees", "nothing in the definition contradicts it".to_owned())
            }
            (None, "idempotentHint") if declared => (
                "claim",
                "a claim: that repeating a call changes nothing more cannot be read from a definition".to_owned(),
            ),
            (None, "openWorldHint") if declared => {
                ("claim", "it reaches things outside of the server's own".to_owned())
            }
            (None, _) => ("claim", "a claim that a definition cannot prove".to_owned()),
        };
        Some(Annotation {
            hint: (*hint).to_owned(),
            declared,
            verdict,
            says,
        })
    };
    hints.iter().filter_map(one).collect()
}

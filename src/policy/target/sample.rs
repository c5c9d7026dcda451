//! A server made up for the tests of targets: a tool of every decision, one of several operations, one with an
//! open statement. Assessments are put together by hand, so that no test of a format depends on the classifier.

use serde_json::{Value, json};

use crate::assessment::{Assessment, Operation};
use crate::label::{Category, Label, Risk};
use crate::manifest::{Manifest, Server};
use crate::policy::decide::DecisionTable;
use crate::policy::native::{Policy, Subject};
use crate::policy::plan::Plan;
use crate::report::Assessed;

use super::{Draft, Form, Options, Target, draft};

/// Allowed by the table.
pub const READ: Label = Label::new(Category::Read, Risk::Low);
/// Limited to 30 calls a minute.
pub const WRITE: Label = Label::new(Category::Write, Risk::Medium);
/// Asked about.
pub const EXECUTE: Label = Label::new(Category::Execute, Risk::Critical);
/// Hidden.
pub const DESTRUCTIVE: Label = Label::new(Category::Destructive, Risk::Critical);

/// Names that break formats which do not escape them.
pub const NASTY: &[&str] = &[
    "a\"b",
    "it's",
    "a.b",
    "a/b",
    "a b",
    "a\\b",
    "${HOME}",
    "a__b",
    "a#b: c",
    "名前🦀",
    "a,b",
    "a{b}",
    "[a]",
    "- a",
    "true",
    "1e3",
    "\u{202e}evil",
];

/// Tools of these labels, decided by the default table.
pub fn assessed(server: &str, tools: &[(&str, Label)]) -> Assessed {
    let values = tools.iter().map(|(name, _)| json!({"name": name})).collect();
    let assessments = tools
        .iter()
        .map(|(name, label)| assessment(name, *label, &[]))
        .collect();
    with(server, values, assessments)
}

/// The plan of tools of these labels.
pub fn plan_of(server: &str, tools: &[(&str, Label)]) -> Plan {
    Plan::of(&assessed(server, tools))
}

/// A tool of every decision, `manage_session` with a deleting operation, `query_db` with an open statement.
pub fn plan() -> Plan {
    let operation = |value: &str, label: Label| Operation {
        parameter: "action".to_owned(),
        value: value.to_owned(),
        category: label.category,
        risk: label.risk,
    };
    let operations = [
        operation("list", READ),
        operation("get", READ),
        operation("delete", DESTRUCTIVE),
    ];
    let query = json!({"name": "query_db", "description": "Runs a SQL query.",
        "inputSchema": {"type": "object", "properties": {"sql": {"type": "string"}}, "required": ["sql"]}});
    let mut values: Vec<Value> = ["session_list", "session_set_active", "session_clear_all", "run_code"]
        .iter()
        .map(|name| json!({"name": name}))
        .collect();
    values.push(json!({"name": "manage_session", "inputSchema": {"type": "object",
        "properties": {"action": {"enum": ["list", "get", "delete"]}}, "required": ["action"]}}));
    values.push(query);
    let assessments = vec![
        assessment("session_list", READ, &[]),
        assessment("session_set_active", WRITE, &[]),
        assessment("session_clear_all", DESTRUCTIVE, &[]),
        assessment("run_code", EXECUTE, &[]),
        assessment("manage_session", DESTRUCTIVE, &operations),
        assessment("query_db", READ, &[]),
    ];
    Plan::of(&with("llm-gateway", values, assessments))
}

/// The sample in one file of a target, where every file is written.
pub fn drafted<'a>(target: &'static Target, form: usize, plans: &[&'a Plan], options: &'a Options) -> Draft<'a> {
    let form: &'static Form = &target.forms[form];
    draft(target, form, plans, options).expect("every name can be held")
}

/// The text of one file of a target for these plans, where every file is written.
pub fn text(target: &'static Target, form: usize, plans: &[&Plan]) -> String {
    let options = Options {
        every_form: true,
        ..Options::default()
    };
    let draft = drafted(target, form, plans, &options);
    (target.forms[form].emit)(&draft).expect("it can be written")
}

/// The file of a target as JSON.
pub fn value(target: &'static Target, form: usize, plans: &[&Plan]) -> Value {
    jsonc_parser::parse_to_serde_value(&text(target, form, plans), &jsonc_parser::ParseOptions::default())
        .expect("JSON")
}

/// The file of a target as YAML.
pub fn yaml(target: &'static Target, form: usize, plans: &[&Plan]) -> Value {
    serde_saphyr::from_str(&text(target, form, plans)).expect("YAML")
}

fn with(server: &str, values: Vec<Value>, assessments: Vec<Assessment>) -> Assessed {
    let manifest = Manifest::from_values(Server::from_file(server, "sample.json"), values);
    Assessed { manifest, assessments }
}

fn assessment(name: &str, label: Label, operations: &[Operation]) -> Assessment {
    let table = DecisionTable::default();
    let decision = table.decide(label);
    let subject = Subject {
        name,
        label,
        operations,
        default_operation: None,
        decision,
        reason: "the sample says so",
        overridden: false,
    };
    Assessment {
        name: name.to_owned(),
        category: label.category,
        risk: label.risk,
        confidence: 0.9,
        runner_up: None,
        operations: operations.to_vec(),
        signals: Vec::new(),
        evidence: Vec::new(),
        rationale: "The sample says so. It says more.".to_owned(),
        conflicts: Vec::new(),
        decision,
        policy: Policy::of(subject, &table),
        digest: "sha256:0".to_owned(),
        override_reason: None,
        carriers: Vec::new(),
    }
}

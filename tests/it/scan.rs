//! `mcpclass scan` on saved manifests: the contract's document, and the five reference tools.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::common::{mcpclass, root, shared, stderr, stdout};

fn scan(file: &str) -> Value {
    let output = mcpclass(&root())
        .args(["scan", "--format", "json", file])
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).expect("JSON")
}

#[test]
fn scan_prints_the_contract_document() {
    let report = scan("fixtures/manifests/notes.json");
    assert_eq!(report["schema"], "mcpclass/1");
    assert_eq!(report["servers"][0]["summary"]["tools"], 4);
    let tool = &report["servers"][0]["tools"][0];
    for key in [
        "name",
        "category",
        "risk",
        "confidence",
        "runner_up",
        "operations",
        "signals",
        "evidence",
        "rationale",
        "conflicts",
        "decision",
        "policy",
        "digest",
    ] {
        assert!(tool.get(key).is_some(), "no {key} in {tool:#}");
    }
}

/// Label and policy of each reference tool.
fn reference() -> [(&'static str, &'static str, &'static str, Value); 5] {
    let hide = |name: &str| json!({"version": "1", "default": "deny", "hide": [name]});
    let limit = json!({"counter": "session_set_active_rate", "window": "minute", "max": 30, "scope": "grant"});
    [
        (
            "session_clear_all",
            "Destructive",
            "critical",
            hide("session_clear_all"),
        ),
        ("session_delete", "Destructive", "critical", hide("session_delete")),
        ("clear_session", "Destructive", "critical", hide("clear_session")),
        (
            "session_list",
            "Read",
            "low",
            json!({"version": "1", "default": "deny", "tools": {"session_list": {}}}),
        ),
        (
            "session_set_active",
            "Write",
            "medium",
            json!({"version": "1", "default": "deny", "tools": {"session_set_active": {"limits": [limit]}}}),
        ),
    ]
}

fn judge(name: &str, tools: &[Value]) {
    let (_, category, risk, policy) = reference().into_iter().find(|r| r.0 == name).expect("a reference tool");
    let tool = tools.iter().find(|tool| tool["name"] == name).expect("it is assessed");
    assert_eq!(
        (&tool["category"], &tool["risk"]),
        (&json!(category), &json!(risk)),
        "{tool:#}"
    );
    assert_eq!(tool["policy"], policy);
    assert!(
        tool["rationale"].as_str().is_some_and(|text| text.len() > 40),
        "{tool:#}"
    );
    let bulk = |signal: &Value| signal["id"] == "bulk";
    let signals = tool["signals"].as_array().expect("signals");
    assert_eq!(signals.iter().any(bulk), name == "session_clear_all", "{tool:#}");
}

#[test]
fn the_reference_tools_come_out_as_written() {
    let report = scan("fixtures/manifests/sessions.json");
    let tools = report["servers"][0]["tools"].as_array().expect("tools");
    for (name, ..) in reference() {
        judge(name, tools);
    }
    let words = |tool: &str, signal: &str| -> Vec<String> {
        let tool = tools.iter().find(|t| t["name"] == tool).expect("it is there");
        let found = tool["signals"]
            .as_array()
            .expect("signals")
            .iter()
            .find(|s| s["id"] == signal);
        let evidence = found
            .and_then(|s| s["evidence"].as_array())
            .cloned()
            .unwrap_or_default();
        evidence
            .iter()
            .map(|e| e["text"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let bulk = words("session_clear_all", "bulk");
    assert!(bulk.iter().any(|text| text.contains("clear_all")), "{bulk:?}");
    assert!(
        bulk.iter().any(|text| text.eq_ignore_ascii_case("delete all")),
        "{bulk:?}"
    );
}

/// The same with the definitions as their servers publish them, where they are at hand.
#[test]
fn the_published_reference_tools_come_out_as_written() {
    let Some(path) = shared("labels/reference-tools.jsonl") else {
        return;
    };
    let mut child = mcpclass(&root())
        .arg("classify")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let text = std::fs::read(path).expect("readable");
    child.stdin.take().expect("piped").write_all(&text).expect("written");
    let output = child.wait_with_output().expect("it ends");
    let tools: Vec<Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    for (name, ..) in reference() {
        judge(name, &tools);
    }
}

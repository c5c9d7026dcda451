//! Findings as SARIF 2.1.0 (OASIS), in the shape that code scanning reads: every rule with help, every result
//! with a place and fingerprints that survive a move.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::output::finding::{Finding, Level, Place, RuleInfo};
use crate::output::{Context, json};
use crate::report::Assessed;

/// Longest message; code scanning shows about a thousand characters.
const MESSAGE: usize = 1_000;

/// A scan's findings.
pub(super) fn write(servers: &[Assessed], context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (findings, rules) = context.findings(servers);
    out.write_all(render(&findings, &rules, "scan").as_bytes())
}

/// The log of one run. `rules` describe what findings name; those that none names are left out.
pub fn render(findings: &[Finding], rules: &[RuleInfo], run: &str) -> String {
    let named: Vec<RuleInfo> = named(findings, rules);
    let index = |id: &str| named.iter().position(|rule| rule.id == id);
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| result(finding, index(&finding.rule)))
        .collect();
    let trouble: Vec<Value> = findings
        .iter()
        .filter(|finding| finding.rule == "unlisted")
        .map(|finding| json!({"level": "error", "message": {"text": finding.message}}))
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "mcpclass",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": named.iter().map(descriptor).collect::<Vec<_>>(),
            }},
            "automationDetails": {"id": format!("mcpclass/{run}/")},
            "invocations": [{"executionSuccessful": trouble.is_empty(), "toolExecutionNotifications": trouble}],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    json::text(&log)
}

/// The rules that findings name, in the order of their ids; one that nobody describes is named by its id.
fn named(findings: &[Finding], rules: &[RuleInfo]) -> Vec<RuleInfo> {
    let mut ids: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let describe = |id: &str| {
        rules
            .iter()
            .find(|rule| rule.id == id)
            .cloned()
            .unwrap_or_else(|| RuleInfo {
                id: id.to_owned().into(),
                title: id.to_owned().into(),
                help: format!("`mcpclass rules show {id}` tells more.").into(),
                severity: "5.0".into(),
            })
    };
    ids.into_iter().map(describe).collect()
}

fn descriptor(rule: &RuleInfo) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.help},
        "help": {"text": rule.help, "markdown": rule.help},
        "properties": {
            "tags": ["security", "mcp"],
            "precision": "high",
            "security-severity": rule.severity,
        },
    })
}

fn result(finding: &Finding, rule: Option<usize>) -> Value {
    let level = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    let mut result = Map::new();
    result.insert("ruleId".to_owned(), json!(finding.rule));
    if let Some(rule) = rule {
        result.insert("ruleIndex".to_owned(), json!(rule));
    }
    result.insert("level".to_owned(), json!(level));
    let message = crate::baseline::phrase::shorten(&finding.message, MESSAGE);
    result.insert("message".to_owned(), json!({"text": plain_text(&message)}));
    result.insert("locations".to_owned(), json!([location(finding)]));
    let fingerprint = finding.fingerprint();
    result.insert(
        "partialFingerprints".to_owned(),
        json!({
            // What code scanning matches alerts by: another definition is another alert, a moved line is not.
            "primaryLocationLineHash": format!("{}:1", &fingerprint[..16]),
            "mcpclass/definition/v1": fingerprint,
            "mcpclass/subject/v1": finding.subject(),
        }),
    );
    if let Some(reason) = &finding.accepted {
        let suppression = json!({"kind": "external", "status": "accepted", "justification": reason});
        result.insert("suppressions".to_owned(), json!([suppression]));
    }
    Value::Object(result)
}

fn location(finding: &Finding) -> Value {
    let logical = if finding.tool.is_empty() {
        json!({"name": finding.server, "kind": "module"})
    } else {
        json!({"name": finding.tool, "fullyQualifiedName": format!("{}/{}", finding.server, finding.tool), "kind": "function"})
    };
    let mut location = Map::new();
    if let Some(place) = &finding.place {
        location.insert("physicalLocation".to_owned(), physical(place));
    }
    location.insert("logicalLocations".to_owned(), json!([logical]));
    Value::Object(location)
}

fn physical(place: &Place) -> Value {
    let artifact = json!({"uri": uri(&place.file)});
    match place.region {
        None => json!({"artifactLocation": artifact}),
        Some(region) => json!({
            "artifactLocation": artifact,
            "region": {
                "startLine": region.line,
                "startColumn": region.column,
                "endLine": region.end_line,
                "endColumn": region.end_column,
            },
        }),
    }
}

/// Messages may hold links in square brackets (SARIF 3.11.6); a server's brackets are text.
fn plain_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

/// A path as a relative URI reference (RFC 3986); an absolute one as a `file` URI.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            byte => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uri_references() {
        assert_eq!(uri("a b/ü:c.json"), "a%20b/%C3%BC%3Ac.json");
        assert_eq!(uri("/tmp/x"), "file:///tmp/x");
    }
}

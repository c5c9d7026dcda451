//! Claude Code: permission rules in settings. Deny beats ask beats allow whatever the order, so no broad deny can
//! stand beside an allowed tool; a tool without a rule asks. Denied tools are taken from the model's list.

use serde_json::{Value, json};

use super::quote::document;
use super::{Capabilities, Draft, Form, Scope, Support, Target, any_alias, api_name, no_exception};
use crate::label::Decision;
use crate::policy::merge::{Edit, Format, Merge, path};

const CAN: Capabilities = Capabilities {
    allow: Support::Yes,
    limit: Support::No,
    ask: Support::Yes,
    deny: Support::Yes,
    hide: Support::Yes,
    arguments: false,
    unlisted: Decision::Ask,
};

pub(super) static TARGET: Target = Target {
    id: "claude-code",
    title: "Claude Code",
    scope: Scope::ManyServers,
    alias: any_alias,
    key: rule,
    forms: &[
        Form {
            file: "settings.json",
            lives: ".claude/settings.json, ~/.claude/settings.json",
            can: CAN,
            except: no_exception,
            emit: settings,
            merge: Some(Merge {
                format: Format::Json,
                names: &["settings.json", "settings.local.json"],
                edits,
            }),
        },
        Form {
            file: "managed-settings.json",
            lives: "/etc/claude-code/, /Library/Application Support/ClaudeCode/, C:\\Program Files\\ClaudeCode\\",
            can: CAN,
            except: no_exception,
            emit: managed,
            merge: Some(Merge {
                format: Format::Json,
                names: &["managed-settings.json"],
                edits,
            }),
        },
    ],
    reader: "Claude Code itself, with a server and a model of the tests (live)",
    caution: "settings of a user bind only that user: managed-settings.json is for machines that people share",
};

/// `mcp__SERVER__TOOL`, in which other characters become `_`: no name can turn into a wildcard or hold arguments.
fn rule(alias: &str, tool: &str) -> Result<String, String> {
    let mut server = api_name(alias);
    if alias.starts_with("claude.ai ") {
        // Claude Code writes the names of these with single underscores.
        let words: Vec<&str> = server.split('_').filter(|word| !word.is_empty()).collect();
        server = words.join("_");
    }
    Ok(format!("mcp__{server}__{}", api_name(tool)))
}

/// The rules of every server: allowed, asked about, denied.
fn lists(draft: &Draft<'_>) -> [Vec<String>; 3] {
    let of = |holds: fn(Decision) -> bool| {
        let mut rules: Vec<String> = Vec::new();
        for key in draft.servers.iter().flat_map(|s| s.keys(holds)) {
            if !rules.iter().any(|r| r == key) {
                rules.push(key.to_owned());
            }
        }
        rules
    };
    [
        of(|d| d <= Decision::Limit),
        of(|d| d == Decision::Ask),
        of(|d| d >= Decision::Deny),
    ]
}

fn settings(draft: &Draft<'_>) -> Result<String, String> {
    let [allow, ask, deny] = lists(draft);
    Ok(document(&json!({
        "$schema": "https://json.schemastore.org/claude-code-settings.json",
        "permissions": {"allow": allow, "ask": ask, "deny": deny},
    })))
}

fn managed(draft: &Draft<'_>) -> Result<String, String> {
    let [allow, ask, deny] = lists(draft);
    Ok(document(&json!({
        "permissions": {"allow": allow, "ask": ask, "deny": deny, "disableBypassPermissionsMode": "disable"},
        "allowManagedPermissionRulesOnly": Value::Bool(true),
    })))
}

fn edits(draft: &Draft<'_>) -> Vec<Edit> {
    let [allow, ask, deny] = lists(draft);
    vec![Edit::Levels {
        lists: vec![
            (path(&["permissions", "allow"]), allow),
            (path(&["permissions", "ask"]), ask),
            (path(&["permissions", "deny"]), deny),
        ],
        strictest_wins: true,
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::target::sample;

    /// What Claude Code does with a call: the first list that names it, deny first; else it asks.
    fn decide(settings: &Value, rule: &str) -> &'static str {
        for (list, answer) in [("deny", "deny"), ("ask", "ask"), ("allow", "allow")] {
            let rules = settings["permissions"][list].as_array().expect("a list");
            if rules.iter().any(|r| r == rule) {
                return answer;
            }
        }
        "ask"
    }

    #[test]
    fn it_decides_as_intended() {
        let plan = sample::plan();
        for form in [0, 1] {
            let settings = sample::value(&TARGET, form, &[&plan]);
            assert_eq!(decide(&settings, "mcp__llm-gateway__session_list"), "allow");
            assert_eq!(decide(&settings, "mcp__llm-gateway__session_set_active"), "ask");
            assert_eq!(decide(&settings, "mcp__llm-gateway__session_clear_all"), "deny");
            assert_eq!(decide(&settings, "mcp__llm-gateway__run_code"), "ask");
            assert_eq!(decide(&settings, "mcp__llm-gateway__manage_session"), "deny");
            assert_eq!(decide(&settings, "mcp__llm-gateway__added_tomorrow"), "ask");
        }
    }

    #[test]
    fn no_name_becomes_a_wildcard_or_a_pattern() {
        let tools: Vec<_> = sample::NASTY
            .iter()
            .chain(&["*", "a(b)"])
            .map(|n| (*n, sample::READ))
            .collect();
        let settings = sample::value(&TARGET, 0, &[&sample::plan_of("my server", &tools)]);
        for rule in settings["permissions"]["allow"].as_array().expect("a list") {
            let rule = rule.as_str().expect("a string");
            assert!(rule.starts_with("mcp__my_server__"), "{rule}");
            assert!(
                rule.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)),
                "{rule}"
            );
        }
    }

    #[test]
    fn names_that_cannot_be_told_apart_share_the_stricter_rule() {
        let plan = sample::plan_of("s", &[("a.b", sample::READ), ("a_b", sample::DESTRUCTIVE)]);
        let settings = sample::value(&TARGET, 0, &[&plan]);
        assert_eq!(settings["permissions"]["deny"], json!(["mcp__s__a_b"]));
        assert_eq!(settings["permissions"]["allow"], json!([]));
    }
}

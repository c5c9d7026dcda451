//! PolicyLayer Intercept: YAML for a proxy before one server. It counts calls, hides tools and tests arguments; it
//! cannot ask. Its loader drops keys that it does not know, so only documented ones are written.

use super::quote::{list, yaml};
use super::{Capabilities, Draft, Form, Ruling, Scope, Support, Target, any_alias, bare_key};
use crate::label::Decision;
use crate::policy::plan::{FenceKind, ToolPlan};

pub(super) static TARGET: Target = Target {
    id: "intercept",
    title: "PolicyLayer Intercept",
    scope: Scope::OneServer,
    alias: any_alias,
    key: bare_key,
    forms: &[Form {
        file: "policy.yaml",
        lives: "anywhere: intercept -c policy.yaml -- COMMAND",
        can: Capabilities {
            allow: Support::Yes,
            limit: Support::Yes,
            ask: Support::No,
            deny: Support::Yes,
            hide: Support::Yes,
            arguments: true,
            unlisted: Decision::Deny,
        },
        except: dotted_limit,
        emit,
        merge: None,
    }],
    reader: "no reader to be had: its documented checks, written again",
    caution: "Intercept ignores keys that it does not know: after editing by hand, compare with its POLICY.md",
};

/// One statement that reads, and no second one: Intercept has no way to say that a pattern must not match.
const ONE_READING_STATEMENT: &str = r"(?i)^\s*(select|show|describe|desc|values)\b[^;]*;?\s*$";

/// The path of a counter is split at dots, so that a limit on such a name fails Intercept's own validation.
fn dotted_limit(_alias: &str, tool: &ToolPlan, decision: Decision) -> Option<&'static str> {
    (decision == Decision::Limit && tool.name.contains('.')).then_some("it cannot count calls of a name with a dot")
}

fn emit(draft: &Draft<'_>) -> Result<String, String> {
    let server = draft.servers.first().ok_or("there is no server")?;
    let about = yaml(&format!("mcpclass recommended policy for {}", server.plan.server.name));
    let mut out = draft.comments("#");
    put!(out, "version: \"1\"\ndescription: {about}\ndefault: deny\n");
    let hidden = server.names(|d| d == Decision::Hide);
    if !hidden.is_empty() {
        out += "\nhide:\n";
        out.extend(hidden.into_iter().map(|name| format!("  - {}\n", yaml(name))));
    }
    let mut listed = server
        .rulings
        .iter()
        .filter(|r| r.decision != Decision::Hide)
        .peekable();
    if listed.peek().is_none() {
        return Ok(out + "\ntools: {}\n");
    }
    out += "\ntools:\n";
    for ruling in listed {
        put!(out, "  {}:\n", yaml(ruling.name()));
        let rules = rules(ruling);
        if rules.is_empty() {
            out += "    rules: []\n";
        } else {
            out += "    rules:\n";
            out.extend(rules);
        }
    }
    Ok(out)
}

/// The rules of one tool; all of them must pass.
fn rules(ruling: &Ruling<'_>) -> Vec<String> {
    let reason = &ruling.tool.reason;
    if ruling.decision == Decision::Deny {
        let told = match ruling.tool.decision {
            Decision::Ask => format!("Requires human approval: {reason}"),
            _ => format!("Denied: {reason}"),
        };
        return vec![format!(
            "      - name: \"refuse\"\n        action: \"deny\"\n        on_deny: {}\n",
            yaml(&told)
        )];
    }
    let condition = |name: &str, parameter: &str, op: &str, value: &str, told: &str| {
        format!(
            "      - name: \"{name}\"\n        conditions:\n          - path: {}\n            op: \"{op}\"\n            value: {value}\n        on_deny: {}\n",
            yaml(&format!("args.{parameter}")),
            yaml(told)
        )
    };
    let mut rules = Vec::new();
    if let Some(split) = ruling.split {
        let kept = list(split.kept.iter().map(String::as_str), yaml);
        let told = format!("Requires human approval: {reason}");
        rules.push(condition("harmless operations", &split.parameter, "in", &kept, &told));
    }
    if let Some(fence) = ruling.fence {
        let (op, value, told) = match fence.kind {
            FenceKind::Sql => (
                "regex",
                yaml(ONE_READING_STATEMENT),
                "Only one reading statement passes",
            ),
            FenceKind::HttpMethod => (
                "in",
                list(FenceKind::METHODS.iter().copied(), yaml),
                "Only reading methods pass",
            ),
        };
        rules.push(condition("fence", &fence.parameter, op, &value, told));
    }
    if let Some(rate) = ruling.rate {
        rules.push(format!(
            "      - name: \"minute limit\"\n        rate_limit: {rate}/minute\n        on_deny: {}\n",
            yaml(&format!("Limit of {rate} calls a minute reached"))
        ));
    }
    rules
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::policy::target::{Options, sample};

    /// The checks that Intercept's `validate` documents, as far as a file without `state` blocks can break them.
    fn validate(policy: &Value) -> Vec<String> {
        let mut errors = Vec::new();
        let mut check = |ok: bool, what: String| {
            if !ok {
                errors.push(what);
            }
        };
        let known = ["version", "description", "default", "hide", "tools"];
        for key in policy.as_object().into_iter().flat_map(|p| p.keys()) {
            check(known.contains(&key.as_str()), format!("unknown key {key}"));
        }
        check(policy["version"] == "1", "version must be \"1\"".into());
        check(policy["default"] == "deny", "default must be deny here".into());
        let hide: Vec<&str> = policy["hide"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for (i, name) in hide.iter().enumerate() {
            check(!name.is_empty(), format!("hide[{i}]: entry must not be empty"));
            check(!hide[..i].contains(name), format!("hide: duplicate entry {name}"));
        }
        for (tool, entry) in policy["tools"].as_object().into_iter().flatten() {
            let rules = entry["rules"].as_array().expect("rules is a list");
            let limits = rules.iter().filter(|r| r.get("rate_limit").is_some()).count();
            check(limits < 2, format!("{tool}: duplicate state counter"));
            for rule in rules {
                let at = |what: &str| format!("{tool}: {what}");
                check(
                    rule["name"].as_str().is_some_and(|n| !n.is_empty()),
                    at("rule must have a name"),
                );
                let conditions = rule["conditions"].as_array();
                let denies = rule["action"] == "deny";
                check(
                    rule["action"].is_null() || denies,
                    at("action must be evaluate or deny"),
                );
                check(
                    !denies || conditions.is_none(),
                    at("deny rules must not have conditions"),
                );
                let limit = rule["rate_limit"].as_str();
                check(
                    !denies || limit.is_none(),
                    at("rate_limit cannot be used with action deny"),
                );
                check(
                    limit.is_none() || conditions.is_none(),
                    at("rate_limit cannot be combined with conditions"),
                );
                check(
                    denies || limit.is_some() || conditions.is_some_and(|c| !c.is_empty()),
                    at("no condition"),
                );
                if let Some((count, window)) = limit.and_then(|l| l.split_once('/')) {
                    check(count.parse::<u32>().is_ok_and(|c| c > 0), at("rate_limit count"));
                    check(["minute", "hour", "day"].contains(&window), at("rate_limit window"));
                    check(!tool.contains('.'), at("condition references state of a dotted name"));
                }
                for c in conditions.into_iter().flatten() {
                    check(
                        c["path"].as_str().is_some_and(|p| p.starts_with("args.")),
                        at("path must start with args."),
                    );
                    match c["op"].as_str() {
                        Some("in") => check(c["value"].is_array(), at("operator in requires a list value")),
                        Some("regex") => check(
                            c["value"].as_str().is_some_and(|p| regex::Regex::new(p).is_ok()),
                            at("invalid regex"),
                        ),
                        op => check(false, at(&format!("unknown operator {op:?}"))),
                    }
                }
            }
        }
        errors
    }

    /// Whether Intercept lets a call through, by its documented order of evaluation and within the limits.
    fn passes(policy: &Value, tool: &str, args: &Value) -> bool {
        if policy["hide"].as_array().into_iter().flatten().any(|h| h == tool) {
            return false;
        }
        let Some(entry) = policy["tools"].get(tool) else {
            return false;
        };
        entry["rules"].as_array().into_iter().flatten().all(|rule| {
            if rule["action"] == "deny" {
                return false;
            }
            rule["conditions"].as_array().into_iter().flatten().all(|c| {
                let field = c["path"]
                    .as_str()
                    .and_then(|p| p.strip_prefix("args."))
                    .unwrap_or_default();
                let Some(value) = args.get(field) else {
                    return false;
                };
                if c["op"] == "in" {
                    return c["value"].as_array().is_some_and(|l| l.contains(value));
                }
                let pattern = regex::Regex::new(c["value"].as_str().unwrap_or_default()).expect("checked");
                value.as_str().is_some_and(|v| pattern.is_match(v))
            })
        })
    }

    #[test]
    fn it_decides_as_intended() {
        let plan = sample::plan();
        let policy = sample::yaml(&TARGET, 0, &[&plan]);
        assert_eq!(validate(&policy), Vec::<String>::new());
        assert!(passes(&policy, "session_list", &json!({})));
        assert!(passes(&policy, "session_set_active", &json!({})));
        assert_eq!(
            policy["tools"]["session_set_active"]["rules"][0]["rate_limit"],
            "30/minute"
        );
        assert!(!passes(&policy, "session_clear_all", &json!({})));
        assert!(!passes(&policy, "run_code", &json!({})));
        assert!(!passes(&policy, "added_tomorrow", &json!({})));
        assert!(passes(&policy, "manage_session", &json!({"action": "list"})));
        assert!(!passes(&policy, "manage_session", &json!({"action": "delete"})));
        assert!(!passes(&policy, "manage_session", &json!({"action": "DELETE"})));
        assert!(passes(&policy, "query_db", &json!({"sql": "select 1"})));
        assert!(!passes(&policy, "query_db", &json!({"sql": "select 1; drop table t"})));
    }

    #[test]
    fn nasty_names_survive_and_a_dotted_limit_is_refused() {
        let tools: Vec<_> = sample::NASTY.iter().map(|n| (*n, sample::WRITE)).collect();
        let plan = sample::plan_of("a: \"b\"\n# c", &tools);
        let policy = sample::yaml(&TARGET, 0, &[&plan]);
        assert_eq!(validate(&policy), Vec::<String>::new());
        for name in sample::NASTY {
            assert_eq!(passes(&policy, name, &json!({})), !name.contains('.'), "{name}");
        }
        let options = Options::default();
        let draft = sample::drafted(&TARGET, 0, &[&plan], &options);
        assert_eq!(draft.losses.len(), 1);
        assert_eq!(draft.losses[0].got, Decision::Deny);
    }
}

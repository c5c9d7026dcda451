//! Open Policy Agent: Rego that answers a host, which must act on the answer. `decision` is allow, limit, ask or
//! deny; `limit` says how often; `hidden` which tools to keep from the model.

use super::quote::{json, list};
use super::{Capabilities, Draft, Form, Ruling, Scope, Support, Target, any_alias, bare_key, no_exception};
use crate::label::Decision;
use crate::policy::plan::FenceKind;

pub(super) static TARGET: Target = Target {
    id: "opa",
    title: "Open Policy Agent (Rego)",
    scope: Scope::OneServer,
    alias: any_alias,
    key: bare_key,
    forms: &[Form {
        file: "policy.rego",
        lives: "a bundle of your OPA; input is {\"tool\": …, \"arguments\": {…}}, the answer data.mcp.authz",
        can: Capabilities {
            allow: Support::Yes,
            limit: Support::Yes,
            ask: Support::Yes,
            deny: Support::Yes,
            hide: Support::Yes,
            arguments: true,
            unlisted: Decision::Deny,
        },
        except: no_exception,
        emit,
        merge: None,
    }],
    reader: "a Rego engine (crate regorus)",
    caution: "Rego only answers: the host must count, ask and refuse",
};

const RULES: &str = r#"
default decision := "deny"

decision := tools[input.tool] if not refused

limit := {"max": limits[input.tool], "window": "minute"} if decision == "limit"

refused if {
	rule := kept[input.tool]
	not absent_is_kept(rule)
	not argument(rule.parameter) in rule.values
}

refused if {
	rule := methods[input.tool]
	not argument(rule) in reading_methods
}

refused if {
	rule := statements[input.tool]
	not reads(argument(rule))
}

argument(name) := object.get(object.get(input, "arguments", {}), name, null)

absent_is_kept(rule) if {
	rule.absent
	argument(rule.parameter) == null
}

reads(sql) if {
	is_string(sql)
	regex.match(sql_reads, sql)
	not regex.match(sql_writes, sql)
}
"#;

fn emit(draft: &Draft<'_>) -> Result<String, String> {
    let server = draft.servers.first().ok_or("there is no server")?;
    let of = |pick: &dyn Fn(&Ruling<'_>) -> Option<String>| -> String {
        let lines: String = server
            .rulings
            .iter()
            .filter_map(|r| Some(format!("\t{}: {},\n", json(r.name()), pick(r)?)))
            .collect();
        if lines.is_empty() {
            "{}".to_owned()
        } else {
            format!("{{\n{lines}}}")
        }
    };
    let fence =
        |wanted: FenceKind| move |r: &Ruling<'_>| r.fence.filter(|f| f.kind == wanted).map(|f| json(&f.parameter));
    let mut out = draft.comments("#");
    out += "package mcp.authz\n\nimport rego.v1\n\n";
    put!(out, "tools := {}\n\n", of(&|r| Some(json(word(r.decision)))));
    put!(out, "limits := {}\n\n", of(&|r| Some(r.rate?.to_string())));
    let hidden = of(&|r| (r.decision == Decision::Hide).then(|| "true".to_owned()));
    put!(out, "hidden := {hidden}\n\n");
    let kept = of(&|r| {
        let split = r.split?;
        Some(format!(
            "{{\"parameter\": {}, \"values\": {}, \"absent\": {}}}",
            json(&split.parameter),
            list(split.kept.iter().map(String::as_str), json),
            split.default_is_kept
        ))
    });
    put!(out, "kept := {kept}\n\n");
    put!(out, "methods := {}\n\n", of(&fence(FenceKind::HttpMethod)));
    put!(out, "statements := {}\n\n", of(&fence(FenceKind::Sql)));
    put!(
        out,
        "reading_methods := {}\n\n",
        list(FenceKind::METHODS.iter().copied(), json)
    );
    put!(out, "sql_reads := `{}`\n\n", FenceKind::SQL_READS);
    put!(out, "sql_writes := `{}`\n", FenceKind::SQL_WRITES);
    Ok(out + RULES)
}

/// A host that knows nothing of hiding must still refuse.
const fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Hide => Decision::Deny.name(),
        other => other.name(),
    }
}

#[cfg(test)]
mod tests {
    use regorus::Engine;
    use serde_json::{Value, json};

    use super::*;
    use crate::policy::target::sample;

    fn ask(policy: &str, query: &str, input: &Value) -> Value {
        let mut engine = Engine::new();
        engine
            .add_policy("policy.rego".to_owned(), policy.to_owned())
            .expect("Rego reads it");
        engine.set_input(regorus::Value::from_json_str(&input.to_string()).expect("an input"));
        let answer = engine.eval_rule(format!("data.mcp.authz.{query}")).expect("an answer");
        serde_json::from_str(&answer.to_json_str().unwrap_or_else(|_| "null".to_owned())).unwrap_or(Value::Null)
    }

    #[test]
    fn rego_decides_as_intended() {
        let policy = sample::text(&TARGET, 0, &[&sample::plan()]);
        let decide =
            |tool: &str, arguments: Value| ask(&policy, "decision", &json!({"tool": tool, "arguments": arguments}));
        assert_eq!(decide("session_list", json!({})), "allow");
        assert_eq!(decide("session_set_active", json!({})), "limit");
        assert_eq!(decide("run_code", json!({})), "ask");
        assert_eq!(decide("session_clear_all", json!({})), "deny");
        assert_eq!(decide("added_tomorrow", json!({})), "deny");
        assert_eq!(decide("manage_session", json!({"action": "list"})), "allow");
        for refused in [json!("delete"), json!("DELETE"), json!(["list"]), Value::Null] {
            assert_eq!(decide("manage_session", json!({"action": refused})), "deny");
        }
        assert_eq!(decide("manage_session", json!({})), "deny");
        assert_eq!(decide("query_db", json!({"sql": "select 1"})), "allow");
        for refused in [
            json!("drop table t"),
            json!("select 1; drop table t"),
            json!(7),
            Value::Null,
        ] {
            assert_eq!(decide("query_db", json!({"sql": refused})), "deny");
        }
        assert_eq!(ask(&policy, "decision", &json!({"tool": "session_list"})), "allow");
        assert_eq!(ask(&policy, "decision", &json!({})), "deny");
        let limit = ask(&policy, "limit", &json!({"tool": "session_set_active"}));
        assert_eq!(limit, json!({"max": 30, "window": "minute"}));
        assert_eq!(ask(&policy, "hidden", &json!({})), json!({"session_clear_all": true}));
    }

    #[test]
    fn nasty_names_mean_themselves_alone() {
        let tools: Vec<_> = sample::NASTY.iter().map(|n| (*n, sample::READ)).collect();
        let policy = sample::text(&TARGET, 0, &[&sample::plan_of("s\npackage evil", &tools)]);
        for name in sample::NASTY {
            assert_eq!(ask(&policy, "decision", &json!({"tool": name})), "allow", "{name}");
        }
    }
}

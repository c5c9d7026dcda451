//! agentgateway: CEL rules that allow. Only allow rules are written: there, what no rule allows is refused, while a
//! deny rule that fails to evaluate would let the call through.

use super::connection::Connection;
use super::quote::{cel, list, yaml};
use super::{Capabilities, Draft, Form, Ruling, Scope, Support, Target, any_alias, literal_key, no_exception};
use crate::label::Decision;
use crate::policy::plan::FenceKind;

pub(super) static TARGET: Target = Target {
    id: "agentgateway",
    title: "agentgateway",
    scope: Scope::ManyServers,
    alias: any_alias,
    key: literal_key,
    forms: &[Form {
        file: "config.yaml",
        lives: "anywhere: agentgateway -f config.yaml",
        can: Capabilities {
            allow: Support::Yes,
            limit: Support::No,
            ask: Support::No,
            deny: Support::Yes,
            hide: Support::Yes,
            arguments: true,
            unlisted: Decision::Deny,
        },
        except: no_exception,
        emit,
        merge: None,
    }],
    reader: "a CEL engine (crate cel); the file: its JSON schema where that is at hand",
    caution: "versions that show no arguments when they authorize refuse every call that has a condition on one",
};

fn emit(draft: &Draft<'_>) -> Result<String, String> {
    let mut out = draft.comments("#");
    out += "# yaml-language-server: $schema=https://agentgateway.dev/schema/config\nmcp:\n  port: 3000\n  targets:\n";
    for server in &draft.servers {
        put!(out, "  - name: {}\n", yaml(&server.alias));
        match Connection::of(draft, server) {
            Connection::Url(url) => put!(out, "    mcp:\n      host: {}\n", yaml(&url)),
            Connection::Command(program, args) => put!(
                out,
                "    stdio:\n      cmd: {}\n      args: {}\n",
                yaml(&program),
                list(args.iter().map(String::as_str), yaml)
            ),
        }
    }
    out += "  policies:\n    mcpAuthorization:\n      rules:\n";
    let mut rules = 0;
    for server in &draft.servers {
        for ruling in server.rulings.iter().filter(|r| r.callable()) {
            rules += 1;
            // A CEL string shows no quote of YAML's other kind but its own apostrophes, which are doubled.
            put!(
                out,
                "      - allow: '{}'\n",
                rule(&server.alias, ruling).replace('\'', "''")
            );
        }
    }
    if rules == 0 {
        // Without any allow rule everything would pass.
        out += "      - allow: 'false'\n";
    }
    Ok(out)
}

fn rule(alias: &str, ruling: &Ruling<'_>) -> String {
    let mut tests = vec![
        format!("mcp.tool.target == {}", cel(alias)),
        format!("mcp.tool.name == {}", cel(ruling.name())),
    ];
    let argument = |name: &str| format!("mcp.tool.arguments[{}]", cel(name));
    if let Some(split) = ruling.split {
        let test = format!(
            "{} in {}",
            argument(&split.parameter),
            list(split.kept.iter().map(String::as_str), cel)
        );
        tests.push(if split.default_is_kept {
            format!("(!({} in mcp.tool.arguments) || {test})", cel(&split.parameter))
        } else {
            test
        });
    }
    if let Some(fence) = ruling.fence {
        let value = argument(&fence.parameter);
        match fence.kind {
            FenceKind::HttpMethod => {
                tests.push(format!("{value} in {}", list(FenceKind::METHODS.iter().copied(), cel)));
            }
            FenceKind::Sql => {
                tests.push(format!("{value}.matches({})", cel(FenceKind::SQL_READS)));
                tests.push(format!("!{value}.matches({})", cel(FenceKind::SQL_WRITES)));
            }
        }
    }
    tests.join(" && ")
}

#[cfg(test)]
mod tests {
    use cel::{Context, Program, Value as Answer};
    use serde_json::{Value, json};

    use super::*;
    use crate::policy::target::sample;

    /// What agentgateway answers: a call passes if any allow rule holds; a rule that cannot be evaluated does not.
    fn allows(config: &Value, target: &str, tool: &str, arguments: &Value) -> bool {
        let rules = config["mcp"]["policies"]["mcpAuthorization"]["rules"]
            .as_array()
            .expect("rules");
        rules.iter().any(|rule| {
            let rule = rule["allow"].as_str().expect("only allow rules");
            let program = Program::compile(rule).expect("CEL reads it");
            let mut context = Context::default();
            let call = json!({"tool": {"target": target, "name": tool, "arguments": arguments}});
            context.add_variable("mcp", call).expect("a variable");
            matches!(program.execute(&context), Ok(Answer::Bool(true)))
        })
    }

    #[test]
    fn cel_decides_as_intended() {
        let config = sample::yaml(&TARGET, 0, &[&sample::plan()]);
        let allows = |tool: &str, arguments: Value| allows(&config, "llm-gateway", tool, &arguments);
        assert!(allows("session_list", json!({})));
        assert!(!allows("session_set_active", json!({})), "it cannot count calls");
        assert!(!allows("session_clear_all", json!({})));
        assert!(!allows("run_code", json!({})));
        assert!(!allows("added_tomorrow", json!({})));
        assert!(allows("manage_session", json!({"action": "list"})));
        assert!(!allows("manage_session", json!({"action": "delete"})));
        assert!(!allows("manage_session", json!({})));
        assert!(!allows("manage_session", Value::Null));
        assert!(allows("query_db", json!({"sql": "select 1"})));
        assert!(!allows("query_db", json!({"sql": "select 1; drop table t"})));
    }

    #[test]
    fn a_server_without_a_free_tool_allows_nothing() {
        let config = sample::yaml(&TARGET, 0, &[&sample::plan_of("s", &[("wipe", sample::DESTRUCTIVE)])]);
        assert!(!allows(&config, "s", "wipe", &json!({})));
        assert!(!allows(&config, "s", "added_tomorrow", &json!({})));
    }

    #[test]
    fn nasty_names_mean_themselves_alone() {
        let tools: Vec<_> = sample::NASTY.iter().map(|n| (*n, sample::READ)).collect();
        let config = sample::yaml(&TARGET, 0, &[&sample::plan_of("it's \"s\"", &tools)]);
        for name in sample::NASTY {
            assert!(allows(&config, "it's \"s\"", name, &json!({})), "{name}");
            assert!(!allows(&config, "other", name, &json!({})), "{name}");
        }
    }

    #[test]
    fn the_published_schema_accepts_it() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../shared/reference/schemas/agentgateway.config.schema.json");
        let Ok(schema) = std::fs::read_to_string(path) else {
            return;
        };
        let schema: Value = serde_json::from_str(&schema).expect("JSON");
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let config = sample::yaml(&TARGET, 0, &[&sample::plan()]);
        let errors: Vec<String> = validator.iter_errors(&config).map(|e| e.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
}

//! ToolHive: Cedar policies on the tools of one server, for `thv run`, and the operator's resource, which also
//! counts calls. The list of tools is filtered by the same policies, asked without arguments.

use serde_json::json;

use super::cedar::Arguments;
use super::connection::Connection;
use super::quote::{cedar, document, yaml};
use super::{
    Capabilities, Draft, Form, Ruling, Scope, ServerDraft, Support, Target, bare_key, dns_label, no_exception,
};
use crate::label::Decision;

const CAN: Capabilities = Capabilities {
    allow: Support::Yes,
    limit: Support::No,
    ask: Support::No,
    deny: Support::Yes,
    hide: Support::Yes,
    arguments: true,
    unlisted: Decision::Deny,
};

pub(super) static TARGET: Target = Target {
    id: "toolhive",
    title: "ToolHive",
    scope: Scope::OneServer,
    alias: dns_label,
    key: bare_key,
    forms: &[
        Form {
            file: "authz-config.json",
            lives: "anywhere: thv run --authz-config authz-config.json",
            can: CAN,
            except: no_exception,
            emit: config,
            merge: None,
        },
        Form {
            file: "mcpserver.yaml",
            lives: "Kubernetes, for the ToolHive operator",
            can: Capabilities {
                limit: Support::Yes,
                ..CAN
            },
            except: no_exception,
            emit: resource,
            merge: None,
        },
    ],
    reader: "the Cedar engine (crate cedar-policy)",
    caution: "only the operator counts calls, and only with Redis session storage",
};

/// ToolHive puts every argument into the context, with a prefix.
const ARGUMENTS: Arguments = Arguments {
    record: "context",
    prefix: "arg_",
    absent_when_listing: true,
};

fn policies(server: &ServerDraft<'_>) -> Vec<String> {
    let policy = |ruling: &Ruling<'_>| {
        let (effect, when) = if ruling.callable() {
            ("permit", ARGUMENTS.when(ruling))
        } else {
            ("forbid", String::new())
        };
        let tool = cedar(ruling.name());
        format!("{effect}(principal, action == Action::\"call_tool\", resource == Tool::{tool}){when};")
    };
    server.rulings.iter().map(policy).collect()
}

fn config(draft: &Draft<'_>) -> Result<String, String> {
    let server = draft.servers.first().ok_or("there is no server")?;
    Ok(document(&json!({
        "version": "1.0",
        "type": "cedarv1",
        "cedar": {"policies": policies(server), "entities_json": "[]"},
    })))
}

fn resource(draft: &Draft<'_>) -> Result<String, String> {
    let server = draft.servers.first().ok_or("there is no server")?;
    let mut out = draft.comments("#");
    put!(
        out,
        "apiVersion: toolhive.stacklok.dev/v1beta1\nkind: MCPServer\nmetadata:\n  name: {}\nspec:\n",
        yaml(&server.alias)
    );
    out += "  # Replace the image and the transport by what runs the server.\n";
    out += "  image: replace-me.invalid/server:latest\n  transport: streamable-http\n";
    if let Connection::Command(program, args) = Connection::of(draft, server) {
        let words: Vec<String> = std::iter::once(program).chain(args).collect();
        put!(out, "  # It was listed by: {}\n", yaml(&words.join(" ")));
    }
    let limited: Vec<_> = server
        .rulings
        .iter()
        .filter_map(|r| Some((r.name(), r.rate?)))
        .collect();
    if !limited.is_empty() {
        out += "  sessionStorage:\n    provider: redis\n    address: redis:6379\n";
    }
    out += "  authzConfig:\n    type: inline\n    inline:\n      policies:\n";
    out.extend(policies(server).iter().map(|p| format!("        - {}\n", yaml(p))));
    if !limited.is_empty() {
        out += "  rateLimiting:\n    tools:\n";
    }
    for (name, rate) in limited {
        put!(
            out,
            "      - name: {}\n        shared:\n          maxTokens: {rate}\n          refillPeriod: 1m0s\n",
            yaml(name)
        );
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use cedar_policy::{Authorizer, Context, Decision as Answer, Entities, EntityId, EntityUid, PolicySet, Request};
    use serde_json::Value;

    use super::*;
    use crate::policy::target::sample;

    fn policy_set(policies: &Value) -> PolicySet {
        let text: Vec<&str> = policies
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        text.join("\n").parse().expect("Cedar reads it")
    }

    /// What ToolHive answers: its request for a call, in its own engine.
    fn allows(policies: &PolicySet, tool: &str, args: Value) -> bool {
        let entity =
            |kind: &str, id: &str| EntityUid::from_type_name_and_id(kind.parse().expect("a type"), EntityId::new(id));
        let context = Context::from_json_value(args, None).expect("a context");
        let request = Request::new(
            entity("Client", "someone"),
            entity("Action", "call_tool"),
            entity("Tool", tool),
            context,
            None,
        );
        let request = request.expect("a request");
        Authorizer::new()
            .is_authorized(&request, policies, &Entities::empty())
            .decision()
            == Answer::Allow
    }

    #[test]
    fn cedar_decides_as_intended() {
        let config = sample::value(&TARGET, 0, &[&sample::plan()]);
        let policies = policy_set(&config["cedar"]["policies"]);
        assert!(allows(&policies, "session_list", json!({})));
        assert!(
            !allows(&policies, "session_set_active", json!({})),
            "it cannot count calls"
        );
        assert!(!allows(&policies, "session_clear_all", json!({})));
        assert!(!allows(&policies, "run_code", json!({})));
        assert!(!allows(&policies, "added_tomorrow", json!({})));
        assert!(allows(&policies, "manage_session", json!({"arg_action": "list"})));
        for refused in [json!("delete"), json!("DELETE"), json!(["list"]), json!(1)] {
            assert!(!allows(&policies, "manage_session", json!({"arg_action": refused})));
        }
        assert!(allows(&policies, "manage_session", json!({})), "so that it is listed");
        assert!(allows(&policies, "query_db", json!({"arg_sql": "select 1"})));
        for sql in ["drop table t", "select 1; drop table t", "SELECT * INTO u FROM t"] {
            assert!(!allows(&policies, "query_db", json!({"arg_sql": sql})), "{sql}");
        }
    }

    #[test]
    fn the_operator_counts_calls() {
        let resource = sample::yaml(&TARGET, 1, &[&sample::plan()]);
        let policies = policy_set(&resource["spec"]["authzConfig"]["inline"]["policies"]);
        assert!(allows(&policies, "session_set_active", json!({})));
        let limit = &resource["spec"]["rateLimiting"]["tools"][0];
        assert_eq!(limit["name"], "session_set_active");
        assert_eq!(limit["shared"]["maxTokens"], 30);
    }

    #[test]
    fn nasty_names_mean_themselves_alone() {
        let tools: Vec<_> = sample::NASTY.iter().map(|n| (*n, sample::READ)).collect();
        let plan = sample::plan_of("s", &tools);
        let config = sample::value(&TARGET, 0, &[&plan]);
        let resource = sample::yaml(&TARGET, 1, &[&plan]);
        for policies in [
            &config["cedar"]["policies"],
            &resource["spec"]["authzConfig"]["inline"]["policies"],
        ] {
            let policies = policy_set(policies);
            assert_eq!(policies.policies().count(), sample::NASTY.len());
            for name in sample::NASTY {
                assert!(allows(&policies, name, json!({})), "{name}");
            }
        }
    }
}

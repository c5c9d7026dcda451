//! Amazon Bedrock AgentCore: Cedar policies of a gateway, and its rate limits, which are a second call to its API.
//! Actions are named `TARGET___TOOL`, with three underscores; a wildcard is not possible and not needed.

use serde_json::json;

use super::cedar::Arguments;
use super::quote::{cedar, document};
use super::{Capabilities, Draft, Form, Ruling, Scope, ServerDraft, Support, Target, no_exception, slug};
use crate::label::Decision;

const POLICY: &str = "policy.cedar";
const LIMITS: &str = "rate-limit.json";

const CAN: Capabilities = Capabilities {
    allow: Support::Yes,
    limit: Support::With(LIMITS),
    ask: Support::No,
    deny: Support::Yes,
    hide: Support::Yes,
    arguments: true,
    unlisted: Decision::Deny,
};

pub(super) static TARGET: Target = Target {
    id: "agentcore",
    title: "Bedrock AgentCore Policy",
    scope: Scope::ManyServers,
    alias: |server| slug(server, &[]),
    key,
    forms: &[
        Form {
            file: POLICY,
            lives: "a policy engine of the gateway: aws bedrock-agentcore-control create-policy",
            can: CAN,
            except: no_exception,
            emit: policy,
            merge: None,
        },
        Form {
            file: LIMITS,
            lives: "the gateway's CreateGatewayRateLimit",
            can: Capabilities {
                limit: Support::With(POLICY),
                ..CAN
            },
            except: no_exception,
            emit: limits,
            merge: None,
        },
    ],
    reader: "the Cedar engine with a schema (crate cedar-policy)",
    caution: "name the gateway with --gateway; a policy engine in LOG_ONLY mode enforces nothing",
};

const GATEWAY: &str = "arn:aws:bedrock-agentcore:us-east-1:000000000000:gateway/replace-me";

/// Most entries of one rate limit.
const MOST_ENTRIES: usize = 1000;

/// AgentCore keeps the arguments of a call in a record of the context.
const ARGUMENTS: Arguments = Arguments {
    record: "context.input",
    prefix: "",
    absent_when_listing: false,
};

fn key(alias: &str, tool: &str) -> Result<String, String> {
    Ok(format!("{alias}___{tool}"))
}

fn gateway<'a>(draft: &'a Draft<'_>) -> &'a str {
    draft.options.gateway.as_deref().unwrap_or(GATEWAY)
}

fn policy(draft: &Draft<'_>) -> Result<String, String> {
    let gateway = cedar(gateway(draft));
    let statement = |ruling: &Ruling<'_>| {
        let (effect, when) = if ruling.callable() {
            ("permit", ARGUMENTS.when(ruling))
        } else {
            ("forbid", String::new())
        };
        format!(
            "{effect}(principal is AgentCore::OAuthUser, action == AgentCore::Action::{}, resource == AgentCore::Gateway::{gateway}){when};\n",
            cedar(&ruling.key)
        )
    };
    let rulings = draft.servers.iter().flat_map(|s| &s.rulings);
    Ok(draft.comments("//") + &rulings.map(statement).collect::<String>())
}

fn limits(draft: &Draft<'_>) -> Result<String, String> {
    let entry = |ruling: &Ruling<'_>| {
        let rate = ruling.rate?;
        Some(json!({
            "dimensions": {"toolName": ruling.key},
            "requests": [{"rate": rate, "period": "minute"}],
        }))
    };
    let entries: Vec<_> = draft
        .servers
        .iter()
        .flat_map(|s: &ServerDraft<'_>| &s.rulings)
        .filter_map(entry)
        .collect();
    if entries.len() > MOST_ENTRIES {
        return Err(format!(
            "{} tools are limited, and one rate limit holds {MOST_ENTRIES}",
            entries.len()
        ));
    }
    let identifier = gateway(draft).rsplit('/').next().unwrap_or_default();
    Ok(document(&json!({
        "gatewayIdentifier": identifier,
        "description": "mcpclass",
        "dimensionKeys": ["toolName"],
        "entries": entries,
    })))
}

#[cfg(test)]
mod tests {
    use cedar_policy::{
        Authorizer, Context, Decision as Answer, Entities, EntityId, EntityUid, PolicySet, Request, Schema,
        ValidationMode, Validator,
    };
    use serde_json::Value;

    use super::*;
    use crate::policy::target::{Options, draft, sample};

    /// What the gateway makes of its targets: an action a tool, with the tool's arguments.
    fn schema(names: &[&str]) -> Schema {
        let mut text = "namespace AgentCore {\n  entity OAuthUser tags String;\n  entity Gateway;\n".to_owned();
        for name in names {
            put!(
                text,
                "  action {} appliesTo {{ principal: OAuthUser, resource: Gateway, context: {{ input: {{ action?: String, sql?: String }} }} }};\n",
                cedar(name)
            );
        }
        let (schema, _) = Schema::from_cedarschema_str(&(text + "}\n")).expect("a schema");
        schema
    }

    fn allows(policies: &PolicySet, action: &str, input: &Value) -> bool {
        let entity = |kind: &str, id: &str| {
            let kind = format!("AgentCore::{kind}");
            EntityUid::from_type_name_and_id(kind.parse().expect("a type"), EntityId::new(id))
        };
        let context = Context::from_json_value(json!({ "input": input }), None).expect("a context");
        let request = Request::new(
            entity("OAuthUser", "someone"),
            entity("Action", action),
            entity("Gateway", GATEWAY),
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
    fn cedar_validates_it_and_decides_as_intended() {
        let policies: PolicySet = sample::text(&TARGET, 0, &[&sample::plan()])
            .parse()
            .expect("Cedar reads it");
        let actions: Vec<String> = sample::plan()
            .tools
            .iter()
            .map(|t| format!("llm-gateway___{}", t.name))
            .collect();
        let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
        let result = Validator::new(schema(&actions)).validate(&policies, ValidationMode::Strict);
        assert!(result.validation_passed(), "{result}");

        let allows = |tool: &str, input: Value| allows(&policies, &format!("llm-gateway___{tool}"), &input);
        assert!(allows("session_list", json!({})));
        assert!(
            allows("session_set_active", json!({})),
            "the other file counts its calls"
        );
        assert!(!allows("session_clear_all", json!({})));
        assert!(!allows("run_code", json!({})));
        assert!(!allows("added_tomorrow", json!({})));
        assert!(allows("manage_session", json!({"action": "get"})));
        assert!(!allows("manage_session", json!({"action": "delete"})));
        assert!(!allows("manage_session", json!({})));
        assert!(allows("query_db", json!({"sql": "SELECT 1"})));
        assert!(!allows("query_db", json!({"sql": "DELETE FROM t"})));
    }

    #[test]
    fn two_underscores_would_be_caught() {
        let text = sample::text(&TARGET, 0, &[&sample::plan()]).replace("___session_list", "__session_list");
        let policies: PolicySet = text.parse().expect("Cedar reads it");
        let result =
            Validator::new(schema(&["llm-gateway___session_list"])).validate(&policies, ValidationMode::Strict);
        assert!(!result.validation_passed());
    }

    #[test]
    fn limits_are_counted_by_the_second_file_and_refused_without_it() {
        let plan = sample::plan();
        let limits = sample::value(&TARGET, 1, &[&plan]);
        let entry = json!({"dimensions": {"toolName": "llm-gateway___session_set_active"},
            "requests": [{"rate": 30, "period": "minute"}]});
        assert_eq!(limits["entries"], json!([entry]));
        let options = Options::default();
        let alone = draft(&TARGET, &TARGET.forms[0], &[&plan], &options).expect("plain names");
        let policies: PolicySet = policy(&alone).expect("written").parse().expect("Cedar reads it");
        assert!(!allows(&policies, "llm-gateway___session_set_active", &json!({})));
    }

    #[test]
    fn nasty_names_mean_themselves_alone() {
        let tools: Vec<_> = sample::NASTY.iter().map(|n| (*n, sample::READ)).collect();
        let policies: PolicySet = sample::text(&TARGET, 0, &[&sample::plan_of("My Server", &tools)])
            .parse()
            .expect("Cedar reads it");
        for name in sample::NASTY {
            assert!(allows(&policies, &format!("My-Server___{name}"), &json!({})), "{name}");
        }
    }
}

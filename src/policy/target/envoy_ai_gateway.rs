//! Envoy AI Gateway: an `MCPRoute` that lists the tools it passes on and authorizes each. Its lists are short, so
//! long ones are cut into rules of sixteen tools and patterns that each name many.

use super::quote::yaml;
use super::{
    Capabilities, Draft, Form, Scope, ServerDraft, Support, Target, callable, dns_label, literal_key, no_exception,
};
use crate::label::Decision;

pub(super) static TARGET: Target = Target {
    id: "envoy-ai-gateway",
    title: "Envoy AI Gateway",
    scope: Scope::ManyServers,
    alias: dns_label,
    key: literal_key,
    forms: &[Form {
        file: "mcproute.yaml",
        lives: "Kubernetes, beside the gateway",
        can: Capabilities {
            allow: Support::Yes,
            limit: Support::No,
            ask: Support::No,
            deny: Support::Yes,
            hide: Support::Yes,
            arguments: false,
            unlisted: Decision::Deny,
        },
        except: no_exception,
        emit,
        merge: None,
    }],
    reader: "no reader to be had: documented grammar",
    caution: "limits are a policy of their own there (BackendTrafficPolicy) and count requests, not tools",
};

/// Most tools of one rule, most rules of a route, most items of a selector.
const RULE: usize = 16;
const RULES: usize = 32;
const ITEMS: usize = 32;

fn emit(draft: &Draft<'_>) -> Result<String, String> {
    let name = draft
        .servers
        .first()
        .map(|s| s.alias.clone())
        .ok_or("there is no server")?;
    let mut out = draft.comments("#");
    put!(
        out,
        "apiVersion: aigateway.envoyproxy.io/v1beta1\nkind: MCPRoute\nmetadata:\n  name: {}\nspec:\n",
        yaml(&name)
    );
    out += "  # Replace the gateway and the backends by your own.\n  parentRefs:\n";
    out += "    - name: aigw-run\n      kind: Gateway\n      group: gateway.networking.k8s.io\n  backendRefs:\n";
    for server in &draft.servers {
        put!(
            out,
            "    - name: {}\n      kind: Backend\n      group: gateway.envoyproxy.io\n      path: \"/mcp\"\n{}",
            yaml(&server.alias),
            selector(server)?
        );
    }
    out += "  securityPolicy:\n    authorization:\n      defaultAction: Deny\n";
    let tools: Vec<_> = draft
        .servers
        .iter()
        .flat_map(|s| s.names(callable).into_iter().map(|n| (s.alias.as_str(), n)))
        .collect();
    if tools.len() > RULE * RULES {
        return Err(format!(
            "a route authorizes {} tools and these are {}",
            RULE * RULES,
            tools.len()
        ));
    }
    if !tools.is_empty() {
        out += "      rules:\n";
    }
    for chunk in tools.chunks(RULE) {
        out += "        - action: Allow\n          target:\n            tools:\n";
        for (backend, tool) in chunk {
            put!(
                out,
                "              - backend: {}\n                tool: {}\n",
                yaml(backend),
                yaml(tool)
            );
        }
    }
    Ok(out)
}

/// The tools that the route passes on; by patterns where they are more than a list holds.
fn selector(server: &ServerDraft<'_>) -> Result<String, String> {
    let names = server.names(callable);
    let item = |text: &str| format!("          - {}\n", yaml(text));
    if names.is_empty() {
        // A pattern that no name fits: a selector must not be empty.
        return Ok(format!(
            "      toolSelector:\n        includeRegex:\n{}",
            item(r"[^\s\S]")
        ));
    }
    if names.len() <= ITEMS {
        let items: String = names.iter().map(|n| item(n)).collect();
        return Ok(format!("      toolSelector:\n        include:\n{items}"));
    }
    let patterns: Vec<String> = names
        .chunks(RULE)
        .map(|chunk| {
            let names: Vec<String> = chunk.iter().map(|n| regex::escape(n)).collect();
            format!("^({})$", names.join("|"))
        })
        .collect();
    if patterns.len() > ITEMS {
        return Err(format!(
            "a route passes on {} tools of a server and these are {}",
            RULE * ITEMS,
            names.len()
        ));
    }
    let items: String = patterns.iter().map(|p| item(p)).collect();
    Ok(format!("      toolSelector:\n        includeRegex:\n{items}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::label::Label;
    use crate::policy::target::sample;

    /// What the gateway does with a call: the selector passes it on, and a rule authorizes it.
    fn allows(route: &Value, backend: &str, tool: &str) -> bool {
        let spec = &route["spec"];
        let refs = spec["backendRefs"].as_array().expect("backends");
        let selector = &refs.iter().find(|b| b["name"] == backend).expect("a backend")["toolSelector"];
        let strings = |v: &Value| -> Vec<String> {
            v.as_array()
                .into_iter()
                .flatten()
                .filter_map(|s| s.as_str().map(str::to_owned))
                .collect()
        };
        let matches = |p: &String| regex::Regex::new(p).expect("a pattern").is_match(tool);
        let passed = strings(&selector["include"]).iter().any(|n| n == tool)
            || strings(&selector["includeRegex"]).iter().any(matches);
        let rules = spec["securityPolicy"]["authorization"]["rules"].as_array();
        let wanted = json!({"backend": backend, "tool": tool});
        let authorized = rules
            .into_iter()
            .flatten()
            .any(|r| r["target"]["tools"].as_array().is_some_and(|t| t.contains(&wanted)));
        passed && authorized
    }

    #[test]
    fn it_decides_as_intended() {
        let route = sample::yaml(&TARGET, 0, &[&sample::plan()]);
        assert_eq!(
            route["spec"]["securityPolicy"]["authorization"]["defaultAction"],
            "Deny"
        );
        assert!(allows(&route, "llm-gateway", "session_list"));
        for refused in [
            "session_set_active",
            "session_clear_all",
            "run_code",
            "manage_session",
            "added_tomorrow",
        ] {
            assert!(!allows(&route, "llm-gateway", refused), "{refused}");
        }
    }

    #[test]
    fn long_lists_are_cut_to_what_its_fields_hold() {
        let names: Vec<String> = (0..100).map(|i| format!("get_{i}.x")).collect();
        let tools: Vec<(&str, Label)> = names.iter().map(|n| (n.as_str(), sample::READ)).collect();
        let route = sample::yaml(&TARGET, 0, &[&sample::plan_of("s", &tools)]);
        assert!(names.iter().all(|n| allows(&route, "s", n)));
        assert!(!allows(&route, "s", "get_1-x") && !allows(&route, "s", "get_100.x"));
        let rules = route["spec"]["securityPolicy"]["authorization"]["rules"]
            .as_array()
            .expect("rules");
        assert!(rules.len() <= RULES);
        assert!(
            rules
                .iter()
                .all(|r| r["target"]["tools"].as_array().is_some_and(|t| t.len() <= RULE))
        );
    }

    #[test]
    fn nasty_names_survive() {
        let tools: Vec<_> = sample::NASTY.iter().map(|n| (*n, sample::READ)).collect();
        let route = sample::yaml(&TARGET, 0, &[&sample::plan_of("s", &tools)]);
        assert!(sample::NASTY.iter().all(|n| allows(&route, "s", n)));
    }
}

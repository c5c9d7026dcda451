//! opencode: permissions in `opencode.json`. The last rule that matches wins and what no rule matches is allowed,
//! so every server's catch-all stands before any tool of any server.

use serde_json::{Map, Value, json};

use super::quote::document;
use super::{Capabilities, Draft, Form, Ruling, Scope, Support, Target, any_alias, api_name, no_exception};
use crate::label::Decision;
use crate::policy::merge::{Edit, Format, Merge, path};

pub(super) static TARGET: Target = Target {
    id: "opencode",
    title: "opencode",
    scope: Scope::ManyServers,
    alias: any_alias,
    key,
    forms: &[Form {
        file: "opencode.json",
        lives: "opencode.json, ~/.config/opencode/opencode.json",
        can: Capabilities {
            allow: Support::Yes,
            limit: Support::No,
            ask: Support::Yes,
            deny: Support::Yes,
            hide: Support::Yes,
            arguments: false,
            unlisted: Decision::Deny,
        },
        except: no_exception,
        emit,
        merge: Some(Merge {
            format: Format::Json,
            names: &["opencode.json", "opencode.jsonc"],
            edits,
        }),
    }],
    reader: "opencode itself, with a server and a model of the tests (live)",
    caution: "the order of its rules decides: keep the `SERVER_*` lines before the tools",
};

/// `SERVER_TOOL`, in which other characters become `_`: no name can turn into a wildcard.
fn key(alias: &str, tool: &str) -> Result<String, String> {
    let key = format!("{}_{}", api_name(alias), api_name(tool));
    if OWN.contains(&key.as_str()) {
        return Err(format!(
            "with the server's name it reads `{key}`, a permission of opencode itself: use --name"
        ));
    }
    Ok(key)
}

/// Permissions and tools of opencode itself that look like a server's: no server may be granted them by its name.
const OWN: &[&str] = &[
    "external_directory",
    "doom_loop",
    "plan_enter",
    "plan_exit",
    "apply_patch",
];

fn word(ruling: &Ruling<'_>) -> &'static str {
    match ruling.decision {
        Decision::Allow | Decision::Limit => "allow",
        Decision::Ask => "ask",
        Decision::Deny | Decision::Hide => "deny",
    }
}

fn rules(draft: &Draft<'_>) -> Map<String, Value> {
    let every = draft
        .servers
        .iter()
        .map(|s| (format!("{}_*", api_name(&s.alias)), json!("deny")));
    let tools = draft
        .servers
        .iter()
        .flat_map(|s| &s.rulings)
        .map(|r| (r.key.clone(), json!(word(r))));
    every.chain(tools).collect()
}

fn emit(draft: &Draft<'_>) -> Result<String, String> {
    Ok(draft.comments("//")
        + &document(&json!({"$schema": "https://opencode.ai/config.json", "permission": rules(draft)})))
}

fn edits(draft: &Draft<'_>) -> Vec<Edit> {
    vec![Edit::LastWins {
        path: path(&["permission"]),
        entries: rules(draft)
            .into_iter()
            .filter_map(|(key, value)| Some((key, value.as_str()?.to_owned())))
            .collect(),
        loosest_first: &["allow", "ask", "deny"],
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::target::{Options, draft, sample};

    /// What opencode does with a call: the last rule that matches, else allow.
    fn decide(config: &Value, tool: &str) -> String {
        let rules = config["permission"].as_object().expect("a map");
        let matches = |rule: &str| {
            rule.strip_suffix('*')
                .map_or(rule == tool, |start| tool.starts_with(start))
        };
        let last = rules.iter().rfind(|(rule, _)| matches(rule));
        last.and_then(|(_, v)| v.as_str()).unwrap_or("allow").to_owned()
    }

    #[test]
    fn it_decides_as_intended() {
        let config = sample::value(&TARGET, 0, &[&sample::plan()]);
        let decide = |tool: &str| decide(&config, &format!("llm-gateway_{tool}"));
        assert_eq!(decide("session_list"), "allow");
        assert_eq!(decide("session_set_active"), "ask");
        assert_eq!(decide("run_code"), "ask");
        assert_eq!(decide("session_clear_all"), "deny");
        assert_eq!(decide("manage_session"), "deny");
        assert_eq!(decide("added_tomorrow"), "deny");
    }

    #[test]
    fn no_server_is_granted_what_is_opencodes_own() {
        let plan = sample::plan_of("external", &[("directory", sample::READ)]);
        let options = Options::default();
        let error = draft(&TARGET, &TARGET.forms[0], &[&plan], &options).expect_err("it would open every folder");
        assert!(error.contains("`directory`") && error.contains("--name"), "{error}");
    }

    #[test]
    fn one_servers_catch_all_does_not_swallow_another_whose_name_begins_alike() {
        let (a, b) = (
            sample::plan_of("a", &[("x", sample::READ)]),
            sample::plan_of("a_b", &[("y", sample::READ)]),
        );
        for plans in [[&a, &b], [&b, &a]] {
            let config = sample::value(&TARGET, 0, &plans);
            assert_eq!(decide(&config, "a_x"), "allow");
            assert_eq!(decide(&config, "a_b_y"), "allow");
            assert_eq!(decide(&config, "a_b_z"), "deny");
        }
    }
}

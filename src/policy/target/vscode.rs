//! VS Code with GitHub Copilot. Settings can only say which tools always ask, by their bare name; what a model may
//! not use at all is left out of a custom agent, so the second file belongs to the first.

use serde_json::{Map, Value, json};

use super::quote::{document, yaml};
use super::{Capabilities, Draft, Form, Scope, Support, Target, any_alias, callable, exact_key, no_exception, usable};
use crate::label::Decision;
use crate::policy::merge::{Edit, Format, Merge, path};

const AGENT: &str = "mcpclass.agent.md";

pub(super) static TARGET: Target = Target {
    id: "vscode",
    title: "VS Code",
    scope: Scope::ManyServers,
    alias: any_alias,
    key: bare,
    forms: &[
        Form {
            file: "settings.json",
            lives: ".vscode/settings.json, or the user's settings",
            can: Capabilities {
                allow: Support::Yes,
                limit: Support::No,
                ask: Support::Yes,
                deny: Support::No,
                hide: Support::With(AGENT),
                arguments: false,
                unlisted: Decision::Ask,
            },
            except: no_exception,
            emit: settings,
            merge: Some(Merge {
                format: Format::Json,
                names: &["settings.json"],
                edits,
            }),
        },
        Form {
            file: AGENT,
            lives: ".github/agents/",
            can: Capabilities {
                allow: Support::Yes,
                limit: Support::No,
                ask: Support::With("settings.json"),
                deny: Support::No,
                hide: Support::Yes,
                arguments: false,
                unlisted: Decision::Hide,
            },
            except: no_exception,
            emit: agent,
            merge: None,
        },
    ],
    reader: "no reader to be had: documented grammar",
    caution: "VS Code denies no tool and approves none in advance: what is hidden is hidden only in the agent `mcpclass` and asks elsewhere; what is allowed asks until a person allows it for good",
};

/// Settings know a tool by its bare name, whatever the server; so tools of one name share a decision.
fn bare(alias: &str, tool: &str) -> Result<String, String> {
    exact_key(alias, tool).map(|_| tool.to_owned())
}

/// The names that always ask.
fn asking(draft: &Draft<'_>) -> Map<String, Value> {
    let keys = draft.servers.iter().flat_map(|s| s.keys(|d| !callable(d)));
    keys.map(|key| (key.to_owned(), Value::Bool(false))).collect()
}

fn settings(draft: &Draft<'_>) -> Result<String, String> {
    Ok(draft.comments("//")
        + &document(&json!({
            "chat.tools.global.autoApprove": false,
            "chat.tools.eligibleForAutoApproval": asking(draft),
        })))
}

fn agent(draft: &Draft<'_>) -> Result<String, String> {
    let mut out = "---\n".to_owned() + &draft.comments("#");
    out += "name: mcpclass\ndescription: Agent limited to the tools that mcpclass found usable\ntools:\n";
    let mut usable = draft
        .servers
        .iter()
        .flat_map(|s| s.names(usable).into_iter().map(|n| format!("{}/{n}", s.alias)))
        .peekable();
    if usable.peek().is_none() {
        out.truncate(out.len() - 1);
        out += " []\n";
    }
    out.extend(usable.map(|name| format!("  - {}\n", yaml(&name))));
    Ok(out + "---\nUse only the tools above.\n")
}

fn edits(draft: &Draft<'_>) -> Vec<Edit> {
    let loosest_first = || vec![json!(true), json!(false)];
    let global = Edit::Scale {
        path: path(&["chat.tools.global.autoApprove"]),
        value: json!(false),
        loosest_first: loosest_first(),
        general: None,
    };
    let tools = asking(draft).into_iter().map(|(name, value)| Edit::Scale {
        path: path(&["chat.tools.eligibleForAutoApproval", &name]),
        value,
        loosest_first: loosest_first(),
        general: None,
    });
    std::iter::once(global).chain(tools).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::target::{Options, draft, sample};

    #[test]
    fn what_is_not_free_asks_and_what_is_hidden_is_not_in_the_agent() {
        let plan = sample::plan();
        let settings = sample::value(&TARGET, 0, &[&plan]);
        let asks = settings["chat.tools.eligibleForAutoApproval"]
            .as_object()
            .expect("a map");
        let names: Vec<_> = asks.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["session_set_active", "session_clear_all", "run_code", "manage_session"]
        );
        assert!(asks.values().all(|v| v == false));

        let agent = sample::text(&TARGET, 1, &[&plan]);
        let front = agent.split("---\n").nth(1).expect("front matter");
        let front: Value = serde_saphyr::from_str(front).expect("YAML");
        let tools: Vec<_> = front["tools"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(
            tools,
            [
                "llm-gateway/session_list",
                "llm-gateway/session_set_active",
                "llm-gateway/run_code",
                "llm-gateway/query_db"
            ]
        );
    }

    #[test]
    fn settings_alone_say_that_they_are_looser_than_a_refusal() {
        let plan = sample::plan_of("s", &[("wipe", sample::DESTRUCTIVE)]);
        let options = Options::default();
        let draft = draft(&TARGET, &TARGET.forms[0], &[&plan], &options).expect("plain names");
        assert_eq!(draft.losses[0].got, Decision::Ask);
        assert!(draft.losses[0].looser);
    }

    #[test]
    fn tools_of_one_name_share_the_stricter_decision() {
        let (a, b) = (
            sample::plan_of("a", &[("get", sample::READ)]),
            sample::plan_of("b", &[("get", sample::EXECUTE)]),
        );
        let settings = sample::value(&TARGET, 0, &[&a, &b]);
        assert_eq!(settings["chat.tools.eligibleForAutoApproval"], json!({"get": false}));
    }
}

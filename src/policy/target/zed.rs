//! Zed: a default a tool in its settings. MCP tools have no patterns there, and a tool without an entry takes the
//! default of all tools, which asks.

use serde_json::{Map, Value, json};

use super::quote::document;
use super::{Capabilities, Draft, Form, Ruling, Scope, Support, Target, no_exception};
use crate::label::Decision;
use crate::policy::merge::{Edit, Format, Merge, path};

pub(super) static TARGET: Target = Target {
    id: "zed",
    title: "Zed",
    scope: Scope::ManyServers,
    alias,
    key: |alias, tool| Ok(format!("mcp:{alias}:{tool}")),
    forms: &[Form {
        file: "settings.json",
        lives: "~/.config/zed/settings.json, .zed/settings.json",
        can: Capabilities {
            allow: Support::Yes,
            limit: Support::No,
            ask: Support::Yes,
            deny: Support::Yes,
            hide: Support::No,
            arguments: false,
            unlisted: Decision::Ask,
        },
        except: no_exception,
        emit,
        merge: Some(Merge {
            format: Format::Json,
            names: &["settings.json"],
            edits,
        }),
    }],
    reader: "no reader to be had: documented grammar",
    caution: "a tool that is added later takes `agent.tool_permissions.default`: leave that at confirm",
};

/// A colon would let one server's rule read as another's.
fn alias(server: &str) -> Result<String, String> {
    if server.contains(':') {
        return Err("`:` has a meaning of its own in its rules: use --name".to_owned());
    }
    Ok(server.to_owned())
}

fn word(ruling: &Ruling<'_>) -> &'static str {
    match ruling.decision {
        Decision::Allow | Decision::Limit => "allow",
        Decision::Ask => "confirm",
        Decision::Deny | Decision::Hide => "deny",
    }
}

fn emit(draft: &Draft<'_>) -> Result<String, String> {
    let rulings = draft.servers.iter().flat_map(|s| &s.rulings);
    let tools: Map<String, Value> = rulings.map(|r| (r.key.clone(), json!({"default": word(r)}))).collect();
    Ok(draft.comments("//")
        + &document(&json!({"agent": {"tool_permissions": {"default": "confirm", "tools": tools}}})))
}

fn edits(draft: &Draft<'_>) -> Vec<Edit> {
    let rulings = draft.servers.iter().flat_map(|s| &s.rulings);
    rulings
        .map(|r| Edit::Scale {
            path: path(&["agent", "tool_permissions", "tools", &r.key, "default"]),
            value: json!(word(r)),
            loosest_first: ["allow", "confirm", "deny"].map(|w| json!(w)).into(),
            general: Some(path(&["agent", "tool_permissions", "default"])),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::target::sample;

    #[test]
    fn it_decides_as_intended() {
        let settings = sample::value(&TARGET, 0, &[&sample::plan()]);
        let permissions = &settings["agent"]["tool_permissions"];
        let decide = |tool: &str| {
            let entry = &permissions["tools"][format!("mcp:llm-gateway:{tool}")]["default"];
            if entry.is_null() {
                permissions["default"].clone()
            } else {
                entry.clone()
            }
        };
        assert_eq!(decide("session_list"), "allow");
        assert_eq!(decide("session_set_active"), "confirm");
        assert_eq!(decide("run_code"), "confirm");
        assert_eq!(decide("session_clear_all"), "deny");
        assert_eq!(decide("manage_session"), "deny");
        assert_eq!(decide("added_tomorrow"), "confirm");
    }
}

//! Goose: three lists of permissions, which count only outside the mode `auto`, and each extension's allowlist, which
//! always counts. All three lists must stand in the file; an empty allowlist means every tool.

use super::quote::yaml;
use super::{Capabilities, Draft, Form, Scope, ServerDraft, Support, Target, callable, no_exception, usable};
use crate::label::Decision;
use crate::policy::merge::{Edit, Everything, Format, Merge, NO_TOOL, path};

pub(super) static TARGET: Target = Target {
    id: "goose",
    title: "Goose",
    scope: Scope::ManyServers,
    alias,
    key,
    forms: &[
        Form {
            file: "permission.yaml",
            lives: "~/.config/goose/permission.yaml",
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
            emit: permission,
            merge: Some(Merge {
                format: Format::Yaml,
                names: &["permission.yaml"],
                edits: permission_edits,
            }),
        },
        Form {
            file: "config.yaml",
            lives: "~/.config/goose/config.yaml, merged into the extension's entry",
            can: Capabilities {
                allow: Support::With("permission.yaml"),
                limit: Support::No,
                ask: Support::With("permission.yaml"),
                deny: Support::No,
                hide: Support::Yes,
                arguments: false,
                unlisted: Decision::Hide,
            },
            except: no_exception,
            emit: config,
            merge: Some(Merge {
                format: Format::Yaml,
                names: &["config.yaml"],
                edits: config_edits,
            }),
        },
    ],
    reader: "no reader to be had: documented grammar",
    caution: "in its default mode, auto, Goose never reads permission.yaml: set GOOSE_MODE to approve, and use available_tools too",
};

/// Goose's own name of an extension: lower case, without spaces, other characters as `_`.
fn alias(server: &str) -> Result<String, String> {
    let sign = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = server.chars().filter(|c| !c.is_whitespace()).map(sign).collect();
    if name.is_empty() {
        return Err("nothing of it is left there: name it with --name".to_owned());
    }
    let name = name.to_ascii_lowercase();
    if OWN.contains(&name.as_str()) {
        return Err(format!("`{name}` is an extension of Goose itself: use --name"));
    }
    Ok(name)
}

/// Extensions that come with Goose: no server may be granted their tools by calling itself so.
const OWN: &[&str] = &[
    "developer",
    "computercontroller",
    "autovisualiser",
    "extensionmanager",
    "chatrecall",
    "code_execution",
    "platform",
    "skills",
    "summon",
    "todo",
    "apps",
];

fn key(alias: &str, tool: &str) -> Result<String, String> {
    Ok(format!("{alias}__{tool}"))
}

fn lists(draft: &Draft<'_>) -> [(&'static str, Vec<String>); 3] {
    let of = |holds: fn(Decision) -> bool| {
        draft
            .servers
            .iter()
            .flat_map(|s| s.keys(holds))
            .map(str::to_owned)
            .collect()
    };
    [
        ("always_allow", of(callable)),
        ("ask_before", of(|d| d == Decision::Ask)),
        ("never_allow", of(|d| d > Decision::Ask)),
    ]
}

fn permission(draft: &Draft<'_>) -> Result<String, String> {
    let mut out = draft.comments("#") + "user:\n";
    for (name, keys) in lists(draft) {
        if keys.is_empty() {
            put!(out, "  {name}: []\n");
            continue;
        }
        put!(out, "  {name}:\n");
        out.extend(keys.iter().map(|key| format!("    - {}\n", yaml(key))));
    }
    Ok(out)
}

fn available(server: &ServerDraft<'_>) -> Vec<String> {
    let names = server.names(usable);
    if names.is_empty() {
        return vec![NO_TOOL.to_owned()];
    }
    names.into_iter().map(str::to_owned).collect()
}

fn config(draft: &Draft<'_>) -> Result<String, String> {
    let mut out = draft.comments("#") + "extensions:\n";
    for server in &draft.servers {
        put!(out, "  {}:\n    available_tools:\n", yaml(&server.alias));
        out.extend(available(server).iter().map(|name| format!("      - {}\n", yaml(name))));
    }
    Ok(out)
}

fn permission_edits(draft: &Draft<'_>) -> Vec<Edit> {
    let lists = lists(draft)
        .into_iter()
        .map(|(name, keys)| (path(&["user", name]), keys))
        .collect();
    vec![Edit::Levels {
        lists,
        strictest_wins: false,
    }]
}

fn config_edits(draft: &Draft<'_>) -> Vec<Edit> {
    let of = |server: &ServerDraft<'_>| {
        let extension = path(&["extensions", &server.alias]);
        let tools = path(&["extensions", &server.alias, "available_tools"]);
        [
            Edit::Needs(extension),
            Edit::Within {
                path: tools,
                items: available(server),
                everything: Everything::Empty,
            },
        ]
    };
    draft.servers.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::policy::target::sample;

    /// Goose's own record: all three lists, or it stops.
    #[derive(Deserialize)]
    struct Permissions {
        always_allow: Vec<String>,
        ask_before: Vec<String>,
        never_allow: Vec<String>,
    }

    #[test]
    fn it_decides_as_intended() {
        let file = sample::yaml(&TARGET, 0, &[&sample::plan()]);
        let user: Permissions = serde_json::from_value(file["user"].clone()).expect("all three lists");
        assert_eq!(
            user.always_allow,
            ["llm-gateway__session_list", "llm-gateway__query_db"]
        );
        assert_eq!(
            user.ask_before,
            ["llm-gateway__session_set_active", "llm-gateway__run_code"]
        );
        assert_eq!(
            user.never_allow,
            ["llm-gateway__session_clear_all", "llm-gateway__manage_session"]
        );
        let config = sample::yaml(&TARGET, 1, &[&sample::plan()]);
        let usable = json!(["session_list", "session_set_active", "run_code", "query_db"]);
        assert_eq!(config["extensions"]["llm-gateway"]["available_tools"], usable);
    }

    #[test]
    fn every_list_is_there_and_no_tool_is_not_every_tool() {
        let plan = sample::plan_of("My Server", &[("wipe", sample::DESTRUCTIVE)]);
        let file = sample::yaml(&TARGET, 0, &[&plan]);
        assert_eq!(
            file["user"],
            json!({"always_allow": [], "ask_before": [], "never_allow": ["myserver__wipe"]})
        );
        let config = sample::yaml(&TARGET, 1, &[&plan]);
        assert_eq!(config["extensions"]["myserver"]["available_tools"], json!([NO_TOOL]));
    }
}

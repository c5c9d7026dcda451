//! OpenAI Codex: an allowlist and an approval mode a tool in `config.toml`. Tools outside the allowlist are not
//! registered. A misspelt key is ignored without a word, so nothing but documented keys is written.

use serde_json::json;

use super::connection::Connection;
use super::quote::{list, toml};
use super::{Capabilities, Draft, Form, Ruling, Scope, Support, Target, any_alias, literal_key, no_exception, usable};
use crate::label::Decision;
use crate::policy::merge::{Edit, Everything, Format, Merge, path};

pub(super) static TARGET: Target = Target {
    id: "codex",
    title: "OpenAI Codex",
    scope: Scope::ManyServers,
    alias: any_alias,
    key: literal_key,
    forms: &[Form {
        file: "config.toml",
        lives: "~/.codex/config.toml, .codex/config.toml in trusted projects",
        can: Capabilities {
            allow: Support::Yes,
            limit: Support::No,
            ask: Support::Yes,
            deny: Support::No,
            hide: Support::Yes,
            arguments: false,
            unlisted: Decision::Hide,
        },
        except: no_exception,
        emit,
        merge: Some(Merge {
            format: Format::Toml,
            names: &["config.toml"],
            edits,
        }),
    }],
    reader: "Codex itself under --strict-config, with a server and a model of the tests (live)",
    caution: "Codex ignores a misspelt key and then offers every tool: check with codex --strict-config",
};

fn mode(ruling: &Ruling<'_>) -> &'static str {
    if ruling.callable() { "approve" } else { "prompt" }
}

fn emit(draft: &Draft<'_>) -> Result<String, String> {
    let mut out = draft.comments("#");
    for server in &draft.servers {
        let table = format!("mcp_servers.{}", key(&server.alias));
        put!(out, "\n[{table}]\n");
        match Connection::of(draft, server) {
            Connection::Url(url) => put!(out, "url = {}\n", toml(&url)),
            Connection::Command(program, args) => put!(
                out,
                "command = {}\nargs = {}\n",
                toml(&program),
                list(args.iter().map(String::as_str), toml)
            ),
        }
        out += "default_tools_approval_mode = \"prompt\"\n";
        put!(out, "enabled_tools = {}\n", list(server.names(usable), toml));
        put!(out, "disabled_tools = {}\n", list(server.names(|d| !usable(d)), toml));
        for ruling in server.rulings.iter().filter(|r| r.usable()) {
            let tool = key(ruling.name());
            put!(out, "\n[{table}.tools.{tool}]\napproval_mode = \"{}\"\n", mode(ruling));
        }
    }
    Ok(out)
}

fn edits(draft: &Draft<'_>) -> Vec<Edit> {
    let scale = |path, value: &str, general| Edit::Scale {
        path,
        value: json!(value),
        loosest_first: ["approve", "auto", "writes", "prompt"].map(|m| json!(m)).into(),
        general,
    };
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    let mut edits = Vec::new();
    for server in &draft.servers {
        let at = |rest: &[&str]| path(&[&["mcp_servers", &server.alias], rest].concat());
        edits.push(Edit::Needs(at(&[])));
        edits.push(Edit::Within {
            path: at(&["enabled_tools"]),
            items: owned(server.names(usable)),
            everything: Everything::Absent,
        });
        edits.push(Edit::Union {
            path: at(&["disabled_tools"]),
            items: owned(server.names(|d| !usable(d))),
        });
        for ruling in server.rulings.iter().filter(|r| r.usable()) {
            let general = Some(at(&["default_tools_approval_mode"]));
            edits.push(scale(
                at(&["tools", ruling.name(), "approval_mode"]),
                mode(ruling),
                general,
            ));
        }
        // Last, so that a default of this file counts for its own tools only if a person wrote it.
        edits.push(scale(at(&["default_tools_approval_mode"]), "prompt", None));
    }
    edits
}

/// A TOML key: bare where it can be.
fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.to_owned() } else { toml(name) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::target::sample;

    /// What Codex does with a call.
    fn decide(server: &::toml::Value, tool: &str) -> &'static str {
        let listed = |key: &str| {
            server[key]
                .as_array()
                .expect("a list")
                .iter()
                .any(|t| t.as_str() == Some(tool))
        };
        if !listed("enabled_tools") || listed("disabled_tools") {
            return "off";
        }
        let mode = server
            .get("tools")
            .and_then(|t| t.get(tool)?.get("approval_mode")?.as_str());
        match mode.or(server["default_tools_approval_mode"].as_str()) {
            Some("approve") => "allow",
            _ => "ask",
        }
    }

    #[test]
    fn it_decides_as_intended() {
        let text = sample::text(&TARGET, 0, &[&sample::plan()]);
        let config: ::toml::Table = text.parse().expect("TOML");
        let server = &config["mcp_servers"]["llm-gateway"];
        assert_eq!(decide(server, "session_list"), "allow");
        assert_eq!(decide(server, "session_set_active"), "ask");
        assert_eq!(decide(server, "run_code"), "ask");
        assert_eq!(decide(server, "session_clear_all"), "off");
        assert_eq!(decide(server, "manage_session"), "off");
        assert_eq!(decide(server, "added_tomorrow"), "off");
    }

    #[test]
    fn nasty_names_are_quoted() {
        let tools: Vec<_> = sample::NASTY.iter().map(|n| (*n, sample::READ)).collect();
        let text = sample::text(&TARGET, 0, &[&sample::plan_of("my \"server\"", &tools)]);
        let config: ::toml::Table = text.parse().expect("TOML");
        for name in sample::NASTY {
            assert_eq!(decide(&config["mcp_servers"]["my \"server\""], name), "allow", "{name}");
        }
    }
}

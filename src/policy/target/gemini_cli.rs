//! Gemini CLI: a policy file with rules by priority, and the tool lists of its settings. A rejected policy file is
//! no policy at all, so every rule carries all that the loader asks for. Denied tools are kept from the model.

use serde_json::{Map, Value, json};

use super::connection::Connection;
use super::quote::{document, list, toml};
use super::{Capabilities, Draft, Form, Scope, Support, Target, callable, no_exception, slug, usable};
use crate::label::Decision;
use crate::policy::merge::{Edit, Everything, Format, Merge, path};
use crate::policy::plan::ToolPlan;

const POLICY: &str = "mcpclass.toml";

pub(super) static TARGET: Target = Target {
    id: "gemini-cli",
    title: "Gemini CLI",
    scope: Scope::ManyServers,
    alias,
    key,
    forms: &[
        Form {
            file: POLICY,
            lives: "~/.gemini/policies/, /etc/gemini-cli/policies/ for everyone on a machine",
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
            emit: policy,
            merge: None,
        },
        Form {
            file: "settings.json",
            lives: ".gemini/settings.json, ~/.gemini/settings.json",
            can: Capabilities {
                allow: Support::With(POLICY),
                limit: Support::No,
                ask: Support::Yes,
                deny: Support::No,
                hide: Support::Yes,
                arguments: false,
                unlisted: Decision::Hide,
            },
            except: bracketed,
            emit: settings,
            merge: Some(Merge {
                format: Format::Json,
                names: &["settings.json"],
                edits,
            }),
        },
    ],
    reader: "Gemini CLI itself, with a server and a model of the tests (live)",
    caution: "without a terminal nobody can be asked, and Gemini CLI then refuses what should ask",
};

/// Longest name that it passes to a model; longer ones lose their middle.
const LONGEST: usize = 63;

fn alias(server: &str) -> Result<String, String> {
    slug(server, &['-', '_'])
}

/// The tool's part of the name under which Gemini CLI offers it, which is what its rules are compared with.
fn key(alias: &str, tool: &str) -> Result<String, String> {
    let sign = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
    let prefix = format!("mcp_{alias}_");
    let mut name = prefix.clone();
    for c in tool.chars() {
        if sign(c) {
            name.push(c);
        } else {
            name.extend(std::iter::repeat_n('_', c.len_utf16()));
        }
    }
    if name.len() > LONGEST {
        name = format!("{}...{}", &name[..30], &name[name.len() - 30..]);
    }
    match name.strip_prefix(&prefix) {
        Some(rest) => Ok(rest.to_owned()),
        None => Err(
            "its name with the server's is too long for Gemini CLI: give the server a shorter one with --name"
                .to_owned(),
        ),
    }
}

/// `tool(…)` in the list of usable tools lets `tool` itself through.
fn bracketed(_alias: &str, tool: &ToolPlan, decision: Decision) -> Option<&'static str> {
    (usable(decision) && tool.name.contains('(')).then_some("a name with a bracket stands for the name before it there")
}

fn policy(draft: &Draft<'_>) -> Result<String, String> {
    let mut out = draft.comments("#");
    for server in &draft.servers {
        let mut rule = |names: &str, decision: &str, priority: u32, told: Option<String>| {
            put!(
                out,
                "\n[[rule]]\nmcpName = {}\ntoolName = {names}\ndecision = \"{decision}\"\npriority = {priority}\n",
                toml(&server.alias)
            );
            if let Some(told) = told {
                put!(out, "denyMessage = {}\n", toml(&told));
            }
        };
        for ruling in server.rulings.iter().filter(|r| !r.usable()) {
            rule(
                &toml(&ruling.key),
                "deny",
                900,
                Some(format!("mcpclass: {}", ruling.tool.reason)),
            );
        }
        for (decision, priority, keys) in [
            ("ask_user", 600, server.keys(|d| d == Decision::Ask)),
            ("allow", 500, server.keys(callable)),
        ] {
            if !keys.is_empty() {
                rule(&list(keys, toml), decision, priority, None);
            }
        }
        rule(
            "\"*\"",
            "deny",
            100,
            Some("mcpclass: this tool was not assessed".to_owned()),
        );
    }
    Ok(out)
}

fn settings(draft: &Draft<'_>) -> Result<String, String> {
    let mut servers = Map::new();
    for server in &draft.servers {
        let mut entry = match Connection::of(draft, server) {
            Connection::Url(url) => json!({"httpUrl": url}),
            Connection::Command(program, args) => json!({"command": program, "args": args}),
        };
        entry["trust"] = json!(false);
        entry["includeTools"] = json!(server.names(usable));
        entry["excludeTools"] = json!(server.names(|d| !usable(d)));
        servers.insert(server.alias.clone(), entry);
    }
    Ok(document(&json!({"mcpServers": Value::Object(servers)})))
}

fn edits(draft: &Draft<'_>) -> Vec<Edit> {
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    let mut edits = Vec::new();
    for server in &draft.servers {
        let at = |rest: &[&str]| path(&[&["mcpServers", &server.alias], rest].concat());
        edits.push(Edit::Needs(at(&[])));
        edits.push(Edit::Scale {
            path: at(&["trust"]),
            value: json!(false),
            loosest_first: vec![json!(true), json!(false)],
            general: None,
        });
        edits.push(Edit::Within {
            path: at(&["includeTools"]),
            items: owned(server.names(usable)),
            everything: Everything::Absent,
        });
        edits.push(Edit::Union {
            path: at(&["excludeTools"]),
            items: owned(server.names(|d| !usable(d))),
        });
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::target::sample;

    /// What the engine does with a call: the matching rule of the highest priority.
    fn decide(policy: &::toml::Table, server: &str, tool: &str) -> String {
        let names = |rule: &::toml::Value| match &rule["toolName"] {
            ::toml::Value::Array(names) => names.iter().filter_map(|n| n.as_str().map(str::to_owned)).collect(),
            name => vec![name.as_str().unwrap_or_default().to_owned()],
        };
        let rules = policy["rule"].as_array().expect("rules");
        rules
            .iter()
            .filter(|r| r["mcpName"].as_str() == Some(server))
            .filter(|r| names(r).iter().any(|n| n == tool || n == "*"))
            .max_by_key(|r| r["priority"].as_integer())
            .and_then(|r| r["decision"].as_str())
            .unwrap_or("ask_user")
            .to_owned()
    }

    #[test]
    fn it_decides_as_intended() {
        let policy: ::toml::Table = sample::text(&TARGET, 0, &[&sample::plan()]).parse().expect("TOML");
        let decide = |tool: &str| decide(&policy, "llm-gateway", tool);
        assert_eq!(decide("session_list"), "allow");
        assert_eq!(decide("session_set_active"), "ask_user");
        assert_eq!(decide("run_code"), "ask_user");
        assert_eq!(decide("session_clear_all"), "deny");
        assert_eq!(decide("manage_session"), "deny");
        assert_eq!(decide("added_tomorrow"), "deny");
    }

    #[test]
    fn rules_stand_under_the_name_that_the_model_sees() {
        assert_eq!(key("s", "a b*").as_deref(), Ok("a_b_"));
        let long = "x".repeat(200);
        let rest = key("s", &long).expect("the server's part is whole");
        assert_eq!("mcp_s_".len() + rest.len(), LONGEST);
        assert!(key(&"s".repeat(40), &long).is_err());
    }

    #[test]
    fn settings_list_what_is_usable() {
        let settings = sample::value(&TARGET, 1, &[&sample::plan()]);
        let server = &settings["mcpServers"]["llm-gateway"];
        assert_eq!(
            server["includeTools"],
            json!(["session_list", "session_set_active", "run_code", "query_db"])
        );
        assert_eq!(server["excludeTools"], json!(["session_clear_all", "manage_session"]));
        assert_eq!(server["trust"], json!(false));
    }
}

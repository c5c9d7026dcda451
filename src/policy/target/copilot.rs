//! GitHub Copilot's command line and its coding agent. Both read a list of usable tools beside the server; the
//! command line asks before each unless started with flags, the coding agent never asks.

use serde_json::{Map, Value, json};

use super::connection::Connection;
use super::quote::document;
use super::{Capabilities, Draft, Form, Ruling, Scope, ServerDraft, Support, Target, exact_key, no_exception, usable};
use crate::label::Decision;
use crate::policy::merge::{Edit, Everything, Format, Merge, path};
use crate::policy::plan::ToolPlan;

const FLAGS: &str = "copilot-flags.txt";

const CLI: Capabilities = Capabilities {
    allow: Support::With(FLAGS),
    limit: Support::No,
    ask: Support::Yes,
    deny: Support::No,
    hide: Support::Yes,
    arguments: false,
    unlisted: Decision::Hide,
};

pub(super) static TARGET: Target = Target {
    id: "copilot",
    title: "GitHub Copilot",
    scope: Scope::ManyServers,
    alias,
    key: exact_key,
    forms: &[
        Form {
            file: "mcp-config.json",
            lives: "~/.copilot/mcp-config.json, .mcp.json, .github/mcp.json",
            can: CLI,
            except: no_exception,
            emit: config,
            merge: Some(Merge {
                format: Format::Json,
                names: &["mcp-config.json", ".mcp.json", "mcp.json"],
                edits,
            }),
        },
        Form {
            file: FLAGS,
            lives: "options of the copilot command",
            can: Capabilities {
                allow: Support::Yes,
                hide: Support::With("mcp-config.json"),
                deny: Support::Yes,
                unlisted: Decision::Ask,
                ..CLI
            },
            except: in_brackets,
            emit: flags,
            merge: None,
        },
        Form {
            file: "coding-agent.mcp.json",
            lives: "the repository's settings: Copilot, coding agent, MCP configuration",
            can: Capabilities {
                allow: Support::Yes,
                ask: Support::No,
                ..CLI
            },
            except: no_exception,
            emit: config,
            merge: Some(Merge {
                format: Format::Json,
                names: &["coding-agent.mcp.json"],
                edits,
            }),
        },
    ],
    reader: "Copilot CLI itself, with a server and a model of the tests (live); the coding agent: documented grammar",
    caution: "the coding agent never asks: there, what needs approval is left out",
};

fn alias(server: &str) -> Result<String, String> {
    if !plain(server) {
        return Err("a bracket, a comma or a line feed cannot stand in its options: use --name".to_owned());
    }
    if OWN.contains(&server.to_ascii_lowercase().as_str()) {
        return Err(format!("`{server}(…)` means Copilot's own tools: use --name"));
    }
    Ok(server.to_owned())
}

/// What a rule begins with that is about Copilot's own tools: no server may be granted them by calling itself so.
const OWN: &[&str] = &["shell", "write", "read", "url", "memory", "github-mcp-server"];

fn config(draft: &Draft<'_>) -> Result<String, String> {
    let mut servers = Map::new();
    for server in &draft.servers {
        let mut entry = Connection::of(draft, server).entry("http", "local");
        entry.insert("tools".to_owned(), json!(server.names(usable)));
        servers.insert(server.alias.clone(), Value::Object(entry));
    }
    Ok(document(&json!({"mcpServers": servers})))
}

/// Options are compared with the name that a model is shown, which for others is an encoding of Copilot's own.
fn in_brackets(_alias: &str, tool: &ToolPlan, decision: Decision) -> Option<&'static str> {
    (matches!(decision, Decision::Allow | Decision::Deny) && !in_option(&tool.name))
        .then_some("a name of more than letters, digits, `_` and `-` cannot stand in an option")
}

fn in_option(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

fn plain(name: &str) -> bool {
    !name.contains(['(', ')', ',']) && !name.chars().any(char::is_control)
}

/// One option a line.
fn flags(draft: &Draft<'_>) -> Result<String, String> {
    let mut out = String::new();
    for server in &draft.servers {
        out.extend(server.rulings.iter().filter_map(|r| flag(server, r)));
    }
    Ok(out)
}

fn flag(server: &ServerDraft<'_>, ruling: &Ruling<'_>) -> Option<String> {
    let option = match ruling.decision {
        Decision::Allow | Decision::Limit => "--allow-tool",
        Decision::Ask => return None,
        Decision::Deny | Decision::Hide => "--deny-tool",
    };
    let rule = format!("{}({})", server.alias, ruling.name());
    in_option(ruling.name()).then(|| format!("{option}='{}'\n", rule.replace('\'', r"'\''")))
}

fn edits(draft: &Draft<'_>) -> Vec<Edit> {
    let of = |server: &ServerDraft<'_>| {
        let entry = path(&["mcpServers", &server.alias]);
        let tools = path(&["mcpServers", &server.alias, "tools"]);
        [
            Edit::Needs(entry),
            Edit::Within {
                path: tools,
                items: server.names(usable).into_iter().map(str::to_owned).collect(),
                everything: Everything::Word("*"),
            },
        ]
    };
    draft.servers.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::target::{Options, draft, sample};

    fn tools(form: usize) -> Vec<String> {
        let config = sample::value(&TARGET, form, &[&sample::plan()]);
        let tools = config["mcpServers"]["llm-gateway"]["tools"]
            .as_array()
            .expect("a list")
            .clone();
        tools.iter().filter_map(|t| t.as_str().map(str::to_owned)).collect()
    }

    #[test]
    fn only_usable_tools_are_listed() {
        assert_eq!(tools(0), ["session_list", "session_set_active", "run_code", "query_db"]);
    }

    #[test]
    fn the_coding_agent_gets_nothing_that_would_have_to_be_asked() {
        assert_eq!(tools(2), ["session_list", "query_db"]);
    }

    #[test]
    fn no_server_is_granted_what_is_copilots_own() {
        let plan = sample::plan_of("shell", &[("rm", sample::READ)]);
        let options = Options::default();
        let error = draft(&TARGET, &TARGET.forms[1], &[&plan], &options).expect_err("it would open the shell");
        assert!(error.contains("--name"), "{error}");
    }

    #[test]
    fn flags_approve_what_is_free_and_deny_what_is_hidden() {
        let flags = sample::text(&TARGET, 1, &[&sample::plan()]);
        assert!(flags.contains("--allow-tool='llm-gateway(session_list)'\n"), "{flags}");
        assert!(
            flags.contains("--deny-tool='llm-gateway(session_clear_all)'\n"),
            "{flags}"
        );
        assert!(
            !flags.contains("session_set_active") && !flags.contains("run_code"),
            "{flags}"
        );
        let nasty = sample::plan_of("it's", &[("it's; rm -rf /", sample::READ), ("x", sample::READ)]);
        assert_eq!(sample::text(&TARGET, 1, &[&nasty]), "--allow-tool='it'\\''s(x)'\n");
    }
}

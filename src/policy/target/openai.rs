//! OpenAI's hosted MCP tool, as the Responses API and the Agents SDK take it. Every usable tool stands in exactly one
//! of the two approval lists, so that no default decides.

use serde_json::json;

use super::connection::Connection;
use super::quote::document;
use super::{Capabilities, Draft, Form, Scope, Support, Target, callable, literal_key, no_exception, slug, usable};
use crate::label::Decision;
use crate::policy::merge::NO_TOOL;

pub(super) static TARGET: Target = Target {
    id: "openai",
    title: "OpenAI hosted MCP tool",
    scope: Scope::OneServer,
    alias: |server| slug(server, &['-', '_']),
    key: literal_key,
    forms: &[Form {
        file: "hosted-mcp-tool.json",
        lives: "an entry of `tools` in a Responses API request",
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
        merge: None,
    }],
    reader: "the types of the openai package (live); its decisions: documented grammar",
    caution: "an approval request reaches your own program: it must not approve by itself",
};

fn emit(draft: &Draft<'_>) -> Result<String, String> {
    let server = draft.servers.first().ok_or("there is no server")?;
    let mut allowed = server.names(usable);
    if allowed.is_empty() {
        // Nowhere is it written that an empty list is none and not no filter.
        allowed.push(NO_TOOL);
    }
    Ok(document(&json!({
        "type": "mcp",
        "server_label": server.alias,
        "server_url": Connection::of(draft, server).url(),
        "allowed_tools": allowed,
        "require_approval": {
            "never": {"tool_names": server.names(callable)},
            "always": {"tool_names": server.names(|d| d == Decision::Ask)},
        },
    })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::target::sample;

    #[test]
    fn it_decides_as_intended() {
        let tool = sample::value(&TARGET, 0, &[&sample::plan()]);
        let names = json!(["session_list", "session_set_active", "run_code", "query_db"]);
        assert_eq!(tool["allowed_tools"], names);
        assert_eq!(
            tool["require_approval"]["never"]["tool_names"],
            json!(["session_list", "query_db"])
        );
        assert_eq!(
            tool["require_approval"]["always"]["tool_names"],
            json!(["session_set_active", "run_code"])
        );
    }

    #[test]
    fn no_usable_tool_is_not_every_tool() {
        let tool = sample::value(&TARGET, 0, &[&sample::plan_of("s", &[("wipe", sample::DESTRUCTIVE)])]);
        assert_eq!(tool["allowed_tools"], json!([NO_TOOL]));
    }

    #[test]
    fn nasty_names_stay_as_they_are() {
        let tools: Vec<_> = sample::NASTY.iter().map(|n| (*n, sample::READ)).collect();
        let tool = sample::value(&TARGET, 0, &[&sample::plan_of("My Server!", &tools)]);
        assert_eq!(tool["server_label"], "My-Server");
        assert_eq!(tool["allowed_tools"], json!(sample::NASTY));
    }
}

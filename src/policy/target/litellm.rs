//! LiteLLM: an allowlist and a denylist a server in the proxy's configuration. It neither asks nor counts. An empty
//! allowlist means every tool there, so a server without a free tool gets a name that no tool has.

use super::connection::Connection;
use super::quote::{list, yaml};
use super::{Capabilities, Draft, Form, Scope, ServerDraft, Support, Target, callable, literal_key, slug};
use crate::label::Decision;
use crate::policy::merge::{Edit, Everything, Format, Merge, NO_TOOL, path};
use crate::policy::plan::ToolPlan;

pub(super) static TARGET: Target = Target {
    id: "litellm",
    title: "LiteLLM proxy",
    scope: Scope::ManyServers,
    alias: |server| slug(server, &['_']).map(|name| name.replace('-', "_")),
    key: literal_key,
    forms: &[Form {
        file: "config.yaml",
        lives: "the proxy's configuration: litellm --config config.yaml",
        can: Capabilities {
            allow: Support::Yes,
            limit: Support::No,
            ask: Support::No,
            deny: Support::Yes,
            hide: Support::Yes,
            arguments: false,
            unlisted: Decision::Deny,
        },
        except: prefixed,
        emit,
        merge: Some(Merge {
            format: Format::Yaml,
            names: &["config.yaml", "config.yml", "litellm_config.yaml"],
            edits,
        }),
    }],
    reader: "LiteLLM's own loader and check (live)",
    caution: "it neither asks nor counts: limited tools are refused unless --limit-as allow",
};

/// LiteLLM reads `SERVER-tool` in a list as `tool` too, so such a name would let another tool through.
fn prefixed(alias: &str, tool: &ToolPlan, decision: Decision) -> Option<&'static str> {
    let rest = tool
        .name
        .get(..alias.len())
        .filter(|start| start.eq_ignore_ascii_case(alias));
    let other = rest.is_some_and(|_| tool.name[alias.len()..].starts_with('-'));
    (callable(decision) && other).then_some("its name reads there as the server's with another tool's")
}

fn allowed<'a>(server: &'a ServerDraft<'_>) -> Vec<&'a str> {
    let names = server.names(callable);
    if names.is_empty() { vec![NO_TOOL] } else { names }
}

fn emit(draft: &Draft<'_>) -> Result<String, String> {
    let mut out = draft.comments("#") + "mcp_servers:\n";
    for server in &draft.servers {
        put!(out, "  {}:\n", yaml(&server.alias));
        match Connection::of(draft, server) {
            Connection::Url(url) => put!(out, "    url: {}\n    transport: \"http\"\n", yaml(&url)),
            Connection::Command(program, args) => put!(
                out,
                "    transport: \"stdio\"\n    command: {}\n    args: {}\n",
                yaml(&program),
                list(args.iter().map(String::as_str), yaml)
            ),
        }
        put!(out, "    allowed_tools: {}\n", list(allowed(server), yaml));
        put!(
            out,
            "    disallowed_tools: {}\n",
            list(server.names(|d| !callable(d)), yaml)
        );
    }
    Ok(out)
}

fn edits(draft: &Draft<'_>) -> Vec<Edit> {
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    let of = |server: &ServerDraft<'_>| {
        let at = |rest: &[&str]| path(&[&["mcp_servers", &server.alias], rest].concat());
        [
            Edit::Needs(at(&[])),
            Edit::Within {
                path: at(&["allowed_tools"]),
                items: owned(allowed(server)),
                everything: Everything::Empty,
            },
            Edit::Union {
                path: at(&["disallowed_tools"]),
                items: owned(server.names(|d| !callable(d))),
            },
        ]
    };
    draft.servers.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::target::sample;

    #[test]
    fn it_decides_as_intended() {
        let config = sample::yaml(&TARGET, 0, &[&sample::plan()]);
        let server = &config["mcp_servers"]["llm_gateway"];
        assert_eq!(server["allowed_tools"], json!(["session_list", "query_db"]));
        let refused = json!(["session_set_active", "session_clear_all", "run_code", "manage_session"]);
        assert_eq!(server["disallowed_tools"], refused);
    }

    #[test]
    fn no_free_tool_is_not_every_tool() {
        let config = sample::yaml(&TARGET, 0, &[&sample::plan_of("s", &[("wipe", sample::DESTRUCTIVE)])]);
        assert_eq!(config["mcp_servers"]["s"]["allowed_tools"], json!([NO_TOOL]));
    }

    #[test]
    fn a_name_that_reads_as_another_tools_is_not_allowed() {
        let plan = sample::plan_of("s", &[("s-wipe", sample::READ), ("s_read", sample::READ)]);
        let config = sample::yaml(&TARGET, 0, &[&plan]);
        assert_eq!(config["mcp_servers"]["s"]["allowed_tools"], json!(["s_read"]));
    }

    #[test]
    fn nasty_names_survive() {
        let tools: Vec<_> = sample::NASTY.iter().map(|n| (*n, sample::READ)).collect();
        let config = sample::yaml(&TARGET, 0, &[&sample::plan_of("my-server", &tools)]);
        assert_eq!(
            config["mcp_servers"]["my_server"]["allowed_tools"],
            json!(sample::NASTY)
        );
    }
}

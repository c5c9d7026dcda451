//! Docker's MCP gateway: a map of servers to the tools that it passes on. No entry means every tool, an empty list
//! none.

use super::quote::{list, yaml};
use super::{Capabilities, Draft, Form, Scope, Support, Target, any_alias, callable, exact_key, no_exception};
use crate::label::Decision;
use crate::policy::merge::{Edit, Everything, Format, Merge, path};

pub(super) static TARGET: Target = Target {
    id: "docker-mcp",
    title: "Docker MCP gateway",
    scope: Scope::ManyServers,
    alias: any_alias,
    key: exact_key,
    forms: &[Form {
        file: "tools.yaml",
        lives: "~/.docker/mcp/tools.yaml",
        can: Capabilities {
            allow: Support::Yes,
            limit: Support::No,
            ask: Support::No,
            deny: Support::No,
            hide: Support::Yes,
            arguments: false,
            unlisted: Decision::Hide,
        },
        except: no_exception,
        emit,
        merge: Some(Merge {
            format: Format::Yaml,
            names: &["tools.yaml"],
            edits,
        }),
    }],
    reader: "no reader to be had: documented grammar",
    caution: "a server without an entry passes on every tool",
};

fn emit(draft: &Draft<'_>) -> Result<String, String> {
    let mut out = draft.comments("#");
    for server in &draft.servers {
        let names = server.names(callable);
        if names.is_empty() {
            put!(out, "{}: {}\n", yaml(&server.alias), list(names, yaml));
            continue;
        }
        put!(out, "{}:\n", yaml(&server.alias));
        out.extend(names.into_iter().map(|name| format!("  - {}\n", yaml(name))));
    }
    Ok(out)
}

fn edits(draft: &Draft<'_>) -> Vec<Edit> {
    let servers = draft.servers.iter();
    servers
        .map(|server| Edit::Within {
            path: path(&[&server.alias]),
            items: server.names(callable).into_iter().map(str::to_owned).collect(),
            everything: Everything::Absent,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::target::sample;

    #[test]
    fn only_what_is_free_is_passed_on() {
        let (plan, none) = (
            sample::plan(),
            sample::plan_of("b: c", &[("wipe", sample::DESTRUCTIVE)]),
        );
        let tools = sample::yaml(&TARGET, 0, &[&plan, &none]);
        assert_eq!(tools, json!({"llm-gateway": ["session_list", "query_db"], "b: c": []}));
    }

    #[test]
    fn nasty_names_survive() {
        let tools: Vec<_> = sample::NASTY.iter().map(|n| (*n, sample::READ)).collect();
        assert_eq!(
            sample::yaml(&TARGET, 0, &[&sample::plan_of("s", &tools)])["s"],
            json!(sample::NASTY)
        );
    }
}

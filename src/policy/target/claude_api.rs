//! The Claude API's MCP connector: tools are on or off, and nobody is asked, so what needs approval is off.

use serde_json::{Map, Value, json};

use super::connection::Connection;
use super::quote::document;
use super::{Capabilities, Draft, Form, Scope, Support, Target, any_alias, callable, literal_key, no_exception};
use crate::label::Decision;

pub(super) static TARGET: Target = Target {
    id: "claude-api",
    title: "Claude API MCP connector",
    scope: Scope::ManyServers,
    alias: any_alias,
    key: literal_key,
    forms: &[Form {
        file: "mcp_toolset.json",
        lives: "`mcp_servers` and `tools` of a Messages API request",
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
        merge: None,
    }],
    reader: "the types of the anthropic package (live); its decisions: documented grammar",
    caution: "it neither asks nor counts: limited tools are off unless --limit-as allow",
};

fn emit(draft: &Draft<'_>) -> Result<String, String> {
    let (mut servers, mut tools) = (Vec::new(), Vec::new());
    for server in &draft.servers {
        let url = Connection::of(draft, server).url().to_owned();
        servers.push(json!({"type": "url", "url": url, "name": server.alias}));
        let on: Map<String, Value> = server
            .names(callable)
            .into_iter()
            .map(|name| (name.to_owned(), json!({"enabled": true})))
            .collect();
        tools.push(json!({
            "type": "mcp_toolset",
            "mcp_server_name": server.alias,
            "default_config": {"enabled": false},
            "configs": on,
        }));
    }
    Ok(document(&json!({"mcp_servers": servers, "tools": tools})))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::target::{LimitAs, Options, sample};

    fn on(limit_as: Option<LimitAs>) -> Vec<String> {
        let plan = sample::plan();
        let options = Options {
            limit_as,
            ..Options::default()
        };
        let text = emit(&sample::drafted(&TARGET, 0, &[&plan], &options)).expect("it can be written");
        let request: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(request["tools"][0]["default_config"]["enabled"], false);
        let configs = request["tools"][0]["configs"].as_object().expect("a map").clone();
        configs.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn only_what_is_free_is_on() {
        assert_eq!(on(None), ["session_list", "query_db"]);
        assert_eq!(
            on(Some(LimitAs::Allow)),
            ["session_list", "session_set_active", "query_db"]
        );
    }
}

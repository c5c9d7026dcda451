//! Finds the servers in a configuration: under which key each client keeps them, and how that client spells
//! variables. Pure.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::source::expand::Syntax;

/// A server's entry in a configuration.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// The name it has there.
    pub(super) name: String,
    /// The entry.
    pub(super) value: &'a Value,
    /// How variables in it are spelled.
    pub(super) syntax: Syntax,
    /// The project folder that it belongs to, where the file says one.
    pub(super) project: Option<PathBuf>,
}

/// Where clients keep servers: the keys that lead there, and the spelling of variables.
const KEYS: &[(&[&str], Syntax)] = &[
    (&["mcpServers"], Syntax::Braces),
    (&["amp.mcpServers"], Syntax::Braces),
    (&["servers"], Syntax::Braces),
    (&["mcp.servers"], Syntax::Braces),
    (&["mcp", "servers"], Syntax::Braces),
    (&["mcp"], Syntax::OpenCode),
    (&["context_servers"], Syntax::Braces),
    (&["extensions"], Syntax::Braces),
    (&["mcp_servers"], Syntax::Literal),
];

/// Keys that only clients use, so that even an empty value makes a configuration.
const UNMISTAKABLE: [&str; 5] = [
    "mcpServers",
    "amp.mcpServers",
    "mcp.servers",
    "context_servers",
    "mcp_servers",
];

/// Whether a document is the configuration of a client.
pub fn is_config(value: &Value) -> bool {
    UNMISTAKABLE
        .iter()
        .any(|key| matches!(value.get(key), Some(Value::Object(_) | Value::Array(_))))
        || !entries(value, Path::new("")).is_empty()
}

/// Every server's entry, in the order of the file.
pub(super) fn entries<'a>(config: &'a Value, file: &Path) -> Vec<Entry<'a>> {
    let mut found = Vec::new();
    let shell = is_gemini(file);
    for (path, syntax) in KEYS {
        let Some(servers) = path.iter().try_fold(config, |value, key| value.get(*key)) else {
            continue;
        };
        // In `mcp`, `servers` is a map of its own and no server.
        if *path == ["mcp"] && servers.get("servers").is_some_and(Value::is_object) {
            continue;
        }
        let certain = UNMISTAKABLE.contains(&path[0]);
        let syntax = match syntax {
            Syntax::Braces if shell || speaks_gemini(servers) => Syntax::Shell,
            Syntax::Braces if *path == ["mcp", "servers"] && speaks_opencode(servers) => Syntax::OpenCode,
            other => *other,
        };
        collect(servers, certain, syntax, None, &mut found);
    }
    if let Some(Value::Object(projects)) = config.get("projects") {
        for (folder, project) in projects {
            if let Some(servers) = project.get("mcpServers") {
                collect(servers, true, Syntax::Braces, Some(Path::new(folder)), &mut found);
            }
        }
    }
    // A plugin's file may be the bare map.
    if found.is_empty()
        && let Some(map) = config.as_object()
        && !map.is_empty()
        && map.values().all(|value| value.as_object().is_some_and(is_bare_entry))
    {
        collect(config, true, Syntax::Braces, None, &mut found);
    }
    found
}

fn collect<'a>(servers: &'a Value, certain: bool, syntax: Syntax, project: Option<&Path>, found: &mut Vec<Entry<'a>>) {
    let mut push = |name: String, value: &'a Value| {
        if certain || value.as_object().is_some_and(is_entry) {
            found.push(Entry {
                name,
                value,
                syntax,
                project: project.map(Path::to_owned),
            });
        }
    };
    match servers {
        Value::Object(map) => map.iter().for_each(|(name, value)| push(name.clone(), value)),
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                let name = value
                    .get("name")
                    .and_then(Value::as_str)
                    .map_or_else(|| format!("#{}", index + 1), str::to_owned);
                push(name, value);
            }
        }
        _ => {}
    }
}

/// Whether an object could be a server's entry, under a key that other programs use too.
fn is_entry(object: &Map<String, Value>) -> bool {
    let string = |key: &str| object.get(key).is_some_and(Value::is_string);
    let command = object
        .get("command")
        .is_some_and(|v| v.is_string() || v.is_array() || v.is_object());
    command
        || ["cmd", "url", "serverUrl", "httpUrl", "uri"].into_iter().any(string)
        || (object
            .get("type")
            .and_then(Value::as_str)
            .is_some_and(|t| matches!(t, "builtin" | "platform" | "stdio" | "local"))
            && object.contains_key("enabled"))
}

/// The same where not even a key hints at it.
fn is_bare_entry(object: &Map<String, Value>) -> bool {
    object.get("command").is_some_and(Value::is_string)
        || object
            .get("url")
            .and_then(Value::as_str)
            .is_some_and(|url| url.contains("://"))
            && (object.get("type").is_some_and(Value::is_string) || object.contains_key("headers") || object.len() == 1)
}

fn is_gemini(file: &Path) -> bool {
    file.components()
        .any(|part| matches!(part.as_os_str().to_str(), Some(".gemini" | "gemini-cli" | "GeminiCli")))
}

/// Whether an entry has keys that only Gemini CLI knows.
fn speaks_gemini(servers: &Value) -> bool {
    any_entry(servers, |entry| {
        ["httpUrl", "includeTools", "excludeTools", "authProviderType"]
            .iter()
            .any(|key| entry.contains_key(*key))
    })
}

fn speaks_opencode(servers: &Value) -> bool {
    any_entry(servers, |entry| {
        entry.get("command").is_some_and(Value::is_array)
            || matches!(entry.get("type").and_then(Value::as_str), Some("local" | "remote"))
    })
}

fn any_entry(servers: &Value, test: impl Fn(&Map<String, Value>) -> bool) -> bool {
    servers
        .as_object()
        .is_some_and(|map| map.values().any(|value| value.as_object().is_some_and(&test)))
}

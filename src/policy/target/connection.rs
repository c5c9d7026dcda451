//! How a server is reached, in formats that name it beside its tools. What is not known is written as an address
//! that goes nowhere, so that the file is whole and fails closed until a person fills it in.

use serde_json::{Map, Value, json};

use super::{Draft, ServerDraft};
use crate::manifest::Transport;

/// The address that stands where none is known.
pub(crate) const PLACEHOLDER: &str = "https://replace-me.invalid/mcp";

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    /// At a URL.
    Url(String),
    /// By a command with its arguments.
    Command(String, Vec<String>),
}

impl Connection {
    /// What a person gave, else what the listing was read from.
    pub(crate) fn of(draft: &Draft<'_>, server: &ServerDraft<'_>) -> Self {
        if let Some(url) = &draft.options.url {
            return Self::Url(url.clone());
        }
        let from = &server.plan.server;
        let words = match from.transport {
            Transport::Stdio => shlex::split(&from.origin).unwrap_or_default(),
            Transport::Http | Transport::Sse | Transport::File => Vec::new(),
        };
        match words.split_first() {
            Some((program, args)) => Self::Command(program.clone(), args.to_vec()),
            None if is_url(&from.origin) => Self::Url(from.origin.clone()),
            None => Self::Url(PLACEHOLDER.to_owned()),
        }
    }

    /// The URL, for targets that know no commands.
    pub(crate) fn url(&self) -> &str {
        match self {
            Self::Url(url) => url,
            Self::Command(..) => PLACEHOLDER,
        }
    }

    /// A client's entry for the server: `type` and `url`, or `type`, `command` and `args`.
    pub(crate) fn entry(&self, url_type: &str, command_type: &str) -> Map<String, Value> {
        let value = match self {
            Self::Url(url) => json!({"type": url_type, "url": url}),
            Self::Command(program, args) => json!({"type": command_type, "command": program, "args": args}),
        };
        match value {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}

fn is_url(origin: &str) -> bool {
    origin.starts_with("https://") || origin.starts_with("http://")
}

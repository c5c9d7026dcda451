//! What a live server is: the command that starts it or the URL that it answers at, as named by a user or a
//! configuration file. Values that may be secrets are held so that nothing prints them by accident.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// A value that is never shown: environment values, headers, tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that sends it where it is configured to go.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A live server to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The name by which it is shown, where it was given or configured; else what it declares is used.
    pub name: Option<String>,
    /// How to reach it.
    pub endpoint: Endpoint,
    /// Whether a user typed it (then starting it was asked for), or a configuration file or registry named it.
    pub named_by: NamedBy,
}

/// Who named a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedBy {
    /// The user, on the command line.
    User,
    /// A client's configuration file.
    Config(PathBuf),
    /// A registry or a list.
    Registry(String),
}

/// How to reach a live server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A command that speaks MCP over its standard streams.
    Command {
        /// The program.
        program: String,
        /// Its arguments.
        args: Vec<String>,
        /// What its configuration names beside the clean environment.
        env: BTreeMap<String, Secret>,
        /// Where it starts; a temporary folder when `None`.
        cwd: Option<PathBuf>,
    },
    /// A URL that answers over HTTP.
    Url {
        /// The URL. User information in it counts as a secret.
        url: String,
        /// Headers that go to this origin alone.
        headers: Vec<(String, Secret)>,
        /// Which HTTP transport the configuration says it is.
        style: HttpStyle,
    },
}

/// Which HTTP transport to try.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpStyle {
    /// Streamable HTTP, then the legacy HTTP+SSE transport.
    #[default]
    Any,
    /// Only the legacy HTTP+SSE transport.
    Sse,
}

//! Where tools come from. Every form of SERVER ends as a [`Manifest`]; what goes wrong is a [`Failure`] that
//! names the server. Everything that does I/O to obtain a listing is below this module.

pub mod json;
pub mod live;
pub mod redact;
pub mod spec;

use crate::cli::Global;
use crate::error::{Error, Result};
use crate::manifest::{Manifest, Server};

/// Which servers to read, and within which limits. Flattened into every command that takes SERVER.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Servers")]
pub struct SourceArgs {
    /// A URL, a file, a folder, `npm:NAME`, `pypi:NAME`, or `-` for stdin
    #[arg(value_name = "SERVER")]
    pub servers: Vec<String>,
    /// A command that speaks MCP over stdio
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
    /// Name the server
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

/// A source that could not be read.
#[derive(Debug)]
pub struct Failure {
    /// What was named: a path, a URL, a command line, a configured server.
    pub source: String,
    /// What happened, and the way out.
    pub error: Error,
}

/// What was read, in the order it was named, and what could not be.
#[derive(Debug, Default)]
pub struct Collected {
    /// The listings.
    pub manifests: Vec<Manifest>,
    /// The sources that failed.
    pub failures: Vec<Failure>,
}

/// Reads every source that the arguments name. An error is a mistake in the arguments themselves; a source
/// that fails is a [`Failure`] and costs no other.
pub fn collect(args: &SourceArgs, _global: &Global) -> Result<Collected> {
    let mut collected = Collected::default();
    for path in &args.servers {
        let text = std::fs::read_to_string(path).map_err(|e| Error::io("cannot read", path.as_ref(), &e))?;
        let value: serde_json::Value = serde_json::from_str(&text).map_err(|e| Error::new(format!("{path}: {e}")))?;
        let tools = value
            .get("tools")
            .and_then(|t| t.as_array())
            .cloned()
            .unwrap_or_default();
        let name = value.get("server").and_then(|n| n.as_str()).unwrap_or(path).to_owned();
        collected
            .manifests
            .push(Manifest::from_values(Server::from_file(name, path.clone()), tools));
    }
    Ok(collected)
}

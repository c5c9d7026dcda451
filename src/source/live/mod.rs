//! Talking to live servers. Not written yet: every listing is an error that says so.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::manifest::Manifest;
use crate::source::spec::Spec;

/// What one server may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The whole listing.
    pub timeout: Duration,
    /// Everything that the server sends.
    pub max_bytes: u64,
    /// Pages of the listing.
    pub max_pages: u32,
    /// Tools of the listing.
    pub max_tools: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            max_bytes: 64 * 1024 * 1024,
            max_pages: 1000,
            max_tools: 10_000,
        }
    }
}

/// Whether a started server is fenced in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Sandbox {
    /// Not at all.
    Off,
    /// As far as this machine can.
    #[default]
    Auto,
    /// It is, or it is not started.
    Required,
}

/// How to reach servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether a started server is fenced in.
    pub sandbox: Sandbox,
    /// Whether a started server is kept from the network.
    pub no_network: bool,
    /// Whether addresses of private networks may be contacted on a redirect or by a configuration.
    pub allow_private: bool,
    /// How much to say on stderr.
    pub verbose: u8,
    /// The program that supervises started servers; `None` is the running one.
    pub supervisor: Option<PathBuf>,
}

/// Lists the tools of a live server.
#[expect(clippy::unused_async, reason = "the protocol clients await")]
pub async fn list(_spec: &Spec, _limits: &Limits, _options: &Options) -> Result<Manifest> {
    Err(Error::partial("live servers cannot be listed yet"))
}

//! `mcpclass index`.

use crate::cli::Global;
use crate::error::{Error, Outcome, Result};

/// Arguments of `mcpclass index`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_args: &Args, _global: &Global) -> Result<Outcome> {
    Err(Error::new("`mcpclass index` is not part of this build yet"))
}

//! `mcpclass accept`.

use crate::cli::Global;
use crate::error::{Error, Outcome, Result};

/// Arguments of `mcpclass accept`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_args: &Args, _global: &Global) -> Result<Outcome> {
    Err(Error::new("`mcpclass accept` is not part of this build yet"))
}

//! `mcpclass completions SHELL`.

use std::io::Write as _;

use crate::cli::{self, Global};
use crate::error::{Outcome, Result};

/// Arguments of `mcpclass completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell to complete for
    shell: clap_complete::Shell,
}

/// Prints the script.
pub fn run(args: &Args, _global: &Global) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut cli::definition(), "mcpclass", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(Outcome::Done)
}

//! `mcpclass man`.

use std::io::Write as _;

use crate::cli::{self, Global};
use crate::error::{Outcome, Result};

/// Arguments of `mcpclass man`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Prints the manual page in roff.
pub fn run(_args: &Args, _global: &Global) -> Result<Outcome> {
    let mut page = Vec::new();
    clap_mangen::Man::new(cli::definition()).render(&mut page)?;
    std::io::stdout().write_all(&page)?;
    Ok(Outcome::Done)
}

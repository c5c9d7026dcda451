//! `mcpclass parse`, hidden: reads lines into JSON values on all cores and throws them away. Other commands are
//! measured against it, so it goes the same way through the lines as they do.

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::cli::Global;
use crate::error::{Error, Outcome, Result};
use crate::stream::{self, Line};

/// Arguments of `mcpclass parse`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// JSON Lines
    file: PathBuf,
}

/// Parses.
pub fn run(args: &Args, _global: &Global) -> Result<Outcome> {
    let file = File::open(&args.file).map_err(|e| Error::io("cannot read", &args.file, &e))?;
    let broken = AtomicUsize::new(0);
    let work = |_, line: Line<'_>, (): &mut (), _: &mut Vec<u8>| {
        let Line::Text(text) = line else { return };
        if serde_json::from_slice::<Value>(text).is_err() {
            broken.fetch_add(1, Ordering::Relaxed);
        }
    };
    stream::filter(file, std::io::sink(), usize::MAX >> 1, work).map_err(|e| Error::new(e.to_string()))?;
    match broken.into_inner() {
        0 => Ok(Outcome::Done),
        lines => Err(Error::partial(format!("{lines} lines are no JSON"))),
    }
}

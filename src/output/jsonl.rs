//! `--format jsonl`: an assessment a line, in the servers' own order, with the server's name in front.

use std::io::{self, Write};

use serde::Serialize;

use crate::assessment::Assessment;
use crate::output::{Context, json};
use crate::report::Assessed;

/// Prints the lines.
pub fn write(servers: &[Assessed], _context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Vec::new();
    for server in servers {
        for assessment in &server.assessments {
            let line = Line {
                server: &server.manifest.server.name,
                assessment,
            };
            text.clear();
            json::compact(&line, &mut text)?;
            text.push(b'\n');
            out.write_all(&text)?;
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct Line<'a> {
    server: &'a str,
    #[serde(flatten)]
    assessment: &'a Assessment,
}

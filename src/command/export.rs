//! `mcpclass export`: the whole catalogue as JSON Lines, CSV or Parquet, a tool a row; or its facts alone.

use std::io::{BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::assessment::Assessment;
use crate::catalogue::facts::Facts;
use crate::catalogue::place::CatalogueArgs;
use crate::catalogue::record::{Record, Shelf as _};
use crate::catalogue::table::{self, Reader};
use crate::cli::Global;
use crate::error::{Error, Outcome, Result};
use crate::fsio;
use crate::manifest::Server;
use crate::output::json;

/// Arguments of `mcpclass export`.
#[derive(Debug, clap::Args)]
#[command(after_help = "With DuckDB: SELECT category, count(*) FROM 'tools.parquet' GROUP BY category")]
pub struct Args {
    #[command(flatten)]
    catalogue: CatalogueArgs,
    /// How to write it
    #[arg(long, value_name = "FORMAT", default_value = "jsonl", help_heading = "Output")]
    format: ExportFormat,
    /// Facts alone, a server a line: names, labels, signals, matched words and digests, and no text of anybody's
    #[arg(long, conflicts_with = "format", help_heading = "Output")]
    facts: bool,
    /// Write to a file; compressed where its name ends in .zst
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
}

/// How to write a catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportFormat {
    /// An assessment a line, with its server
    Jsonl,
    /// The columns that fit a table
    Csv,
    /// The same columns, for DuckDB, Spark and pandas
    Parquet,
}

/// A tool as a line.
#[derive(Serialize)]
struct Line<'a> {
    server: &'a str,
    origin: &'a str,
    version: Option<&'a str>,
    #[serde(flatten)]
    assessment: &'a Assessment,
}

/// Exports.
pub fn run(args: &Args, _global: &Global) -> Result<Outcome> {
    let store = args.catalogue.open()?;
    let parquet = args.format == ExportFormat::Parquet && !args.facts;
    if parquet && args.output.is_none() && std::io::stdout().is_terminal() {
        return Err(Error::new("Parquet is nothing for a terminal").help("name a file: -o tools.parquet"));
    }
    let written = match &args.output {
        None => write(args, &store, &mut std::io::stdout()),
        Some(path) => to_file(path, |out| write(args, &store, out)),
    };
    written?;
    Ok(if store.is_empty()? {
        Outcome::Nothing
    } else {
        Outcome::Done
    })
}

fn write(args: &Args, store: &crate::catalogue::store::Store, out: &mut (dyn Write + Send)) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 18, out);
    let records = store.records()?;
    let mut text = Vec::new();
    if args.facts {
        for record in records {
            line(&Facts::of(&record?), &mut text, &mut out)?;
        }
    } else {
        match args.format {
            ExportFormat::Jsonl => {
                for record in records {
                    lines(&record?, &mut text, &mut out)?;
                }
            }
            ExportFormat::Csv => {
                let at_terminal = args.output.is_none() && std::io::stdout().is_terminal();
                let reader = if at_terminal { Reader::Person } else { Reader::Program };
                table::csv(records, reader, &mut out)?;
            }
            ExportFormat::Parquet => table::parquet(records, &mut out)?,
        }
    }
    out.flush()?;
    Ok(())
}

fn lines(record: &Record, text: &mut Vec<u8>, out: &mut impl Write) -> Result<()> {
    let Server {
        name, origin, version, ..
    } = &record.assessed.manifest.server;
    for assessment in &record.assessed.assessments {
        let row = Line {
            server: name,
            origin,
            version: version.as_deref(),
            assessment,
        };
        line(&row, text, out)?;
    }
    Ok(())
}

/// Writes a value and a line feed by way of `text`, which is the same for all lines so that its memory is.
fn line(value: &impl Serialize, text: &mut Vec<u8>, out: &mut impl Write) -> Result<()> {
    text.clear();
    json::compact(value, text)?;
    text.push(b'\n');
    out.write_all(text)?;
    Ok(())
}

/// Writes a file, compressed where its name says so.
fn to_file(path: &Path, write: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>) -> Result<()> {
    const LEVEL: i32 = 19;
    let fail = |error: std::io::Error| Error::io("cannot write", path, &error);
    let done = fsio::write_atomic_with(path, |file| {
        if path.extension().is_none_or(|extension| extension != "zst") {
            return write(file);
        }
        let mut packed = zstd::Encoder::new(file, LEVEL).map_err(fail)?;
        write(&mut packed)?;
        packed.finish().map(drop).map_err(fail)
    });
    // What fails in between knows of no file.
    done.map_err(|error| error.fact("file", path.display().to_string()))
}

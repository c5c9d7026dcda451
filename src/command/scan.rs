//! `mcpclass scan`: the main job. Lists servers, classifies their tools, recommends a policy.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Instant;

use rayon::prelude::*;

use crate::classify::Classifier;
use crate::cli::Global;
use crate::command::rerun;
use crate::error::{Error, Outcome, Result};
use crate::fsio;
use crate::gate::{self, Gate};
use crate::manifest::Transport;
use crate::output::place::Places;
use crate::output::{Context, Format, Rows, json};
use crate::report::Assessed;
use crate::settings::Settings;
use crate::source::{self, Collected, SourceArgs};
use crate::ui;

/// Arguments of `mcpclass scan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    source: SourceArgs,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: Format,
    /// Write the result to a file
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Show every tool in the table, not only the worst
    #[arg(long, help_heading = "Output")]
    all: bool,
    /// Also write the recommended policy.json to a file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    policy: Option<PathBuf>,
    /// Exit with status 1 if a tool meets a condition: a risk or a higher one (`critical`), `category:Destructive`,
    /// `signal:secrets`, `decision:hide`, `conflict` (an annotation contradicts the definition), `unsure`, `problem`
    #[arg(long, value_name = "GATE", value_delimiter = ',', help_heading = "Output")]
    fail_on: Vec<Gate>,
}

/// Lists, classifies, recommends.
pub fn run(args: &Args, global: &Global) -> Result<Outcome> {
    let settings = Settings::load(global)?;
    let classifier = settings.classifier(global)?;
    let started = Instant::now();
    let Collected {
        manifests, failures, ..
    } = source::collect(&args.source, global)?;
    let servers: Vec<Assessed> = manifests.into_par_iter().map(|m| classifier.assess_all(m)).collect();
    let elapsed = started.elapsed();

    for failure in &failures {
        ui::failure(&failure.source, &failure.error);
    }
    if servers.is_empty() {
        return if failures.is_empty() {
            Err(nothing("no server was found"))
        } else {
            Ok(Outcome::Partial)
        };
    }
    settings.warn_unused(&servers, global);

    let to_terminal = args.output.is_none() && std::io::stdout().is_terminal();
    let live = servers.iter().any(|s| s.manifest.server.transport != Transport::File);
    let places = if args.format.has_places() {
        let origins = servers.iter().map(|s| s.manifest.server.origin.clone());
        Places::read(origins.chain(args.source.servers.iter().cloned()))
    } else {
        Places::default()
    };
    let context = Context {
        places: &places,
        classifier: &classifier,
        rows: if args.all || !to_terminal {
            Rows::All
        } else {
            Rows::Worst
        },
        width: if args.output.is_none() { ui::width() } else { None },
        servers: &rerun::servers("scan", 0),
        elapsed: (to_terminal && live && servers.len() == 1).then_some(elapsed),
    };
    let mut result = Vec::new();
    args.format.write(&servers, &context, &mut result)?;
    match &args.output {
        Some(path) => fsio::write_atomic(path, &ui::plain(result))?,
        None => ui::print(&result)?,
    }
    if let Some(path) = &args.policy {
        write_policy(path, &servers)?;
    }
    outcome(&args.fail_on, &servers, &classifier, failures.len())
}

/// A tripped gate outranks a source that failed: it is certain, and the failure is on stderr.
fn outcome(gates: &[Gate], servers: &[Assessed], classifier: &Classifier, failed: usize) -> Result<Outcome> {
    let tripped = if gates.is_empty() {
        Vec::new()
    } else {
        gate::check_all(gates, servers, &classifier.exposures(servers))
    };
    for trip in &tripped {
        ui::error(&Error::new(trip.to_string()));
    }
    if !tripped.is_empty() {
        return Ok(Outcome::GateTripped);
    }
    if failed > 0 {
        return Ok(Outcome::Partial);
    }
    if servers.iter().all(|s| s.assessments.is_empty()) {
        return Err(nothing("there is no tool to classify"));
    }
    Ok(Outcome::Done)
}

fn write_policy(path: &std::path::Path, servers: &[Assessed]) -> Result<()> {
    let [server] = servers else {
        return Err(Error::new(format!(
            "--policy writes the policy of one server, and {} were scanned",
            servers.len()
        ))
        .help("write one for each: mcpclass policy --for policylayer -o DIR SERVER…"));
    };
    let mut text = Vec::new();
    json::pretty(&server.policy(), &mut text)?;
    text.push(b'\n');
    fsio::write_atomic(path, &text)
}

fn nothing(message: &str) -> Error {
    Error::nothing(message)
        .help("name a saved listing, a URL or a command: mcpclass scan tools.json")
        .help("the servers of this machine's MCP clients: mcpclass scan --clients")
}

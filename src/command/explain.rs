//! `mcpclass explain`: why one tool got its label.

use std::path::Path;

use crate::cli::Global;
use crate::command::rerun;
use crate::error::{Error, Outcome, Result};
use crate::output::explain::{self, Explained};
use crate::output::place::Places;
use crate::output::{Context, Rows};
use crate::report::Assessed;
use crate::settings::Settings;
use crate::source::{self, Collected, SourceArgs};
use crate::text::{escape, suggest};
use crate::ui;

/// Arguments of `mcpclass explain`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The tool's name
    #[arg(value_name = "TOOL")]
    tool: String,
    #[command(flatten)]
    source: SourceArgs,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: Format,
}

/// How to print a reckoning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people: the definition with its marks
    Table,
    /// The definition and its assessment
    Json,
}

/// Explains every tool of that name among the servers.
pub fn run(args: &Args, global: &Global) -> Result<Outcome> {
    if args.source.is_empty() && (Path::new(&args.tool).exists() || args.tool.contains("://")) {
        let message = format!("{:?} is a server, and the tool to explain comes first", args.tool);
        return Err(Error::new(message).help(format!("mcpclass explain TOOL {}", args.tool)));
    }
    let settings = Settings::load(global)?;
    let classifier = settings.classifier(global)?;
    let Collected {
        manifests, failures, ..
    } = source::collect(&args.source, global)?;
    let servers: Vec<Assessed> = manifests.into_iter().map(|m| classifier.assess_all(m)).collect();
    for failure in &failures {
        ui::failure(&failure.source, &failure.error);
    }
    let found: Vec<Explained<'_>> = servers.iter().flat_map(|server| of_name(server, &args.tool)).collect();
    if found.is_empty() {
        return if servers.is_empty() && !failures.is_empty() {
            Ok(Outcome::Partial)
        } else {
            Err(unknown(&args.tool, &servers))
        };
    }
    let context = Context {
        places: &Places::default(),
        classifier: &classifier,
        rows: Rows::All,
        width: ui::width(),
        servers: &rerun::servers("explain", 1),
        elapsed: None,
    };
    let mut result = Vec::new();
    match args.format {
        Format::Table => explain::write(&found, &context, &mut result)?,
        Format::Json => explain::write_json(&found, &context, &mut result)?,
    }
    ui::print(&result)?;
    Ok(if failures.is_empty() {
        Outcome::Done
    } else {
        Outcome::Partial
    })
}

fn of_name<'a>(server: &'a Assessed, name: &'a str) -> impl Iterator<Item = Explained<'a>> {
    let both = server.manifest.tools.iter().zip(&server.assessments);
    both.filter(move |(tool, _)| tool.name() == name)
        .map(|(definition, assessment)| Explained {
            server: &server.manifest.server,
            definition,
            assessment,
        })
}

fn unknown(wanted: &str, servers: &[Assessed]) -> Error {
    let names = || {
        servers
            .iter()
            .flat_map(|s| s.assessments.iter().map(|a| a.name.as_str()))
    };
    if names().next().is_none() {
        return Error::nothing("there is no tool to explain").help("name a server: mcpclass explain TOOL tools.json");
    }
    let error = Error::new(format!("no tool is named {wanted:?}"));
    if let Some(name) = suggest::nearest(wanted, names()) {
        return error.help(format!("did you mean `{}`?", escape::one_line(name)));
    }
    let mut some: Vec<_> = names().map(escape::one_line).collect();
    some.sort_unstable();
    let all = some.len();
    some.truncate(12);
    let more = if all > some.len() { ", …" } else { "" };
    error.help(format!("there are {all} tools: {}{more}", some.join(", ")))
}

//! `mcpclass site`: a catalogue, or servers just read, as a static web site.

use std::path::PathBuf;

use rayon::prelude::*;

use crate::catalogue::place::CatalogueArgs;
use crate::catalogue::record::{InMemory, Shelf};
use crate::catalogue::store::Store;
use crate::classify::Classifier;
use crate::cli::Global;
use crate::error::{Error, Outcome, Result};
use crate::settings::Settings;
use crate::source::{self, SourceArgs};
use crate::{site, ui};

/// Arguments of `mcpclass site`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    catalogue: CatalogueArgs,
    /// Folder for the site: a new or an empty one, or an earlier site
    #[arg(long, short, visible_alias = "output", value_name = "DIR", help_heading = "Output")]
    out: PathBuf,
    /// Where the site will stand, for the sitemap and canonical addresses; nothing else needs it
    #[arg(long, value_name = "URL", value_parser = address, help_heading = "Output")]
    base_url: Option<String>,
}

/// Writes the site.
pub fn run(args: &Args, global: &Global) -> Result<Outcome> {
    let settings = Settings::load(global)?;
    let classifier = settings.classifier(global)?;
    let (shelf, failed) = if args.source.is_empty() {
        (catalogue(args)?, false)
    } else {
        just_read(args, global, &classifier)?
    };
    let written = site::write(&*shelf, &classifier, &args.out, args.base_url.as_deref())?;
    let index = args.out.join("index.html");
    let text = format!(
        "{} pages about {} tools of {} servers: {}",
        written.pages,
        written.tools,
        written.servers,
        index.display()
    );
    ui::note(global, &text);
    Ok(if failed { Outcome::Partial } else { Outcome::Done })
}

/// The catalogue that is named, or the usual one.
fn catalogue(args: &Args) -> Result<Box<dyn Shelf>> {
    let folder = args.catalogue.folder()?;
    let store = Store::read(&folder)?;
    match store {
        Some(store) if !store.is_empty()? => Ok(Box::new(store)),
        _ => Err(Error::nothing(format!("there is no catalogue in {}", folder.display()))
            .help("make one: mcpclass index SOURCE…")
            .help("or write a site about saved listings: mcpclass site tools.json --out DIR")),
    }
}

/// The servers that the arguments name, and whether some could not be read.
fn just_read(args: &Args, global: &Global, classifier: &Classifier) -> Result<(Box<dyn Shelf>, bool)> {
    let collected = source::collect(&args.source, global)?;
    for failure in &collected.failures {
        ui::failure(&failure.source, &failure.error);
    }
    let failed = !collected.failures.is_empty();
    let manifests = collected.manifests.into_par_iter();
    let shelf = InMemory::new(manifests.map(|manifest| classifier.assess_all(manifest)))?;
    if shelf.is_empty() {
        let none = "there is no server to write a site about";
        return Err(if failed {
            Error::partial(none)
        } else {
            Error::nothing(none)
        });
    }
    Ok((Box::new(shelf), failed))
}

fn address(text: &str) -> std::result::Result<String, String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host {
        Some(rest) if !rest.is_empty() && !text.contains(char::is_whitespace) => Ok(text.to_owned()),
        _ => Err("an address begins with https:// or http://".to_owned()),
    }
}

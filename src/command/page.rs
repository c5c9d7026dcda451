//! `mcpclass page`: rationale pages of servers, a page a tool and one a server, as Markdown or HTML.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::catalogue::record::{InMemory, Shelf as _};
use crate::cli::Global;
use crate::error::{Error, Outcome, Result};
use crate::fsio::{self, Flush};
use crate::page::markdown;
use crate::page::server::ServerPage;
use crate::page::tool::{RelatedTool, Subject, ToolPage};
use crate::policy::plan::Plan;
use crate::settings::Settings;
use crate::site::index::Index;
use crate::source::{self, SourceArgs};
use crate::ui;

/// Arguments of `mcpclass page`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    source: SourceArgs,
    /// Folder for the pages: a folder a server in it
    #[arg(long, short, value_name = "DIR", help_heading = "Output")]
    output: PathBuf,
    /// Markdown for a pull request or a wiki, or HTML that opens from disk
    #[arg(long, value_name = "FORMAT", default_value = "markdown", help_heading = "Output")]
    format: Format,
}

/// Formats of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// GitHub's flavour.
    Markdown,
    /// Files for a browser.
    Html,
}

/// Writes the pages.
pub fn run(args: &Args, global: &Global) -> Result<Outcome> {
    let settings = Settings::load(global)?;
    let classifier = settings.classifier(global)?;
    let collected = source::collect(&args.source, global)?;
    for failure in &collected.failures {
        ui::failure(&failure.source, &failure.error);
    }
    let tools: usize = collected.manifests.iter().map(|m| m.tools.len()).sum();
    if tools == 0 {
        return if collected.failures.is_empty() {
            Err(Error::nothing("there is no tool to write a page about"))
        } else {
            Err(Error::partial("no server could be read: there is no page to write"))
        };
    }
    let manifests = collected.manifests.into_par_iter();
    let shelf = InMemory::new(manifests.map(|manifest| classifier.assess_all(manifest)))?;
    let index = Index::of(&shelf, classifier.book())?;
    if args.format == Format::Html {
        crate::site::write_pages(&shelf, &index, &classifier, &args.output)?;
    } else {
        for (number, record) in shelf.records()?.enumerate() {
            let record = record?;
            let plan = Plan::of(&record.assessed);
            let entry = &index.servers[number];
            let folder = args.output.join(&*entry.slug);
            std::fs::create_dir_all(&folder).map_err(|e| Error::io("cannot make the folder", &folder, &e))?;
            let tools = index.tools_of(number as u32);
            let page = ServerPage::of(&classifier, &record, &plan);
            let text = markdown::server(&page, |index| format!("{}.md", tools[index].slug));
            write(&folder.join("index.md"), &text)?;
            let one = |position: usize| {
                let id = entry.first + position as u32;
                let subject = Subject {
                    classifier: &classifier,
                    record: &record,
                    plan: &plan,
                    index: position,
                };
                let page = ToolPage::of(subject, index.same(id), index.similar(id));
                let link = |tool: &RelatedTool| format!("../{}.md", tool.href);
                write(
                    &folder.join(format!("{}.md", tools[position].slug)),
                    &markdown::tool(&page, link),
                )
            };
            (0..tools.len()).into_par_iter().try_for_each(one)?;
        }
    }
    if !global.quiet {
        let (servers, tools) = (index.servers.len(), index.tools.len());
        let out = args.output.display();
        ui::note(
            global,
            &format!("pages of {tools} tools of {servers} servers are in {out}"),
        );
    }
    Ok(if collected.failures.is_empty() {
        Outcome::Done
    } else {
        Outcome::Partial
    })
}

fn write(path: &Path, text: &str) -> Result<()> {
    fsio::replace(path, text.as_bytes(), Flush::Later).map_err(|e| Error::io("cannot write", path, &e))
}

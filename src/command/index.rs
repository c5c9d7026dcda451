//! `mcpclass index`: many servers into a catalogue. Saved listings are read on all cores, live ones at a pace; one
//! thread writes. What is known and unchanged is passed over; what fails is a row, and ends nothing.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use jiff::Timestamp;
use rayon::prelude::*;
use serde::Serialize;

use crate::catalogue::entry::Entry;
use crate::catalogue::intake::{self, Records, Taken};
use crate::catalogue::place::CatalogueArgs;
use crate::catalogue::record::Change;
use crate::catalogue::store::Store;
use crate::catalogue::write::{Known, Writer, Written};
use crate::classify::Classifier;
use crate::cli::Global;
use crate::command::progress::Progress;
use crate::command::show::change_line;
use crate::command::stats::grouped;
use crate::digest;
use crate::error::{Error, Outcome, Result};
use crate::label::Risk;
use crate::output::json;
use crate::settings::Settings;
use crate::source::candidate::Candidate;
use crate::source::crawl::{self, Pace};
use crate::source::expand::Environment;
use crate::source::redact;
use crate::source::spec::Endpoint;
use crate::source::{self, Named, NamedIn, SourceArgs};
use crate::stream::{self, Ended};
use crate::text::escape::one_line;
use crate::ui;

/// Results of live listings that wait to be written.
const WAITING: usize = 64;
/// Changes that are printed one by one.
const LISTED: usize = 20;

/// Arguments of `mcpclass index`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A SERVER is what `scan` takes, and: JSONL of {\"server\", \"tools\"} records of any length, plain or compressed with gzip or \
Zstandard; a text file with a SERVER a line (`#` begins a remark; a command stands behind `-- `). Servers that did not change \
since the last time are passed over. Exit status: 0 all was read; 4 some sources failed, each with its reason in the catalogue.")]
pub struct Args {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    catalogue: CatalogueArgs,
    /// Go on with a run over live servers that was interrupted: what is done is not done again
    #[arg(long)]
    resume: bool,
    /// Judge what is stored by the present rules, contact nobody, and say what changed
    #[arg(long)]
    reassess: bool,
    /// Also the servers of a registry that speaks the official MCP Registry API
    #[arg(long, value_name = "URL")]
    registry: Option<String>,
    /// Run the packages that lists and registries name; without it only what answers at a URL is listed
    #[arg(long)]
    run_packages: bool,
    /// Live servers at the same time
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Reaching servers")]
    at_once: u32,
    /// Live servers of one host and port at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Reaching servers")]
    per_host: u32,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: IndexFormat,
}

/// How to report what became of each server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum IndexFormat {
    /// For people: a summary, and what changed
    Table,
    /// An object a server
    Jsonl,
}

/// What became of one server, as a line.
#[derive(Serialize)]
struct Line<'a> {
    server: Option<&'a str>,
    origin: &'a str,
    status: &'a str,
    tools: usize,
    critical: usize,
    changes: usize,
    error: Option<&'a str>,
}

#[derive(Debug, Default)]
struct Tally {
    new: usize,
    changed: usize,
    unchanged: usize,
    failed: usize,
    resumed: usize,
    tools: usize,
}

struct Index<'a> {
    args: &'a Args,
    global: &'a Global,
    writer: Writer,
    tally: Tally,
    /// Changes, with the server's name.
    changes: Vec<(String, Change)>,
    more_changes: usize,
    progress: Progress,
    live: Vec<Candidate>,
    /// A registry, and the time up to which its servers are listed when all is done.
    seen: Option<(String, String)>,
}

/// Indexes.
pub fn run(args: &Args, global: &Global) -> Result<Outcome> {
    let settings = Settings::load(global)?;
    let classifier = settings.classifier(global)?;
    if args.source.name.is_some() {
        return Err(Error::new("--name names one server, and a catalogue holds many").help("leave --name out"));
    }
    let named = args.source.is_empty() && args.registry.is_none();
    if named && !args.reassess {
        return Err(Error::new("no source is named")
            .help("name files, folders, JSONL of records, lists, URLs: mcpclass index servers.jsonl")
            .help("or a registry: mcpclass index --registry https://registry.modelcontextprotocol.io"));
    }
    let folder = args.catalogue.folder()?;
    let store = Store::write(&folder, || {
        ui::note(
            global,
            "another mcpclass is writing to this catalogue; waiting until it is done",
        );
    })?;
    let judge = judge(&classifier);
    let writer = Writer::new(store, &judge, Timestamp::now())?;
    let mut index = Index {
        args,
        global,
        writer,
        tally: Tally::default(),
        changes: Vec::new(),
        more_changes: 0,
        progress: Progress::hidden(),
        live: Vec::new(),
        seen: None,
    };
    if args.reassess {
        index.reassess(&classifier)?;
    }
    if !named {
        index.sources(&classifier)?;
    }
    index.progress.finish();
    index.finish(&folder)
}

/// Stands for everything that a judgement depends on: program, rule book and decision table.
fn judge(classifier: &Classifier) -> String {
    let decisions = format!("{:?}", classifier.decisions());
    let parts = [env!("CARGO_PKG_VERSION"), classifier.rules_digest(), &decisions];
    digest::of_bytes(parts.map(str::as_bytes))
}

impl Index<'_> {
    fn sources(&mut self, classifier: &Classifier) -> Result<()> {
        let known = self.writer.known()?;
        let environment = Environment::process(self.args.source.variables()?);
        for named in self.args.source.named()? {
            let path = match &named {
                Named::Path(path) => Path::new(path).is_file().then(|| PathBuf::from(path)),
                _ => None,
            };
            match path {
                Some(path) => self.file(&path, named, classifier, &known, &environment)?,
                None => self.any(&[named], &NamedIn::CommandLine, &self.args.source, classifier)?,
            }
        }
        if let Some(url) = &self.args.registry {
            self.registry(url, &environment)?;
        }
        self.live(classifier)?;
        if let Some((url, until)) = self.seen.take() {
            self.writer.saw_registry(&url, &until)?;
        }
        Ok(())
    }

    /// Reads a file: records on all cores, a list of servers, or whatever else it is.
    fn file(
        &mut self,
        path: &Path,
        named: Named,
        classifier: &Classifier,
        known: &Known,
        environment: &Environment,
    ) -> Result<()> {
        let shown = path.display().to_string();
        let origin = shown.strip_prefix("./").unwrap_or(&shown);
        let limits = self.args.source.limits();
        let opened = intake::open(path).and_then(|opened| {
            let (packed, size) = (opened.packed, opened.size);
            let (reader, read) = Progress::reader(opened.reader, packed);
            Ok((intake::peek(reader, &limits)?, packed, size, read))
        });
        let (peeked, packed, size, read) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                let error = Error::io("cannot read", path, &error);
                return self.failed(origin, &Error::partial(error.message()));
            }
        };
        self.writer.recovered(origin)?;
        if !peeked.records {
            if packed {
                let environment = source::file::Around {
                    limits: &limits,
                    environment,
                };
                let reader = std::io::BufReader::new(peeked.reader);
                let regard = source::recognise::Regard::Named;
                let items = source::file::read_from(reader, origin, path, regard, environment);
                return self.items(items, origin, classifier);
            }
            drop(peeked);
            if let Some(list) = list(path)? {
                return self.list(path, &list, classifier);
            }
            return self.any(&[named], &NamedIn::CommandLine, &self.args.source, classifier);
        }
        self.progress = Progress::of_bytes(size, read, self.global.quiet);
        let records = Records {
            origin,
            limits: &limits,
            environment,
            classifier,
            known,
        };
        let longest = usize::try_from(limits.max_bytes).unwrap_or(usize::MAX);
        let work =
            |number, line: stream::Line<'_>, (): &mut (), taken: &mut Vec<Taken>| records.line(number, line, taken);
        let sink = |taken: Vec<Taken>| self.take_all(taken, known);
        let done = stream::batches(peeked.reader, longest, work, sink);
        match done {
            Ok(()) => Ok(()),
            Err(Ended::Sink(error)) => Err(error),
            Err(Ended::Input(error)) => {
                let error = Error::io("cannot read further", path, &error);
                self.failed(origin, &Error::partial(error.message()))
            }
        }
    }

    fn take_all(&mut self, taken: Vec<Taken>, known: &Known) -> Result<()> {
        for taken in taken {
            match taken {
                Taken::Known(source) => {
                    self.writer.pass(source, known);
                    self.tally.unchanged += 1;
                }
                Taken::Entry(entry) => drop(self.put(*entry)?),
                Taken::Failed(source, error) => self.failed(&source, &error)?,
                Taken::Live(candidate) => self.live.push(*candidate),
            }
        }
        self.progress.set(
            self.tally.new + self.tally.changed + self.tally.unchanged,
            self.tally.failed,
        );
        self.writer.breathe()
    }

    fn items(&mut self, items: Vec<source::document::Item>, origin: &str, classifier: &Classifier) -> Result<()> {
        use source::document::Item;
        for item in items {
            match item {
                Item::Manifest(manifest) => {
                    let taken = intake::take(manifest, None, classifier);
                    self.take_all(vec![taken], &Known::default())?;
                }
                Item::Server(candidate) => self.live.push(*candidate),
                Item::Failure(failure) | Item::Foreign(failure) => self.failed(origin, &failure.error)?,
                Item::Skipped { name, why } => {
                    ui::note(self.global, &format!("{} is left out: {why}", one_line(&name)));
                }
            }
        }
        Ok(())
    }

    /// Reads whatever is named as every command does, and keeps the live servers for later.
    fn any(&mut self, named: &[Named], by: &NamedIn, source: &SourceArgs, classifier: &Classifier) -> Result<()> {
        let prepared = source::prepare(named, by, source, self.global)?;
        let taken: Vec<Taken> = prepared
            .manifests
            .into_par_iter()
            .map(|manifest| intake::take(manifest, None, classifier))
            .collect();
        for name in named {
            self.writer.recovered(&name.to_string())?;
        }
        self.take_all(taken, &Known::default())?;
        for failure in prepared.failures {
            self.failed(&failure.source, &failure.error)?;
        }
        self.live.extend(prepared.candidates);
        Ok(())
    }

    /// Reads a list of servers. Whoever wrote it is not asked about, but what it starts is.
    fn list(&mut self, path: &Path, list: &[String], classifier: &Classifier) -> Result<()> {
        let mut named = Vec::new();
        for line in list {
            let one = match line.strip_prefix("-- ") {
                Some(command) => match shlex::split(command) {
                    Some(words) => Ok(Named::Command(words)),
                    None => Err(Error::partial(format!("{line:?}: a quotation mark is not closed"))),
                },
                None => Named::from_argument(line),
            };
            match one {
                Ok(Named::Command(_) | Named::Package(_)) if !self.args.run_packages && !self.args.source.yes => {
                    let error = Error::partial(format!("{line} is not started"))
                        .help("if you trust what the list names: --run-packages");
                    self.failed(line, &error)?;
                }
                Ok(Named::Stdin | Named::Clients) => {
                    self.failed(line, &Error::partial(format!("{line:?} cannot stand in a list")))?;
                }
                Ok(one) => named.push(one),
                Err(error) => self.failed(&redact::url(line), &error)?,
            }
        }
        let mut source = self.args.source.clone();
        source.yes = true;
        self.any(&named, &NamedIn::File(path.to_owned()), &source, classifier)
    }

    fn registry(&mut self, url: &str, environment: &Environment) -> Result<()> {
        // What is kept and shown of it holds no token; its records name it so.
        let shown = &*redact::url(url);
        let since = self.writer.registry_seen(shown)?;
        let begun = Timestamp::now();
        let options = self.args.source.options(self.global);
        let (records, error) = source::registry::read(url, since.as_deref(), &self.args.source.limits(), &options);
        match &error {
            Some(error) => self.failed(shown, error)?,
            None => self.writer.recovered(shown)?,
        }
        for record in records {
            match source::package::candidate(&record, Path::new(shown), environment) {
                Ok(candidate) if self.may_list(&candidate) => self.live.push(candidate),
                Ok(candidate) => {
                    let error = Error::partial(format!("{} is a package, and is not run", candidate.label()))
                        .help("if you trust what the registry names: --run-packages");
                    self.failed(candidate.label(), &error)?;
                }
                Err(failure) => self.failed(&failure.source, &failure.error)?,
            }
        }
        // What was read up to an error is listed, and read again the next time.
        if error.is_none() {
            self.seen = Some((shown.to_owned(), begun.to_string()));
        }
        Ok(())
    }

    fn may_list(&self, candidate: &Candidate) -> bool {
        self.args.run_packages || matches!(candidate.spec.endpoint, Endpoint::Url { .. })
    }

    /// Lists the live servers that came together.
    fn live(&mut self, classifier: &Classifier) -> Result<()> {
        let mut candidates = std::mem::take(&mut self.live);
        if candidates.is_empty() {
            return Ok(());
        }
        let named: Vec<&str> = self.args.source.servers.iter().map(String::as_str).collect();
        // A digest tells the same arguments again and gives away nothing of the tokens in them.
        let registry = self.args.registry.as_deref().unwrap_or_default();
        let what = digest::of_bytes(named.into_iter().chain([registry]).map(str::as_bytes));
        let done = self.writer.begin_run(&what, self.args.resume)?;
        let done: std::collections::HashSet<String> = done.into_iter().collect();
        let before = candidates.len();
        candidates.retain(|candidate| !done.contains(&target(candidate)));
        self.tally.resumed = before - candidates.len();
        self.progress.finish();
        self.progress = Progress::of_servers(candidates.len(), self.global.quiet);
        let pace = Pace {
            at_once: self.args.at_once as usize,
            per_host: self.args.per_host as usize,
        };
        let (limits, options) = (self.args.source.limits(), self.args.source.options(self.global));
        let (send, results) = mpsc::sync_channel(WAITING);
        let ended = std::thread::scope(|threads| {
            let crawler = threads.spawn(|| {
                let send = send;
                crawl::all(candidates, pace, limits, &options, &send)
            });
            let mut written = Ok(());
            // Nothing stays open while servers keep us waiting.
            while let Ok(listed) = results.recv() {
                written = self.listed(listed, classifier);
                // What nobody waits behind is kept at once: a listing costs more than a commit.
                let mut next = results.try_recv();
                while let (Ok(()), Ok(listed)) = (&written, next) {
                    written = self.listed(listed, classifier);
                    next = results.try_recv();
                }
                written = written.and_then(|()| self.writer.commit());
                if written.is_err() {
                    break;
                }
            }
            drop(results);
            match crawler.join() {
                Ok(crawled) => written.and(crawled),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        });
        // What was listed is kept, however it ended.
        self.writer.commit()?;
        ended?;
        self.writer.end_run()
    }

    fn listed(&mut self, (candidate, listed): crawl::Listed, classifier: &Classifier) -> Result<()> {
        let target = target(&candidate);
        match listed {
            Ok(manifest) => {
                self.writer.recovered(candidate.label())?;
                let taken = intake::take(manifest, None, classifier);
                self.take_all(vec![taken], &Known::default())?;
            }
            Err(failure) => self.failed(candidate.label(), &failure.error)?,
        }
        self.writer.visited(&target)?;
        self.progress.set(
            self.tally.new + self.tally.changed + self.tally.unchanged,
            self.tally.failed,
        );
        self.writer.breathe()
    }

    fn reassess(&mut self, classifier: &Classifier) -> Result<()> {
        let servers = self.writer.outdated()?;
        self.progress = Progress::of_servers(servers.len(), self.global.quiet);
        for batch in servers.chunks(256) {
            let stored: Vec<_> = batch.iter().map(|id| self.writer.stored(*id)).collect::<Result<_>>()?;
            let entries: Vec<_> = stored
                .into_par_iter()
                .map(|(source, manifest)| {
                    (
                        manifest.server.origin.clone(),
                        Entry::new(classifier.assess_all(manifest), Some(source)),
                    )
                })
                .collect();
            for (id, (origin, entry)) in batch.iter().zip(entries) {
                let entry = entry.map_err(|e| Error::new(format!("{origin} cannot be stored: {e}")))?;
                let name = entry.name.clone();
                let (tools, critical) = (entry.rows.len(), critical(&entry));
                let changes = self.writer.rejudge(*id, entry)?;
                let status = if changes.is_empty() { "unchanged" } else { "changed" };
                self.line(Some(&name), &origin, status, tools, critical, changes.len(), None)?;
                self.note(&name, changes);
            }
            self.progress.set(self.tally.changed + self.tally.unchanged, 0);
            self.writer.breathe()?;
        }
        self.writer.commit()
    }

    fn put(&mut self, entry: Entry) -> Result<()> {
        let (name, origin) = (entry.name.clone(), entry.origin.clone());
        let (tools, critical) = (entry.rows.len(), critical(&entry));
        self.tally.tools += tools;
        match self.writer.put(entry)? {
            Written::New => {
                self.tally.new += 1;
                self.line(Some(&name), &origin, "new", tools, critical, 0, None)
            }
            Written::Unchanged => {
                self.tally.unchanged += 1;
                self.line(Some(&name), &origin, "unchanged", tools, critical, 0, None)
            }
            Written::Changed(changes) => {
                self.line(Some(&name), &origin, "changed", tools, critical, changes.len(), None)?;
                self.tally.changed += 1;
                for change in changes {
                    self.change(&name, change);
                }
                Ok(())
            }
        }
    }

    fn note(&mut self, name: &str, changes: Vec<Change>) {
        if changes.is_empty() {
            self.tally.unchanged += 1;
        } else {
            self.tally.changed += 1;
        }
        for change in changes {
            self.change(name, change);
        }
    }

    fn change(&mut self, name: &str, change: Change) {
        if self.changes.len() < LISTED {
            self.changes.push((name.to_owned(), change));
        } else {
            self.more_changes += 1;
        }
    }

    fn failed(&mut self, source: &str, error: &Error) -> Result<()> {
        self.tally.failed += 1;
        self.writer.failed(source, &error.to_string())?;
        if self.args.format == IndexFormat::Jsonl {
            return self.line(None, source, "failed", 0, 0, 0, Some(error.message()));
        }
        // Thousands of failures are rows, not messages.
        if self.tally.failed <= LISTED || self.global.verbose > 0 {
            self.progress.pause(|| ui::failure(source, error));
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of a line")]
    fn line(
        &self,
        server: Option<&str>,
        origin: &str,
        status: &str,
        tools: usize,
        critical: usize,
        changes: usize,
        error: Option<&str>,
    ) -> Result<()> {
        if self.args.format != IndexFormat::Jsonl {
            return Ok(());
        }
        let line = Line {
            server,
            origin,
            status,
            tools,
            critical,
            changes,
            error,
        };
        let mut bytes = Vec::new();
        json::compact(&line, &mut bytes)?;
        bytes.push(b'\n');
        ui::print(&bytes)?;
        Ok(())
    }

    fn finish(self, folder: &Path) -> Result<Outcome> {
        let store = self.writer.finish()?;
        let tally = &self.tally;
        if self.args.format == IndexFormat::Table {
            let mut out = Vec::new();
            for (server, change) in &self.changes {
                writeln!(out, "  {} · {}", change_line(change), one_line(server))?;
            }
            if self.more_changes > 0 {
                writeln!(out, "  … {} more changes; mcpclass stats --since 1d", self.more_changes)?;
            }
            if !self.changes.is_empty() {
                writeln!(out)?;
            }
            let number = |n: usize| grouped(n as i64);
            let mut parts = vec![
                format!("{} new", number(tally.new)),
                format!("{} changed", number(tally.changed)),
            ];
            parts.push(format!("{} unchanged", number(tally.unchanged)));
            if tally.resumed > 0 {
                parts.push(format!("{} done before", number(tally.resumed)));
            }
            if tally.failed > 0 {
                parts.push(format!("{} failed", number(tally.failed)));
            }
            writeln!(
                out,
                "{} · {} servers in {}",
                parts.join(" · "),
                number(store.len()?),
                folder.display()
            )?;
            if tally.failed > LISTED {
                writeln!(out, "\nnext  {}mcpclass stats --failures{:#}", ui::COMMAND, ui::COMMAND)?;
            }
            ui::print(&out)?;
        }
        let read = tally.new + tally.changed + tally.unchanged + tally.resumed;
        Ok(match (tally.failed, read) {
            (0, 0) if !self.args.reassess => Outcome::Nothing,
            (0, _) => Outcome::Done,
            _ => Outcome::Partial,
        })
    }
}

fn critical(entry: &Entry) -> usize {
    entry.rows.iter().filter(|row| row.label.risk == Risk::Critical).count()
}

/// Stands for a live server in the notes of a run.
fn target(candidate: &Candidate) -> String {
    format!("{} {}", candidate.label(), candidate.shown)
}

/// The lines of a file that is a list of servers; `None` where it is something else.
fn list(path: &Path) -> Result<Option<Vec<String>>> {
    const LARGEST: u64 = 64 << 20;
    let fail = |error| Error::io("cannot read", path, &error);
    if std::fs::metadata(path).map_err(fail)?.len() > LARGEST {
        return Ok(None);
    }
    let Ok(text) = String::from_utf8(std::fs::read(path).map_err(fail)?) else {
        return Ok(None);
    };
    let lines: Vec<String> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    let spec = |line: &String| {
        ["http://", "https://", "npm:", "pypi:", "-- "]
            .iter()
            .any(|start| line.starts_with(start))
            || (!line.starts_with(['{', '[', '"']) && Path::new(line).exists())
    };
    Ok((!lines.is_empty() && lines.iter().all(spec)).then_some(lines))
}

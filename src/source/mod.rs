//! Where tools come from. Every form of SERVER ends as a [`Manifest`]; what goes wrong is a [`Failure`] that
//! names the server. Everything that does I/O to obtain a listing is below this module.
//!
//! ```text
//! SourceArgs ─▶ Named ─┬▶ file · folder · stdin ─▶ document ─▶ recognise ─┬▶ Listing ─────────▶ Manifest
//!                      │                                                └▶ client · package ─┐     ▲
//!                      └▶ URL · command · npm: · pypi: · --clients ──▶ Candidate ◀───────────┘     │
//!                                                                         └▶ consent ─▶ run ─▶ live
//! ```

pub mod args;
pub mod candidate;
pub mod client;
pub mod consent;
pub mod crawl;
pub mod document;
pub mod expand;
pub mod file;
pub mod json;
pub mod jsonl;
pub mod listing;
pub mod live;
pub mod named;
pub mod package;
pub mod recognise;
pub mod redact;
pub mod registry;
mod run;
pub mod spec;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use args::SourceArgs;
pub use candidate::Origin;
pub use named::Named;

use crate::cli::Global;
use crate::error::{Error, Result};
use crate::manifest::Manifest;
use crate::text::escape::one_line;
use crate::ui;
use candidate::Candidate;
use consent::Consent;
use document::Item;
use expand::Environment;
use file::Around;
use spec::{Endpoint, HttpStyle, NamedBy};

/// A source that could not be read.
#[derive(Debug)]
pub struct Failure {
    /// What was named: a path, a URL, a command line, a configured server.
    pub source: String,
    /// What happened, and the way out.
    pub error: Error,
}

/// What was read, in the order it was named, and what could not be.
#[derive(Debug, Default)]
pub struct Collected {
    /// The listings.
    pub manifests: Vec<Manifest>,
    /// Where each came from: `origins[i]` is about `manifests[i]`.
    pub origins: Vec<Origin>,
    /// The sources that failed.
    pub failures: Vec<Failure>,
}

/// Who named the servers, which decides whether starting them needs a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedIn {
    /// The command line: the user wants just this.
    CommandLine,
    /// A file, such as a lock: somebody else may have written it.
    File(PathBuf),
}

/// Reads every source that the arguments name. An error is a mistake in the arguments themselves; a source
/// that fails is a [`Failure`] and costs no other.
pub fn collect(args: &SourceArgs, global: &Global) -> Result<Collected> {
    let named = args.named()?;
    if named.is_empty() {
        return Err(Error::new("no SERVER is named")
            .help("name a saved manifest: mcpclass scan tools.json")
            .help("or a command: mcpclass scan -- npx -y PACKAGE")
            .help("or every server configured on this machine: mcpclass scan --clients"));
    }
    read(&named, &NamedIn::CommandLine, args, global)
}

/// Reads what is named, with the limits and options of the arguments. For commands that know the servers from
/// elsewhere than their own arguments.
pub fn read(named: &[Named], named_in: &NamedIn, args: &SourceArgs, global: &Global) -> Result<Collected> {
    let reading = Reading::of(named, named_in, args, global)?;
    let stdin_is_taken = named.contains(&Named::Stdin);
    reading.finish(stdin_is_taken)
}

/// What is named, with the servers that may be contacted not contacted yet.
#[derive(Debug, Default)]
pub struct Prepared {
    /// What saved listings hold.
    pub manifests: Vec<Manifest>,
    /// The servers that may be contacted.
    pub candidates: Vec<Candidate>,
    /// What could not be read, or may not be contacted.
    pub failures: Vec<Failure>,
}

/// Reads what is named but for live servers, which are only found, and asked about as [`read`] would. For commands
/// that contact many servers in a way of their own.
pub fn prepare(named: &[Named], named_in: &NamedIn, args: &SourceArgs, global: &Global) -> Result<Prepared> {
    let mut reading = Reading::of(named, named_in, args, global)?;
    reading.refuse(named.contains(&Named::Stdin))?;
    let mut prepared = Prepared::default();
    for slot in reading.slots {
        match slot.state {
            State::Read(manifest) => prepared.manifests.push(*manifest),
            State::Failed(failure) => prepared.failures.push(failure),
            State::Waiting(candidate) => prepared.candidates.push(*candidate),
        }
    }
    Ok(prepared)
}

/// A place in the order of results.
struct Slot {
    origin: Origin,
    state: State,
}

enum State {
    Read(Box<Manifest>),
    Failed(Failure),
    Waiting(Box<Candidate>),
}

struct Reading<'a> {
    args: &'a SourceArgs,
    global: &'a Global,
    environment: Environment,
    slots: Vec<Slot>,
}

impl<'a> Reading<'a> {
    /// Reads what is named and not live, and hands the values of options to the servers that are waiting.
    fn of(named: &[Named], named_in: &NamedIn, args: &'a SourceArgs, global: &'a Global) -> Result<Self> {
        let mut reading = Self {
            args,
            global,
            environment: Environment::process(args.variables()?),
            slots: Vec::new(),
        };
        for one in named {
            reading.name(one, named_in)?;
        }
        reading.give_values()?;
        Ok(reading)
    }

    fn name(&mut self, named: &Named, named_in: &NamedIn) -> Result<()> {
        let limits = self.args.limits();
        let named_by = match named_in {
            NamedIn::CommandLine => NamedBy::User,
            NamedIn::File(path) => NamedBy::Config(path.clone()),
        };
        let live = |endpoint| Item::Server(Box::new(Candidate::new(None, endpoint, named_by)));
        let around = Around {
            limits: &limits,
            environment: &self.environment,
        };
        if named.is_redacted() {
            let error = Error::partial(format!("{named} had a secret in it, which is not written down"))
                .help("name the server again, in full");
            self.put(
                named,
                Item::Failure(Failure {
                    source: named.to_string(),
                    error,
                }),
            );
            return Ok(());
        }
        let items = match named {
            Named::Stdin => file::read_stdin(around),
            Named::Path(path) if Path::new(path).is_dir() => self.folder(Path::new(path), around),
            Named::Path(path) => file::read(Path::new(path), around),
            Named::Url(url) => vec![live(Endpoint::Url {
                url: url.clone(),
                headers: Vec::new(),
                style: HttpStyle::Any,
            })],
            Named::Command(words) => {
                let (program, args) = words.split_first().ok_or_else(|| Error::new("a command is empty"))?;
                vec![live(Endpoint::Command {
                    program: program.clone(),
                    args: args.to_vec(),
                    env: BTreeMap::new(),
                    // The user stands here and may name files relative to here.
                    cwd: std::env::current_dir().ok(),
                })]
            }
            Named::Package(text) => match package::endpoint(text) {
                Some(Ok(endpoint)) => vec![live(endpoint)],
                Some(Err(error)) if error.code() == 2 => return Err(error),
                Some(Err(error)) => vec![Item::Failure(Failure {
                    source: text.clone(),
                    error,
                })],
                None => return Err(Error::new(format!("{text:?} is no package"))),
            },
            Named::Clients => self.clients(around)?,
        };
        for item in items {
            self.put(named, item);
        }
        Ok(())
    }

    fn folder(&self, path: &Path, around: Around<'_>) -> Vec<Item> {
        let found = file::read_folder(path, around);
        if found.others > 0 && self.global.verbose > 0 {
            ui::note(
                self.global,
                &format!("{}: {} other files", path.display(), found.others),
            );
        }
        if !found.items.is_empty() {
            return found.items;
        }
        let error = Error::partial(format!(
            "{}: no file below it holds tools or configured servers",
            path.display()
        ))
        .help("save what tools/list answers, a file a server");
        vec![Item::Failure(Failure {
            source: path.display().to_string(),
            error,
        })]
    }

    fn clients(&self, around: Around<'_>) -> Result<Vec<Item>> {
        let places = client::installed(around.environment);
        if places.is_empty() {
            return Err(
                Error::nothing("no MCP client is configured on this machine or in this folder")
                    .help("name a configuration file: mcpclass scan path/to/mcp.json"),
            );
        }
        let mut items = Vec::new();
        for place in places {
            if self.global.verbose > 0 {
                ui::note(self.global, &format!("{}: {}", place.client, place.path.display()));
            }
            // A settings file without servers is nobody's mistake, and tools beside one are no client's.
            let found = file::read(&place.path, around);
            items.extend(found.into_iter().filter(|item| match item {
                Item::Manifest(_) | Item::Foreign(_) => false,
                Item::Skipped { why, .. } => why != document::NO_SERVER,
                Item::Server(_) | Item::Failure(_) => true,
            }));
        }
        Ok(items)
    }

    fn put(&mut self, named: &Named, item: Item) {
        let (server, state) = match item {
            Item::Manifest(manifest) => (Some(manifest.server.name.clone()), State::Read(Box::new(manifest))),
            Item::Server(candidate) => {
                if self.knows(&candidate) {
                    if self.global.verbose > 0 {
                        ui::note(
                            self.global,
                            &format!("{} is configured twice, and read once", one_line(candidate.label())),
                        );
                    }
                    return;
                }
                (candidate.spec.name.clone(), State::Waiting(candidate))
            }
            Item::Skipped { name, why } => {
                ui::note(self.global, &format!("{} is left out: {why}", one_line(&name)));
                return;
            }
            Item::Failure(failure) | Item::Foreign(failure) => (None, State::Failed(failure)),
        };
        self.slots.push(Slot {
            origin: Origin {
                named: named.clone(),
                server,
            },
            state,
        });
    }

    /// Whether the same server waits already: two clients often share one.
    fn knows(&self, candidate: &Candidate) -> bool {
        self.slots.iter().any(|slot| match &slot.state {
            State::Waiting(other) => other.spec.endpoint == candidate.spec.endpoint,
            _ => false,
        })
    }

    /// Hands the values of `--env`, `--header` and `--bearer-env` to the servers that the user named; to a configured
    /// one only where it is alone, so that no secret reaches a server that it was not meant for.
    fn give_values(&mut self) -> Result<()> {
        let variables = self.args.variables()?;
        let headers = self.args.headers()?;
        let waiting: Vec<&mut Candidate> = self
            .slots
            .iter_mut()
            .filter_map(|slot| match &mut slot.state {
                State::Waiting(candidate) => Some(&mut **candidate),
                _ => None,
            })
            .collect();
        let alone = waiting.len() == 1;
        let mut given = false;
        for candidate in waiting {
            if !alone && !candidate.was_asked_for() {
                continue;
            }
            match &mut candidate.spec.endpoint {
                Endpoint::Command { env, .. } => env.extend(variables.clone()),
                Endpoint::Url { headers: known, .. } if !headers.is_empty() => {
                    known.retain(|(name, _)| !headers.iter().any(|(new, _)| new.eq_ignore_ascii_case(name)));
                    known.extend(headers.clone());
                    given = true;
                }
                Endpoint::Url { .. } => {}
            }
        }
        if !headers.is_empty() && !given {
            return Err(
                Error::new("--header and --bearer-env go to HTTP servers that you name, and there is none")
                    .help("name one server: mcpclass scan https://HOST/mcp"),
            );
        }
        Ok(())
    }

    /// Fails the servers that may not be contacted; what then still waits may be.
    fn refuse(&mut self, stdin_is_taken: bool) -> Result<()> {
        let consent = self.consent(stdin_is_taken)?;
        // Said once, behind the last of them: the way out is the same for all.
        let last_refused = self.slots.iter().rposition(|slot| match &slot.state {
            State::Waiting(candidate) => !candidate.was_asked_for(),
            _ => false,
        });
        for (place, slot) in self.slots.iter_mut().enumerate() {
            let State::Waiting(candidate) = &slot.state else {
                continue;
            };
            let error = if self.args.offline {
                Error::partial(format!("{} is not contacted: --offline", one_line(candidate.label())))
                    .help("scan a saved manifest of it, or leave --offline out")
            } else if !candidate.was_asked_for() && consent != Consent::Given {
                let mut refusal = consent.refusal(candidate);
                if consent == Consent::NotAsked && last_refused == Some(place) {
                    refusal = refusal.help("if you trust what is named, say so: --yes");
                }
                refusal
            } else {
                continue;
            };
            slot.state = State::Failed(Failure {
                source: candidate.label().to_owned(),
                error,
            });
        }
        Ok(())
    }

    /// Contacts what waits, and brings everything together in its order.
    fn finish(mut self, stdin_is_taken: bool) -> Result<Collected> {
        self.refuse(stdin_is_taken)?;
        let mut slots = self.slots;
        let mut places = Vec::new();
        let mut candidates = Vec::new();
        for (place, slot) in slots.iter().enumerate() {
            if let State::Waiting(candidate) = &slot.state {
                places.push(place);
                candidates.push((**candidate).clone());
            }
        }
        let options = self.args.options(self.global);
        let results = run::all(&candidates, &self.args.limits(), &options, self.global.quiet)?;
        for (place, result) in places.into_iter().zip(results) {
            slots[place].state = match result {
                Ok(manifest) => State::Read(Box::new(manifest)),
                Err(failure) => State::Failed(failure),
            };
        }
        let mut collected = Collected::default();
        for slot in slots {
            match slot.state {
                State::Read(manifest) => {
                    collected.manifests.push(*manifest);
                    collected.origins.push(slot.origin);
                }
                State::Failed(failure) => collected.failures.push(failure),
                State::Waiting(_) => unreachable!("every server was contacted or refused"),
            }
        }
        rename(&mut collected, self.args.name.as_deref())?;
        Ok(collected)
    }

    fn consent(&self, stdin_is_taken: bool) -> Result<Consent> {
        let others: Vec<&Candidate> = self
            .slots
            .iter()
            .filter_map(|slot| match &slot.state {
                State::Waiting(candidate) if !candidate.was_asked_for() => Some(&**candidate),
                _ => None,
            })
            .collect();
        if self.args.offline {
            return Ok(Consent::NotAsked);
        }
        if self.args.yes && self.global.verbose > 0 && !others.is_empty() {
            ui::note(self.global, &consent::list(&others));
        }
        consent::ask(&others, self.args.yes, stdin_is_taken)
    }
}

fn rename(collected: &mut Collected, name: Option<&str>) -> Result<()> {
    let Some(name) = name else { return Ok(()) };
    match collected.manifests.as_mut_slice() {
        [] => Ok(()),
        [manifest] => {
            name.clone_into(&mut manifest.server.name);
            Ok(())
        }
        several => Err(
            Error::new(format!("--name names one server, and {} were read", several.len()))
                .help("leave --name out: each has a name of its own"),
        ),
    }
}

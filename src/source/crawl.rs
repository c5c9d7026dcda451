//! Contacts very many servers: so many at a time over all, fewer of one host, with pauses where a host asks for
//! them. One result for each, as soon as it is there; no server keeps another waiting but for its host's sake.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use reqwest::Url;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Failure;
use super::candidate::Candidate;
use super::live::{Limits, Options};
use super::run;
use super::spec::Endpoint;
use crate::error::{Error, Result};
use crate::manifest::Manifest;

/// How often a server that asks for patience is tried.
const ATTEMPTS: u32 = 3;
/// A server that wants to be left alone for longer has failed.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// How many at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Servers over all.
    pub at_once: usize,
    /// Of them on one host and port.
    pub per_host: usize,
}

/// What came of a server.
pub type Listed = (Candidate, std::result::Result<Manifest, Failure>);

/// What the servers of one host share.
struct Host {
    slots: Semaphore,
    /// Not before this time.
    pause: Mutex<Option<Instant>>,
}

/// Lists the tools of each server and sends every result on its own. Ends early when nobody takes them, or the
/// user interrupts it; the servers that were started are then ended.
pub fn all(
    candidates: Vec<Candidate>,
    pace: Pace,
    limits: Limits,
    options: &Options,
    results: &SyncSender<Listed>,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Error::new(format!("cannot start the threads that talk to servers: {error}")))?;
    let over_all = Arc::new(Semaphore::new(pace.at_once.max(1)));
    let mut hosts: HashMap<String, Arc<Host>> = HashMap::new();
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for candidate in candidates {
            let host = host_of(&candidate).map(|name| {
                let host = || {
                    Arc::new(Host {
                        slots: Semaphore::new(pace.per_host.max(1)),
                        pause: Mutex::new(None),
                    })
                };
                hosts.entry(name).or_insert_with(host).clone()
            });
            let (over_all, options) = (over_all.clone(), options.clone());
            tasks.spawn(async move {
                let listing = patiently(&candidate, host.as_deref(), &over_all, &limits, &options);
                // A mistake of ours in one server must not cost the others.
                let listed = AssertUnwindSafe(listing).catch_unwind().await.unwrap_or_else(|_| {
                    let message = format!(
                        "internal error: {} could not be listed; please report it",
                        candidate.label()
                    );
                    Err(Failure {
                        source: candidate.label().to_owned(),
                        error: Error::partial(message),
                    })
                });
                (candidate, listed)
            });
        }
        loop {
            tokio::select! {
                done = tasks.join_next() => match done {
                    None => return Ok(()),
                    Some(Ok(listed)) => {
                        if results.send(listed).is_err() {
                            return Ok(());
                        }
                    }
                    // Only cancelled tasks end so, and none is cancelled before all is over.
                    Some(Err(_)) => {}
                },
                _ = tokio::signal::ctrl_c() => {
                    return Err(Error::new("interrupted").help("go on where it stopped: add --resume"));
                }
            }
        }
    })
}

async fn patiently(
    candidate: &Candidate,
    host: Option<&Host>,
    over_all: &Semaphore,
    limits: &Limits,
    options: &Options,
) -> std::result::Result<Manifest, Failure> {
    let mut attempt = 1;
    loop {
        // The host's turn comes first, so that those who wait for a busy host take no place from others.
        let turn = match host {
            Some(host) => Some(host.turn().await),
            None => None,
        };
        let place = over_all.acquire().await;
        let listed = run::one(candidate, limits, options).await;
        drop((place, turn));
        let Err(failure) = &listed else { return listed };
        match (failure.error.wait(), host) {
            (Some(wait), Some(host)) if attempt < ATTEMPTS && wait <= LONGEST_PAUSE => {
                host.rest(wait.max(Duration::from_millis(250)));
                attempt += 1;
            }
            _ => return listed,
        }
    }
}

impl Host {
    /// A turn, when the host's pause is over.
    async fn turn(&self) -> Option<tokio::sync::SemaphorePermit<'_>> {
        // The semaphore is never closed.
        let permit = self.slots.acquire().await.ok();
        loop {
            let until = *self.pause.lock().unwrap_or_else(PoisonError::into_inner);
            match until {
                Some(until) if until > Instant::now() => tokio::time::sleep_until(until).await,
                _ => return permit,
            }
        }
    }

    fn rest(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        if pause.is_none_or(|known| known < until) {
            *pause = Some(until);
        }
    }
}

/// The host and port of a server; `None` for a process of this machine.
fn host_of(candidate: &Candidate) -> Option<String> {
    let Endpoint::Url { url, .. } = &candidate.spec.endpoint else {
        return None;
    };
    let url = Url::parse(url).ok()?;
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}

//! Contacts live servers side by side, a few at a time, with progress on a terminal and none elsewhere.

use std::io::IsTerminal as _;

use futures_util::stream::{self, StreamExt as _};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Failure;
use super::candidate::Candidate;
use super::live::{self, Limits, Options};
use crate::error::{Error, Result};
use crate::manifest::Manifest;
use crate::text::escape::one_line;

/// How many servers are contacted at the same time. Most of their time is waiting for a package to install.
const AT_ONCE: usize = 8;

/// Lists the tools of each server; the results are in the order of the servers.
pub(super) fn all(
    candidates: &[Candidate],
    limits: &Limits,
    options: &Options,
    quiet: bool,
) -> Result<Vec<std::result::Result<Manifest, Failure>>> {
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Error::new(format!("cannot start the threads that talk to servers: {error}")))?;
    let bar = progress(candidates.len(), quiet);
    let listings = stream::iter(candidates.iter().enumerate()).map(|(index, candidate)| {
        let bar = &bar;
        async move {
            bar.set_message(one_line(candidate.label()).into_owned());
            let listing = one(candidate, limits, options).await;
            bar.inc(1);
            (index, listing)
        }
    });
    let finished = runtime.block_on(async {
        tokio::select! {
            finished = listings.buffer_unordered(AT_ONCE).collect::<Vec<_>>() => Some(finished),
            // What is dropped here ends the servers that were started.
            _ = tokio::signal::ctrl_c() => None,
        }
    });
    bar.finish_and_clear();
    let mut finished = finished.ok_or_else(|| Error::new("interrupted"))?;
    finished.sort_by_key(|(index, _)| *index);
    Ok(finished.into_iter().map(|(_, listing)| listing).collect())
}

pub(super) async fn one(
    candidate: &Candidate,
    limits: &Limits,
    options: &Options,
) -> std::result::Result<Manifest, Failure> {
    match live::list(&candidate.spec, limits, options).await {
        Ok(mut manifest) => {
            manifest.server.origin.clone_from(&candidate.shown);
            if let Some(name) = &candidate.spec.name {
                manifest.server.name.clone_from(name);
            }
            Ok(manifest)
        }
        Err(error) => {
            let mut error = error.without(&candidate.secrets());
            if !candidate.unset.is_empty() {
                let names = candidate.unset.join(", ");
                error = error.help(format!("its configuration wants variables that are not set: {names}"));
            }
            Err(Failure {
                source: candidate.label().to_owned(),
                error,
            })
        }
    }
}

fn progress(count: usize, quiet: bool) -> ProgressBar {
    let visible = !quiet && std::io::stderr().is_terminal();
    let target = if visible {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(count as u64), target);
    // The template is ours and fixed; the default stands in should it ever not parse.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} servers · {elapsed} · {wide_msg}") {
        bar.set_style(style);
    }
    if visible {
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
    }
    bar
}

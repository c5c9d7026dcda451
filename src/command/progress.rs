//! Progress of a long job on a terminal: how far, how fast, how many failures, how long still. Elsewhere nothing.

use std::io::{IsTerminal as _, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A job under way.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    /// Bytes that were read, where the job is a file.
    read: Option<Arc<AtomicU64>>,
}

impl Progress {
    /// Shows nothing.
    pub(super) fn hidden() -> Self {
        Self {
            bar: ProgressBar::hidden(),
            read: None,
        }
    }

    /// A file of a size; `read` counts what was read of it.
    pub(super) fn of_bytes(size: u64, read: Option<Arc<AtomicU64>>, quiet: bool) -> Self {
        let template = if read.is_some() {
            "{spinner} {percent} % · {wide_msg} · {elapsed} · {eta} left"
        } else {
            "{spinner} {wide_msg} · {elapsed}"
        };
        Self {
            bar: bar(size, template, quiet),
            read,
        }
    }

    /// A number of servers.
    pub(super) fn of_servers(count: usize, quiet: bool) -> Self {
        let template = "{spinner} {pos}/{len} servers · {per_sec} · {wide_msg} · {eta} left";
        Self {
            bar: bar(count as u64, template, quiet),
            read: None,
        }
    }

    /// A reader whose bytes are counted; of a compressed file they say nothing about how far it is.
    pub(super) fn reader(reader: Box<dyn Read + Send>, packed: bool) -> (Box<dyn Read + Send>, Option<Arc<AtomicU64>>) {
        if packed {
            return (reader, None);
        }
        let read = Arc::new(AtomicU64::new(0));
        let counted = Counted {
            inner: reader,
            read: read.clone(),
        };
        (Box::new(counted), Some(read))
    }

    /// Servers done so far, and failures.
    pub(super) fn set(&self, done: usize, failed: usize) {
        if self.bar.is_hidden() {
            return;
        }
        match &self.read {
            Some(read) => self.bar.set_position(read.load(Ordering::Relaxed)),
            None => self.bar.set_position((done + failed) as u64),
        }
        let seconds = self.bar.elapsed().as_secs_f64().max(0.001);
        self.bar.set_message(format!(
            "{done} servers · {:.0}/s · {failed} failed",
            done as f64 / seconds
        ));
    }

    /// Prints something between.
    pub(super) fn pause(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    /// Takes the progress away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn bar(length: u64, template: &str, quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    // The templates are ours and fixed; the default stands in should one ever not parse.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

struct Counted {
    inner: Box<dyn Read + Send>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.read.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

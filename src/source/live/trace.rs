//! What `--verbose` says about a conversation, on stderr: names and counts, never values.

use std::io::Write as _;

/// How much is said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trace(u8);

impl Trace {
    pub(super) const fn new(verbose: u8) -> Self {
        Self(verbose)
    }

    /// A step that a user may want to follow: `-v`.
    pub(super) fn step(self, text: impl FnOnce() -> String) {
        self.say(1, text);
    }

    /// A detail of the protocol: `-vv`.
    pub(super) fn detail(self, text: impl FnOnce() -> String) {
        self.say(2, text);
    }

    fn say(self, level: u8, text: impl FnOnce() -> String) {
        if self.0 >= level {
            // Nobody is told when there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "mcpclass: {}", text());
        }
    }
}

//! How much one server may cost: time, bytes, pages, tools. Every limit has a flag, and whoever runs into it
//! reads its name.

use std::time::Duration;

use super::fault::Fault;

/// What one listing may cost before it is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The whole listing, from the start of the server to its last tool.
    pub timeout: Duration,
    /// Everything that the server sends, after decompression.
    pub max_bytes: u64,
    /// Pages of `tools/list`.
    pub max_pages: u32,
    /// Tools.
    pub max_tools: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            max_bytes: 64 * 1024 * 1024,
            max_pages: 1000,
            max_tools: 10_000,
        }
    }
}

/// Counts what a server sends, over all its messages.
#[derive(Debug)]
pub(super) struct Meter {
    max: u64,
    left: u64,
}

impl Meter {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self {
            max: limits.max_bytes,
            left: limits.max_bytes,
        }
    }

    /// Takes `bytes` off what is left.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Fault> {
        match self.left.checked_sub(bytes as u64) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Fault::Bytes(self.max)),
        }
    }
}

//! What can go wrong between us and a live server, and how a person reads it. The words of a server are
//! escaped and cut here; what would repeat a secret is [`super::redact`]'s to remove.

use std::time::Duration;

use serde_json::Value;

use crate::error::Error;
use crate::text::escape::one_line;

/// How much of a server's own words an error repeats.
const QUOTED: usize = 300;

/// Why a listing failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("the server did not list its tools within {}", seconds(*.after))]
    Timeout { after: Duration, waiting_for: String },
    #[error("the server sent more than {}", size(*.0))]
    Bytes(u64),
    #[error("the server's listing has more than {0} pages")]
    Pages(u32),
    #[error("the server lists more than {0} tools")]
    Tools(u32),
    #[error("the server's listing never ends: page {page} names the cursor of an earlier page again")]
    RepeatedCursor { page: u32 },
    #[error("the server closed the connection before it listed its tools")]
    Closed,
    #[error("the server stopped before it listed its tools ({0})")]
    Stopped(String),
    #[error("the server was stopped because it {0}")]
    Overgrown(String),
    #[error("the server refused {method}: {} (code {code})", quote(.message))]
    Refused {
        method: &'static str,
        code: i64,
        message: String,
        data: Value,
    },
    #[error("the server does not speak MCP as we know it: {0}")]
    Shape(String),
    #[error("cannot start the server: {0}")]
    Start(String),
    #[error("the server was not started: {0}")]
    NoFence(String),
    #[error("the server wants credentials (HTTP {status})")]
    Credentials { status: u16, challenge: String, sent: bool },
    #[error("the server answered HTTP {status}{}", reason(*.status))]
    Status { status: u16, retry_after: Option<Duration> },
    #[error("this is a web page, not an MCP endpoint (HTTP {status}, text/html)")]
    WebPage { status: u16 },
    #[error("the server redirects to {to}, which was not followed: {why}")]
    Redirect { to: String, why: &'static str },
    #[error("{0}")]
    Address(String),
    #[error("cannot connect: {0}")]
    Connect(String),
}

impl Fault {
    /// The error that a person reads, with the way out.
    pub(super) fn into_error(self) -> Error {
        let error = Error::partial(self.to_string());
        match self {
            Self::Timeout { waiting_for, .. } => error
                .fact("it was waiting for", waiting_for)
                .help("give it longer: --timeout SECONDS"),
            Self::Bytes(_) => error.help("raise the limit if you trust it: --max-bytes BYTES"),
            Self::Pages(_) => error.help("raise the limit if you trust it: --max-pages N"),
            Self::Tools(_) => error.help("raise the limit if you trust it: --max-tools N"),
            Self::Stopped(_) | Self::Start(_) => error
                .help("install or configure what the server needs, or scan a saved manifest: mcpclass scan tools.json"),
            Self::NoFence(_) => error.help("--sandbox auto runs it with what this machine can enforce"),
            Self::Credentials { challenge, sent, .. } => {
                let error = if challenge.is_empty() {
                    error
                } else {
                    error.fact("it asks for", quote(&challenge))
                };
                if sent {
                    error.help("the token or header that was sent is not accepted; check it, and its scopes")
                } else {
                    error.help("put a token in an environment variable and name it: --bearer-env VAR")
                }
            }
            Self::Status {
                retry_after: Some(after),
                ..
            } => error.fact("it asks to wait", seconds(after)).retry_after(after),
            Self::WebPage { .. } => {
                error.help("look for the endpoint in the server's documentation; it often ends in /mcp")
            }
            Self::Redirect { to, .. } => error.help(format!("if you trust that address, scan it instead: {to}")),
            Self::Address(_) => error.help("--allow-private permits addresses of this machine and of private networks"),
            _ => error,
        }
    }
}

/// What the fence around a started server may have denied it, so that it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// A Unix socket: it says so.
    UnixSocket,
    /// Some file, or a socket, for all that is known.
    Something,
}

impl Denied {
    /// Judges by the fence that was laid and the last words of the server; `None` where there was no fence.
    pub(super) fn guess(fence: Option<&str>, last_words: &[String]) -> Option<Self> {
        const REFUSED: [&str; 2] = ["EPERM", "Operation not permitted"];
        const SOCKETS: [&str; 5] = ["AF_UNIX", "listen EPERM", "connect EPERM", ".sock", "unix socket"];
        let fence = fence.filter(|fence| fence.contains("landlock") || fence.contains("seccomp"))?;
        let said = |words: &[&str]| {
            last_words
                .iter()
                .any(|line| words.iter().any(|word| line.contains(word)))
        };
        if fence.contains("seccomp") && said(&REFUSED) && said(&SOCKETS) {
            Some(Self::UnixSocket)
        } else {
            Some(Self::Something)
        }
    }

    /// Adds to an error what was denied, why, and the way out.
    pub(super) fn tell(self, error: Error) -> Error {
        match self {
            Self::UnixSocket => error
                .fact(
                    "denied",
                    "the fence lets no server open Unix sockets: behind them listen container engines, the session bus \
                     and key agents, and the kernel cannot tell those from a server's own",
                )
                .help("start it without what opens one; for tsx: node --import tsx FILE")
                .help("if you trust it as you trust what you run yourself: --sandbox off"),
            Self::Something => {
                error.help("if it needs files outside its temporary folder or Unix sockets: --sandbox off")
            }
        }
    }
}

/// A stranger's words on one line, cut.
pub(super) fn quote(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(QUOTED) {
        None => one_line(text).into_owned(),
        Some((end, _)) => format!("{}…", one_line(&text[..end])),
    }
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

fn size(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    if bytes >= MIB && bytes.is_multiple_of(MIB) {
        format!("{} MiB", bytes / MIB)
    } else {
        format!("{bytes} bytes")
    }
}

const fn reason(status: u16) -> &'static str {
    match status {
        404 => ": there is nothing at this address",
        405 => ": it does not take requests of this kind",
        429 => ": too many requests",
        500..=599 => ": it failed",
        _ => "",
    }
}

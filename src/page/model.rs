//! What a tool's page and a server's page share: the server in a line, changes over time, and how a stranger's text is
//! shown. The pages themselves are data, too ([`super::tool`], [`super::server`]): every format writes them down and
//! decides nothing. A section with nothing to say is empty and is left out by the formats.

use serde::Serialize;

use crate::catalogue::record::{Change, Record};
use crate::label::Label;
use crate::manifest::{Server, Tool, Transport};
use crate::text::{cells, escape};

/// A server in a line.
#[derive(Clone, Debug, Serialize)]
pub struct ServerLine {
    /// Its name.
    pub name: String,
    /// The version that it declares.
    pub version: Option<String>,
    /// How to reach it: an address or a command; `None` where that would name a place on somebody's disk.
    pub origin: Option<String>,
    /// How many tools it has.
    pub tools: usize,
}

/// A change between two readings.
#[derive(Clone, Debug, Serialize)]
pub struct ChangeLine {
    /// The day.
    pub at: String,
    /// The tool.
    pub tool: String,
    /// What happened, for people.
    pub says: String,
    /// `worse`, `milder`, `new`, `gone` or `same`.
    pub kind: &'static str,
}

/// A confidence under this wants a second look.
pub const UNSURE: f64 = 0.7;

impl ServerLine {
    /// The line of a record's server.
    pub fn of(record: &Record) -> Self {
        let server = &record.assessed.manifest.server;
        Self {
            name: shown(&server.name),
            version: server.version.as_deref().map(shown),
            origin: public_origin(server),
            tools: record.assessed.assessments.len(),
        }
    }
}

/// Text as pages show it: on one line, with control and hidden characters as escapes.
pub fn shown(text: &str) -> String {
    escape::one_line(text).into_owned()
}

/// At most this many characters, the last one an ellipsis where some were left out.
pub fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

/// The first sentence of a description, short.
pub fn first_sentence(tool: &Tool) -> String {
    let text = tool.description().unwrap_or_default();
    let first = cells::sentences(text).into_iter().next().unwrap_or(0..0);
    let line: String = text[first].split_whitespace().collect::<Vec<_>>().join(" ");
    shorten(&shown(&line), 140)
}

/// Where a server is reached. A path on a disk is nobody's business but its owner's.
fn public_origin(server: &Server) -> Option<String> {
    (server.transport != Transport::File).then(|| shown(&server.origin))
}

pub(super) fn day(record: &Record) -> Option<String> {
    record.read_at.map(date)
}

fn date(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// Newest first; of one tool or of all.
pub(super) fn history(changes: &[Change], tool: Option<&str>) -> Vec<ChangeLine> {
    let name = |label: Label| label.to_string();
    let line = |change: &Change| {
        let (kind, says) = match (change.was, change.is) {
            (None, Some(is)) => ("new", format!("new: {}", name(is))),
            (Some(was), None) => ("gone", format!("gone; it was {}", name(was))),
            (Some(was), Some(is)) if was == is => ("same", format!("the definition changed; still {}", name(is))),
            (Some(was), Some(is)) => {
                let worse = is.urgency() > was.urgency();
                (
                    if worse { "worse" } else { "milder" },
                    format!("{} became {}", name(was), name(is)),
                )
            }
            (None, None) => ("same", "unknown".to_owned()),
        };
        ChangeLine {
            at: date(change.at),
            tool: shown(&change.tool),
            says: if change.by_rules {
                format!("{says} (by a change of our rules)")
            } else {
                says
            },
            kind,
        }
    };
    let wanted = changes.iter().rev().filter(|c| tool.is_none_or(|t| c.tool == t));
    wanted.take(50).map(line).collect()
}

//! Saved listings on their way into the catalogue. A file of records, a server a line, is read on all cores in
//! constant memory, and what is known is passed over before it is parsed; everything else goes the way that
//! every command reads it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Cursor, Read};
use std::path::Path;

use serde_json::Value;

use super::entry::{self, Entry, Short};
use super::write::Known;
use crate::classify::Classifier;
use crate::error::Error;
use crate::manifest::Manifest;
use crate::report::Assessed;
use crate::source::document::{self, Item, Source};
use crate::source::expand::Environment;
use crate::source::json;
use crate::source::live::Limits;
use crate::source::recognise::{Content, Regard, recognise};
use crate::stream::Line;

/// One server of a source, ready for the writer.
#[derive(Debug)]
pub enum Taken {
    /// A server to write.
    Entry(Box<Entry>),
    /// A server whose bytes are known.
    Known(Short),
    /// What could not be read: the source and the reason.
    Failed(String, Error),
    /// A configured server, which only a live listing can tell of.
    Live(Box<crate::source::candidate::Candidate>),
}

/// A file, unpacked where it is compressed.
pub struct Opened {
    /// What is in it.
    pub reader: Box<dyn Read + Send>,
    /// Whether it was compressed.
    pub packed: bool,
    /// Its size on disk.
    pub size: u64,
}

/// Opens a file; gzip and Zstandard are told by their first bytes.
pub fn open(path: &Path) -> std::io::Result<Opened> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut reader = BufReader::with_capacity(1 << 18, file);
    let head = reader.fill_buf()?;
    let (packed, reader): (bool, Box<dyn Read + Send>) = match head {
        [0x1f, 0x8b, ..] => (true, Box::new(flate2::bufread::MultiGzDecoder::new(reader))),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => (true, Box::new(zstd::stream::read::Decoder::with_buffer(reader)?)),
        _ => (false, Box::new(reader)),
    };
    Ok(Opened { reader, packed, size })
}

/// The beginning of a reader, and all of it again.
pub struct Peeked {
    /// Whether it holds a record a line.
    pub records: bool,
    /// All of it.
    pub reader: Box<dyn Read + Send>,
}

/// Looks at the first line: a whole record with another line behind it makes a file of records.
pub fn peek(reader: Box<dyn Read + Send>, limits: &Limits) -> std::io::Result<Peeked> {
    let mut reader = BufReader::with_capacity(1 << 18, reader);
    let mut head = Vec::new();
    while head.iter().all(u8::is_ascii_whitespace) {
        let room = limits.max_bytes.saturating_add(1).saturating_sub(head.len() as u64);
        if reader.by_ref().take(room).read_until(b'\n', &mut head)? == 0 {
            break;
        }
    }
    let ended = head.last() == Some(&b'\n');
    let more = ended && !reader.fill_buf()?.is_empty();
    let records = more && head.trim_ascii_start().starts_with(b"{") && is_record(&head);
    Ok(Peeked {
        records,
        reader: Box::new(Cursor::new(head).chain(reader)),
    })
}

fn is_record(line: &[u8]) -> bool {
    let parsed = json::parse(line.trim_ascii_end()).ok();
    parsed.is_some_and(|document| matches!(recognise(document.value, Regard::Named), Ok(Content::Listings(_))))
}

/// Reads the lines of a file of records.
pub struct Records<'a> {
    /// How the file was named.
    pub origin: &'a str,
    /// The limits of one server.
    pub limits: &'a Limits,
    /// Where variables of configurations come from.
    pub environment: &'a Environment,
    /// Who judges.
    pub classifier: &'a Classifier,
    /// What needs no second look.
    pub known: &'a Known,
}

impl Records<'_> {
    /// Reads one line.
    pub fn line(&self, number: usize, line: Line<'_>, taken: &mut Vec<Taken>) {
        let place = || format!("{}:{number}", self.origin);
        let failed = |error| Taken::Failed(place(), error);
        let bytes = match line {
            Line::Text(bytes) => bytes,
            Line::TooLong => {
                let limit = self.limits.max_bytes;
                let message = format!("{}: longer than the limit of {limit} bytes", place());
                taken.push(failed(Error::partial(message).help("--max-bytes raises it")));
                return;
            }
        };
        let bytes = if number == 1 {
            bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes)
        } else {
            bytes
        };
        let bytes = bytes.trim_ascii();
        if bytes.is_empty() {
            return;
        }
        let source = entry::source_digest(self.origin, bytes);
        if self.known.has(&source) {
            taken.push(Taken::Known(source));
            return;
        }
        // A mistake of ours in one record must not cost the others.
        let read = std::panic::AssertUnwindSafe(|| self.record(number, bytes, source));
        if let Ok(read) = std::panic::catch_unwind(read) {
            taken.extend(read);
        } else {
            let message = format!(
                "{}: internal error: this record could not be assessed; please report it",
                place()
            );
            taken.push(failed(Error::partial(message)));
        }
    }

    fn record(&self, number: usize, bytes: &[u8], digest: Short) -> Vec<Taken> {
        let place = format!("{}:{number}", self.origin);
        let document = match json::parse(bytes) {
            Ok(document) => document,
            Err(error) => {
                let message = format!("{place}:{}: this is not JSON: {}", error.column.max(1), error.message);
                return vec![Taken::Failed(place, Error::partial(message))];
            }
        };
        let declared = declared_origin(&document.value);
        let origin = declared.as_deref().unwrap_or(self.origin);
        let source = Source::at(Path::new(self.origin), origin, self.limits, self.environment);
        let items = match recognise(document.value, Regard::Named) {
            Ok(Content::Tool(..) | Content::Page(_)) => {
                let error = Error::partial(format!("{place}: this names no server, and the lines around it do"))
                    .help("a record is {\"server\": …, \"tools\": […]}");
                return vec![Taken::Failed(place, error)];
            }
            Ok(content) => document::items(content, document.problems, &source),
            Err(unusable) => {
                let error = Error::partial(format!("{place}: {}", unusable.message));
                return vec![Taken::Failed(place, error)];
            }
        };
        let alone = items.len() == 1;
        items
            .into_iter()
            .map(|item| match item {
                Item::Manifest(manifest) => take(manifest, alone.then_some(digest), self.classifier),
                Item::Server(candidate) => Taken::Live(candidate),
                Item::Failure(failure) | Item::Foreign(failure) => Taken::Failed(place.clone(), failure.error),
                Item::Skipped { name, why } => Taken::Failed(place.clone(), Error::partial(format!("{name}: {why}"))),
            })
            .collect()
    }
}

/// Assesses a manifest and prepares it for the writer.
pub fn take(manifest: Manifest, source: Option<Short>, classifier: &Classifier) -> Taken {
    let origin = manifest.server.origin.clone();
    entry_of(classifier.assess_all(manifest), source, origin)
}

fn entry_of(assessed: Assessed, source: Option<Short>, origin: String) -> Taken {
    match Entry::new(assessed, source) {
        Ok(entry) => Taken::Entry(Box::new(entry)),
        Err(error) => Taken::Failed(origin, Error::partial(format!("cannot be stored: {error}"))),
    }
}

/// Where a record says that its listing came from.
fn declared_origin(record: &Value) -> Option<String> {
    let text = |value: Option<&Value>| {
        value
            .and_then(Value::as_str)
            .filter(|text| !text.trim().is_empty())
            .map(str::to_owned)
    };
    let server = record.get("server");
    text(record.get("source"))
        .or_else(|| text(record.get("origin")))
        .or_else(|| text(server.and_then(|server| server.get("origin"))))
}

//! Documents a line each, of any number, in constant memory: records of servers, pages and tools, or
//! recorded traffic. A line that cannot be used is a problem of the listing it stands in and ends nothing.

use std::collections::VecDeque;
use std::io::{BufRead, Read as _};

use super::Failure;
use super::document::{self, Item, Source};
use super::json;
use super::listing::{Declared, Listing};
use super::recognise::{Content, recognise};
use crate::manifest::{Manifest, Problem};

/// Problems of lines that one listing reports; the rest are counted.
const MAX_PROBLEMS: usize = 100;

/// What the lines of a reader hold, in their order.
pub struct Lines<'a, R> {
    reader: R,
    source: Source<'a>,
    line: usize,
    open: Option<Open>,
    loose: Vec<Problem>,
    handshake: Declared,
    ready: VecDeque<Item>,
    /// The last item found, kept back so that a bad line behind it has a listing to be a problem of.
    held: Option<Item>,
    ended: bool,
}

/// A listing that goes on in the next line.
struct Open {
    listing: Listing,
    pages: bool,
    dropped: usize,
}

impl<'a, R: BufRead> Lines<'a, R> {
    /// Reads lines from here on.
    pub fn new(reader: R, source: Source<'a>) -> Self {
        Self {
            reader,
            source,
            line: 0,
            open: None,
            loose: Vec::new(),
            handshake: Declared::default(),
            ready: VecDeque::new(),
            held: None,
            ended: false,
        }
    }

    /// The manifests alone. A server that would have to be contacted is a failure here.
    pub fn manifests(self) -> impl Iterator<Item = Result<Manifest, Failure>> {
        self.filter_map(|item| match item {
            Item::Manifest(manifest) => Some(Ok(manifest)),
            Item::Failure(failure) | Item::Foreign(failure) => Some(Err(failure)),
            Item::Server(candidate) => Some(Err(Failure {
                source: candidate.label().to_owned(),
                error: crate::error::Error::partial(format!("{} is configured and not listed", candidate.label()))
                    .help("scan it to list its tools"),
            })),
            Item::Skipped { .. } => None,
        })
    }

    /// Reads one line into items; false at the end.
    fn advance(&mut self) -> bool {
        let limit = self.source.limits.max_bytes;
        let mut bytes = Vec::new();
        let read = self
            .reader
            .by_ref()
            .take(limit.saturating_add(1))
            .read_until(b'\n', &mut bytes);
        self.line += 1;
        match read {
            Err(error) => {
                self.close();
                let message = format!("line {}: cannot read further: {error}", self.line);
                let failure = self.source.failure(&message, "what stands before it was read");
                self.ready.push_back(Item::Failure(failure));
                return false;
            }
            Ok(0) => {
                self.close();
                return false;
            }
            Ok(_) if bytes.len() as u64 > limit => {
                let rest = skip_line(&mut self.reader);
                self.problem(&format!(
                    "longer than the limit of {limit} bytes; --max-bytes raises it"
                ));
                return rest;
            }
            Ok(_) => {}
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return true;
        }
        // A string that the line leaves open ends with the line, and not at a control character.
        bytes.truncate(bytes.trim_ascii_end().len());
        let document = match json::parse(&bytes) {
            Ok(document) => document,
            Err(error) => {
                let place = if error.line == 0 {
                    String::new()
                } else {
                    format!("column {}: ", error.column.max(1))
                };
                self.problem(&format!("{place}{}", error.message));
                return true;
            }
        };
        for problem in document.problems {
            self.problem(format!("{} {}", problem.pointer, problem.message).trim());
        }
        match recognise(document.value, self.source.regard) {
            Ok(content) => self.take(content),
            Err(unusable) => self.problem(&unusable.message),
        }
        true
    }

    fn take(&mut self, content: Content) {
        match content {
            Content::Tool(declared, tool) => {
                let goes_on = |open: &Open| !open.pages && open.listing.declared.name == declared.name;
                if !self.open.as_ref().is_some_and(goes_on) {
                    self.start(Listing::new(declared, Vec::new()), false);
                }
                let limit = self.source.limits.max_tools as usize;
                if let Some(open) = &mut self.open {
                    // Above the limit they are counted and not kept: the listing fails, and memory does not.
                    if open.listing.tools.len() > limit {
                        open.dropped += 1;
                    } else {
                        open.listing.tools.push(tool);
                    }
                }
            }
            Content::Page(page) => match &mut self.open {
                Some(open) if open.pages && !open.listing.complete => {
                    if open.listing.tools.len() > self.source.limits.max_tools as usize {
                        open.dropped += page.tools.len();
                    } else {
                        open.listing.append(page);
                    }
                }
                _ => self.start(page, true),
            },
            Content::Handshake(declared) => {
                self.close();
                self.handshake = declared;
            }
            Content::Traffic => {}
            Content::Listings(listings) => {
                self.close();
                for listing in listings {
                    self.emit(listing, 0);
                }
            }
            other @ (Content::Config(_) | Content::Registry(_)) => {
                self.close();
                let items = document::items(other, Vec::new(), &self.source);
                self.ready.extend(items);
            }
        }
    }

    fn start(&mut self, mut listing: Listing, pages: bool) {
        self.close();
        if pages {
            listing.declared = std::mem::take(&mut listing.declared).or(std::mem::take(&mut self.handshake));
        }
        self.open = Some(Open {
            listing,
            pages,
            dropped: 0,
        });
    }

    /// Ends the open listing.
    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.emit(open.listing, open.dropped);
        }
    }

    fn emit(&mut self, mut listing: Listing, dropped: usize) {
        listing.problems.append(&mut self.loose);
        let item = if dropped > 0 {
            let name = listing.declared.name.as_deref().unwrap_or(&self.source.name);
            Item::Failure(document::too_many(name, listing.tools.len() + dropped, &self.source))
        } else {
            document::manifest(listing, &self.source)
        };
        self.ready.push_back(item);
    }

    /// Notes what is wrong with the line just read, where a person will see it.
    fn problem(&mut self, message: &str) {
        let problem = Problem::new("", format!("line {}: {message}", self.line));
        let list = match (&mut self.open, self.ready.back_mut(), &mut self.held) {
            (Some(open), _, _) => &mut open.listing.problems,
            (None, Some(Item::Manifest(manifest)), _) | (None, None, Some(Item::Manifest(manifest))) => {
                &mut manifest.problems
            }
            _ => &mut self.loose,
        };
        if list.len() < MAX_PROBLEMS {
            list.push(problem);
        }
    }
}

impl<R: BufRead> Iterator for Lines<'_, R> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        while !self.ended && self.ready.is_empty() {
            if !self.advance() {
                self.ended = true;
                if self.ready.is_empty() && self.held.is_none() {
                    let reason = self
                        .loose
                        .first()
                        .map_or("every line is blank", |problem| problem.message.as_str());
                    let help = "a line of JSONL is a tool, or a {\"server\", \"tools\"} record";
                    let failure = self.source.failure(&format!("no line holds tools: {reason}"), help);
                    return Some(Item::Foreign(failure));
                }
            }
        }
        match self.ready.pop_front() {
            Some(item) => match self.held.replace(item) {
                Some(held) => Some(held),
                None => self.next(),
            },
            None => self.held.take(),
        }
    }
}

/// Skips to the next line; false at the end.
fn skip_line(reader: &mut impl BufRead) -> bool {
    loop {
        let (length, found) = match reader.fill_buf() {
            Ok([]) | Err(_) => return false,
            Ok(buffer) => match buffer.iter().position(|&b| b == b'\n') {
                Some(at) => (at + 1, true),
                None => (buffer.len(), false),
            },
        };
        reader.consume(length);
        if found {
            return true;
        }
    }
}

//! Messages out of a byte stream that should hold one JSON value a line and often does not: banners, messages
//! printed over several lines, lines without an end. Memory is bounded by the listing's byte limit.

use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};

use super::fault::Fault;
use super::limits::Meter;
use super::wire::Notes;
use crate::source::json;

/// Reads messages from a server's standard output.
pub(super) struct Frames<R> {
    input: R,
    /// The line being read.
    line: Vec<u8>,
    /// Lines of a message that is not complete yet.
    open: Vec<u8>,
    balance: Balance,
}

impl<R: AsyncBufRead + Unpin + Send> Frames<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            line: Vec::new(),
            open: Vec::new(),
            balance: Balance::default(),
        }
    }

    /// The next JSON value; `None` at the end of the stream.
    pub(super) async fn next(&mut self, meter: &mut Meter, notes: &mut Notes) -> Result<Option<Value>, Fault> {
        loop {
            let ended = !self.read_line(meter).await?;
            let line = std::mem::take(&mut self.line);
            if let Some(value) = self.take_line(&line, notes)? {
                return Ok(Some(value));
            }
            if ended {
                if !self.open.is_empty() {
                    let open = std::mem::take(&mut self.open);
                    notes.stray(&open, "a message that never ends");
                }
                return Ok(None);
            }
        }
    }

    /// Reads up to a line feed; false at the end of the stream. May be called again after a cancellation.
    async fn read_line(&mut self, meter: &mut Meter) -> Result<bool, Fault> {
        loop {
            let chunk = match self.input.fill_buf().await {
                Ok(chunk) => chunk,
                Err(error) => return Err(Fault::Connect(error.to_string())),
            };
            if chunk.is_empty() {
                return Ok(false);
            }
            let end = chunk.iter().position(|b| *b == b'\n');
            let take = end.map_or(chunk.len(), |at| at + 1);
            meter.take(take)?;
            self.line.extend_from_slice(&chunk[..take]);
            self.input.consume(take);
            if end.is_some() {
                return Ok(true);
            }
        }
    }

    fn take_line(&mut self, line: &[u8], notes: &mut Notes) -> Result<Option<Value>, Fault> {
        let text = line.trim_ascii();
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        if text.is_empty() {
            return Ok(None);
        }
        if self.open.is_empty() {
            return self.take_first(text, notes);
        }
        // Something that only looked like the beginning of a message must not swallow the messages after it.
        if text.starts_with(b"{\"")
            && text.ends_with(b"}")
            && let Some(value) = message(text)
        {
            let open = std::mem::take(&mut self.open);
            notes.stray(&open, "not JSON");
            return Ok(Some(value));
        }
        self.balance.feed(text);
        self.open.extend_from_slice(text);
        self.open.push(b'\n');
        if !self.balance.closed() {
            return Ok(None);
        }
        let whole = std::mem::take(&mut self.open);
        let value = read(&whole, notes)?;
        if value.is_some() {
            notes.add("the server spreads a message over several lines, which clients do not read");
        }
        Ok(value)
    }

    fn take_first(&mut self, text: &[u8], notes: &mut Notes) -> Result<Option<Value>, Fault> {
        if !matches!(text[0], b'{' | b'[') {
            notes.stray(text, "not JSON");
            return Ok(None);
        }
        self.balance = Balance::default();
        self.balance.feed(text);
        if !self.balance.closed() {
            self.open.extend_from_slice(text);
            self.open.push(b'\n');
            return Ok(None);
        }
        read(text, notes)
    }
}

/// Parses a text that looks complete. One that is meant as a message and cannot be read is an error, since
/// nobody would send it again; anything else is a stray line.
fn read(text: &[u8], notes: &mut Notes) -> Result<Option<Value>, Fault> {
    match json::parse(text) {
        Ok(document) => {
            document.problems.into_iter().for_each(|p| notes.push(p));
            Ok(Some(document.value))
        }
        Err(why) if contains(text, b"\"jsonrpc\"") => {
            Err(Fault::Shape(format!("a message of it cannot be read: {}", why.message)))
        }
        Err(why) => {
            notes.stray(text, &why.message);
            Ok(None)
        }
    }
}

/// A message, where the text is one.
fn message(text: &[u8]) -> Option<Value> {
    let value = json::parse(text).ok()?.value;
    value.get("jsonrpc").is_some().then_some(value)
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

/// Open brackets of a JSON text that arrives in pieces.
#[derive(Debug, Default)]
struct Balance {
    depth: u64,
    in_string: bool,
    escaped: bool,
}

impl Balance {
    fn feed(&mut self, text: &[u8]) {
        for byte in text {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    const fn closed(&self) -> bool {
        self.depth == 0 && !self.in_string
    }
}

//! Text and JSON from strangers: encodings told apart, comments and trailing commas forgiven, nesting capped before
//! anything recurses, lone surrogates replaced, keys given twice noted. Every reader of a listing, saved or
//! live, starts here. What the JSON means is decided elsewhere.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::manifest::{MAX_TOOL_DEPTH, Problem};

/// Containers nested deeper than this are read as empty. Room for a tool at its own limit inside any envelope,
/// and under `serde_json`'s default limit, so that what we write can be read again by anyone.
pub const MAX_DEPTH: usize = MAX_TOOL_DEPTH + 24;

/// How many problems of one kind a document reports; the rest are as uninteresting as these.
const MAX_PROBLEMS: usize = 50;

/// A parsed document and what was forgiven in it.
#[derive(Debug)]
pub struct Document {
    /// The value; of keys given twice, the last counts.
    pub value: Value,
    /// Keys given twice, nesting that was cut, characters that were replaced.
    pub problems: Vec<Problem>,
}

/// Why text could not be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Line, from 1; 0 where the position says nothing.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The way out, where there is a special one.
    pub help: Option<String>,
}

impl SyntaxError {
    /// An error at a position.
    pub fn at(line: usize, column: usize, message: impl Into<String>) -> Self {
        Self {
            line,
            column,
            message: message.into(),
            help: None,
        }
    }

    fn whole(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..Self::at(0, 0, message)
        }
    }
}

impl From<serde_json::Error> for SyntaxError {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        let message = match text.rfind(" at line ") {
            _ if error.is_eof() => "it ends too early",
            Some(end) => &text[..end],
            None => &text,
        };
        Self::at(error.line(), error.column(), message)
    }
}

/// UTF-8 text without its byte order mark; anything else is an error that says what it is instead.
pub fn decode(bytes: Vec<u8>) -> Result<String, SyntaxError> {
    let head = &bytes[..bytes.len().min(4)];
    let utf16 = head.starts_with(&[0xFF, 0xFE])
        || head.starts_with(&[0xFE, 0xFF])
        || matches!(head, [0, b, 0, _] | [b, 0, _, 0] if b.is_ascii_graphic());
    if utf16 {
        return Err(SyntaxError::whole(
            "the text is UTF-16, not UTF-8",
            "convert it: iconv -f UTF-16 -t UTF-8 FILE | mcpclass scan -",
        ));
    }
    if head.starts_with(&[0x1F, 0x8B]) {
        return Err(SyntaxError::whole(
            "the data is compressed with gzip",
            "unpack it on the way: gzip -dc FILE | mcpclass scan -",
        ));
    }
    if head.starts_with(b"PK\x03\x04") {
        return Err(SyntaxError::whole(
            "this is a ZIP archive",
            "of an MCPB bundle, read the manifest: unzip -p FILE manifest.json | mcpclass scan -",
        ));
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            let bytes = error.as_bytes();
            let (line, column) = position(bytes, offset);
            let message = format!("byte 0x{:02x} at offset {offset} is not UTF-8", bytes[offset]);
            return Err(SyntaxError {
                help: Some("save it as UTF-8: iconv -f LATIN1 -t UTF-8 FILE, if that is what it is".to_owned()),
                ..SyntaxError::at(line, column, message)
            });
        }
    };
    Ok(match text.strip_prefix('\u{FEFF}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// Line and column, both from 1, of a byte offset.
pub fn position(bytes: &[u8], offset: usize) -> (usize, usize) {
    let before = &bytes[..offset.min(bytes.len())];
    let line = before.split(|&b| b == b'\n').count();
    let column = before.iter().rev().take_while(|&&b| b != b'\n').count() + 1;
    (line, column)
}

/// Decodes and parses one JSON document. One without a fault is read where it stands.
pub fn parse(bytes: &[u8]) -> Result<Document, SyntaxError> {
    match std::str::from_utf8(bytes).ok().and_then(strict) {
        Some(document) => Ok(document),
        None => forgive(decode(bytes.to_vec())?),
    }
}

/// Parses one JSON document, with comments and trailing commas or without.
pub fn parse_text(text: String) -> Result<Document, SyntaxError> {
    match strict(&text) {
        Some(document) => Ok(document),
        None => forgive(text),
    }
}

/// A document in which nothing is to be forgiven; `None` for any other.
fn strict(text: &str) -> Option<Document> {
    let mut repeated = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Checked::root(&mut repeated).deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    let problems = repeated.into_iter().map(given_twice).collect();
    Some(Document { value, problems })
}

/// Any other document.
fn forgive(text: String) -> Result<Document, SyntaxError> {
    let mut bytes = text.into_bytes();
    let mut problems = tame(&mut bytes);
    let mut repeated = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
    let value = Checked::root(&mut repeated).deserialize(&mut deserializer)?;
    deserializer.end()?;
    problems.extend(repeated.into_iter().map(given_twice));
    Ok(Document { value, problems })
}

/// The problem of a key at this path, innermost first.
fn given_twice(mut path: Vec<String>) -> Problem {
    path.reverse();
    let message = format!("the key {:?} is given twice; the last one counts", path[path.len() - 1]);
    let steps: Vec<String> = path.iter().map(|step| escape(step)).collect();
    Problem::new(format!("/{}", steps.join("/")), message)
}

/// A step of a JSON Pointer (RFC 6901).
pub fn escape(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

/// Makes bytes safe for a recursive parser, in place, so that every offset stays what it was: comments and trailing
/// commas become blanks, containers nested too deep are emptied, lone surrogate escapes become U+FFFD.
fn tame(bytes: &mut [u8]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut depth = 0_usize;
    // The last two bytes that mean something: a comma before a closing bracket trails only behind a value.
    let (mut last, mut before) = ((0, b'['), b'[');
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let mut next = at + 1;
        match byte {
            b'"' => next = tame_string(bytes, at, &mut problems),
            b'/' => {
                if let Some(end) = comment_end(bytes, at) {
                    blank(&mut bytes[at..end]);
                    at = end;
                    continue;
                }
            }
            b'{' | b'[' if depth == MAX_DEPTH => {
                next = container_end(bytes, at);
                // Where it never closes, what is left is an error at the end of the text.
                let inner = if next > at + 1 && matches!(bytes[next - 1], b'}' | b']') {
                    next - 1
                } else {
                    next
                };
                blank(&mut bytes[at + 1..inner]);
                let message = format!("nested deeper than {MAX_DEPTH} levels; what is further inside is not read");
                note(&mut problems, bytes, at, &message);
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if last.1 == b',' && !matches!(before, b'{' | b'[' | b',' | b':') {
                    bytes[last.0] = b' ';
                }
            }
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            before = last.1;
            last = (at, byte);
        }
        at = next;
    }
    problems
}

/// The end of the string that starts at `start`; escapes of lone surrogates in it become U+FFFD.
fn tame_string(bytes: &mut [u8], start: usize, problems: &mut Vec<Problem>) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => match surrogate(bytes, at) {
                Some(Half::High) if matches!(surrogate(bytes, at + 6), Some(Half::Low)) => at += 12,
                Some(_) => {
                    bytes[at + 2..at + 6].copy_from_slice(b"fffd");
                    note(
                        problems,
                        bytes,
                        at,
                        "half of a surrogate pair is no character; it is read as U+FFFD",
                    );
                    at += 6;
                }
                None => at += 2,
            },
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Which half of a surrogate pair an escape is.
enum Half {
    High,
    Low,
}

/// The half of a surrogate pair that `\uXXXX` at `at` stands for.
fn surrogate(bytes: &[u8], at: usize) -> Option<Half> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    match u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()? {
        0xD800..=0xDBFF => Some(Half::High),
        0xDC00..=0xDFFF => Some(Half::Low),
        _ => None,
    }
}

/// The end of a comment that starts at `at`.
fn comment_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    let length = match rest.get(1)? {
        b'/' => rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len()),
        b'*' => rest[2..].windows(2).position(|w| w == b"*/")? + 4,
        _ => return None,
    };
    Some(at + length)
}

/// The end of the container that opens at `start`, or of the text where it never closes.
fn container_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'/' => {
                if let Some(end) = comment_end(bytes, at) {
                    at = end;
                    continue;
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// Overwrites with blanks; line feeds stay, so that later positions are right.
fn blank(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|b| !matches!(b, b'\n' | b'\r')) {
        *byte = b' ';
    }
}

fn note(problems: &mut Vec<Problem>, bytes: &[u8], at: usize, message: &str) {
    if problems.len() < MAX_PROBLEMS {
        let (line, column) = position(bytes, at);
        problems.push(Problem::new("", format!("line {line}, column {column}: {message}")));
    }
}

/// Builds a value and collects the paths, innermost key first, of keys given twice. Refuses what is nested too deep:
/// [`tame`] has seen to that, or it is still to do so.
struct Checked<'a> {
    repeated: &'a mut Vec<Vec<String>>,
    /// Containers around the value.
    depth: usize,
}

/// Entries of an object that are made room for at once: most are parameters with a type and a description, and room that
/// stays empty adds up over thousands of servers.
const FEW: usize = 2;

impl<'de> DeserializeSeed<'de> for Checked<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.depth > MAX_DEPTH {
            return Err(D::Error::custom("nested too deep"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checked<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = serde_json::Number::from_f64(value).ok_or_else(|| E::custom("a number out of range"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let known = self.repeated.len();
            let Some(item) = items.next_element_seed(self.inner())? else {
                return Ok(Value::Array(list));
            };
            self.climb(known, || list.len().to_string());
            list.push(item);
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::with_capacity(FEW);
        while let Some(key) = entries.next_key::<String>()? {
            let known = self.repeated.len();
            let value = entries.next_value_seed(self.inner())?;
            self.climb(known, || key.clone());
            match map.entry(key) {
                serde_json::map::Entry::Vacant(entry) => {
                    entry.insert(value);
                }
                serde_json::map::Entry::Occupied(mut entry) => {
                    if self.repeated.len() < MAX_PROBLEMS {
                        self.repeated.push(vec![entry.key().clone()]);
                    }
                    entry.insert(value);
                }
            }
        }
        Ok(Value::Object(map))
    }
}

impl<'a> Checked<'a> {
    /// For a whole document.
    const fn root(repeated: &'a mut Vec<Vec<String>>) -> Self {
        Self { repeated, depth: 0 }
    }

    /// For what stands in the container that is being read.
    const fn inner(&mut self) -> Checked<'_> {
        Checked {
            repeated: self.repeated,
            depth: self.depth + 1,
        }
    }

    /// Adds a step to the paths found since there were `known`.
    fn climb(&mut self, known: usize, step: impl Fn() -> String) {
        for path in &mut self.repeated[known..] {
            path.push(step());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value(text: &str) -> Value {
        parse(text.as_bytes()).expect("it parses").value
    }

    #[test]
    fn comments_and_trailing_commas_are_forgiven() {
        let text = "\u{FEFF}// a\n{\"a\": [1, 2,], /* b */ \"u\": \"http://x/*y*/\",\n}\n";
        assert_eq!(value(text), json!({"a": [1, 2], "u": "http://x/*y*/"}));
        assert!(parse(b"[,]").is_err());
        assert!(parse(b"[1,,]").is_err());
        assert!(parse(b"{\"a\":,}").is_err());
    }

    #[test]
    fn an_error_knows_its_place() {
        let error = parse(b"{\n  \"a\": nope\n}").expect_err("not JSON");
        assert_eq!((error.line, error.column), (2, 9));
        assert!(!error.message.contains("line"), "{}", error.message);
        let error = parse(b"[\"ab\xff\"]").expect_err("not UTF-8");
        assert_eq!((error.line, error.column), (1, 5));
        assert_eq!(error.message, "byte 0xff at offset 4 is not UTF-8");
    }

    #[test]
    fn other_encodings_are_named() {
        for (bytes, word) in [
            (&b"\xff\xfe{\0}\0"[..], "UTF-16"),
            (b"\0{\0}", "UTF-16"),
            (b"\x1f\x8b\x08\0", "gzip"),
            (b"PK\x03\x04", "ZIP"),
        ] {
            let error = decode(bytes.to_vec()).expect_err("not UTF-8");
            assert!(error.message.contains(word), "{}", error.message);
            assert!(error.help.is_some());
        }
    }

    #[test]
    fn nesting_is_cut_and_said_so() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let text = format!(
                "{{\"x\": {}{}, \"y\": 1}}",
                open.repeat(100_000) + "1",
                close.repeat(100_000)
            );
            let document = parse(text.as_bytes()).expect("it parses");
            assert_eq!(document.value["y"], 1);
            assert_eq!(document.problems.len(), 1, "{:?}", document.problems);
        }
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
        let text = "[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH);
        assert!(parse(text.as_bytes()).expect("it parses").problems.is_empty());
    }

    #[test]
    fn keys_given_twice_are_noted_where_they_stand() {
        let document = parse(br#"{"t": [{"a": 1, "b/c": 2, "b/c": 3}]}"#).expect("it parses");
        assert_eq!(document.value, json!({"t": [{"a": 1, "b/c": 3}]}));
        assert_eq!(document.problems.len(), 1);
        assert_eq!(document.problems[0].pointer, "/t/0/b~1c");
    }

    #[test]
    fn half_a_surrogate_pair_costs_nothing_else() {
        let document = parse(br#"["\ud800 \udc00 \ud83d\ude00 \\ud800"]"#).expect("it parses");
        assert_eq!(document.value, json!(["\u{FFFD} \u{FFFD} 😀 \\ud800"]));
        assert_eq!(document.problems.len(), 2);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_fatal(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }

        #[test]
        fn no_punctuation_is_fatal(text in r#"[\[\]{}",:/*\\ua0d8 \n1]{0,80}"#) {
            let _ = parse(text.as_bytes());
        }
    }
}

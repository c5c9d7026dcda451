//! `--format json`: the contract document. Also owns how this program writes JSON anywhere: control and hidden
//! characters of strangers are written as `\u` escapes, so that a terminal showing the output stays safe.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use crate::output::Context;
use crate::output::compact::Compact;
use crate::report::{Assessed, Report};
use crate::text::escape;

/// Prints the document.
pub fn write(servers: &[Assessed], context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let report = Report::new(servers, context.classifier);
    pretty(&report, &mut *out)?;
    writeln!(out)
}

/// Writes a value over several lines, indented by two spaces, without a line feed at the end.
pub fn pretty(value: &impl Serialize, out: impl Write) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(out, Careful(PrettyFormatter::new()));
    value.serialize(&mut serializer).map_err(io::Error::from)
}

/// A value over several lines, with a line feed at the end.
pub fn text(value: &impl Serialize) -> String {
    let mut out = Vec::new();
    // Writing our types to memory cannot fail, and what was written is UTF-8.
    let _ = pretty(value, &mut out);
    out.push(b'\n');
    String::from_utf8(out).unwrap_or_default()
}

/// Writes a value on one line, without a line feed at the end.
pub fn compact(value: &impl Serialize, out: &mut Vec<u8>) -> io::Result<()> {
    value.serialize(Compact(out)).map_err(io::Error::from)
}

/// Writes the members of two objects, neither of them empty, as one object on one line. As `#[serde(flatten)]` would,
/// without handling each member as one of a map.
pub fn joined(head: &impl Serialize, tail: &impl Serialize, out: &mut Vec<u8>) -> io::Result<()> {
    compact(head, out)?;
    append(tail, out)
}

/// Adds the members of an object to the one that was written last; neither is empty.
pub fn append(tail: &impl Serialize, out: &mut Vec<u8>) -> io::Result<()> {
    out.pop();
    let comma = out.len();
    compact(tail, out)?;
    out[comma] = b',';
    Ok(())
}

/// Writes a value as [`compact`] does, by way of `serde_json`: for strings that have something to escape.
pub(super) fn careful(value: &(impl Serialize + ?Sized), out: &mut Vec<u8>) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Careful(CompactFormatter)))
}

/// A formatter that differs from the one inside only in escaping more characters.
struct Careful<F>(F);

/// Hands each method on to the formatter inside.
macro_rules! as_inside {
    ($($method:ident($($argument:ident: $type:ty),*)),+ $(,)?) => {
        $(fn $method<W: ?Sized + Write>(&mut self, writer: &mut W $(, $argument: $type)*) -> io::Result<()> {
            self.0.$method(writer $(, $argument)*)
        })+
    };
}

impl<F: Formatter> Formatter for Careful<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        // Of ASCII, the serializer itself escapes all but DEL. Without an early end, so that the bytes are looked at
        // many at a time.
        if fragment.bytes().fold(0, |found, byte| found | u8::from(byte >= 0x7f)) == 0 {
            return writer.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some(index) = rest.find(|c: char| c.is_control() || escape::is_hidden(c)) {
            let (before, from) = rest.split_at(index);
            writer.write_all(before.as_bytes())?;
            let mut chars = from.chars();
            if let Some(c) = chars.next() {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    as_inside!(
        begin_array(),
        end_array(),
        begin_array_value(first: bool),
        end_array_value(),
        begin_object(),
        end_object(),
        begin_object_key(first: bool),
        end_object_key(),
        begin_object_value(),
        end_object_value(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_escaped_and_mean_the_same() {
        let text = "naïve 名\u{7f}\u{9b}31m\u{202e}\u{e0041}\u{1b}";
        let mut out = Vec::new();
        compact(&text, &mut out).expect("memory");
        let json = String::from_utf8(out).expect("UTF-8");
        assert_eq!(json, r#""naïve 名\u007f\u009b31m\u202e\udb40\udc41\u001b""#);
        assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), text);
    }

    #[test]
    fn two_objects_are_joined() {
        let mut out = Vec::new();
        let (head, tail) = (
            serde_json::json!({"a": {"b": 1}}),
            serde_json::json!({"c": [{}], "d": null}),
        );
        joined(&head, &tail, &mut out).expect("memory");
        assert_eq!(out, br#"{"a":{"b":1},"c":[{}],"d":null}"#);
    }

    #[test]
    fn layout_is_that_of_serde_json() {
        let value = serde_json::json!({"a": [1, {"b": []}], "c": {}, "d": "e"});
        let mut out = Vec::new();
        pretty(&value, &mut out).expect("memory");
        assert_eq!(
            String::from_utf8(out).expect("UTF-8"),
            serde_json::to_string_pretty(&value).expect("JSON")
        );
    }
}

//! Digests: of a tool's definition, so that a changed word is noticed, and of the rule book, so that a change
//! of ours is told from a change of the server's. Canonical JSON (RFC 8785 but for number formatting, which
//! is `serde_json`'s) under SHA-256.

use sha2::{Digest as _, Sha256};

use crate::manifest::Tool;
use crate::tree::{Node, View};

/// Fields that are no part of what a tool promises: pictures and transport bookkeeping.
pub const LEFT_OUT: [&str; 2] = ["icons", "_meta"];

/// `sha256:` and 64 hexadecimal digits over the tool's canonical definition.
pub fn of_tool(tool: &Tool) -> String {
    of_canonical(&canonical(tool))
}

/// The tool's canonical definition: JSON without blanks, keys in order, without what is left out.
pub(crate) fn canonical(tool: &Tool) -> String {
    let mut buffer = Vec::with_capacity(1536);
    write_object(tool.root(), &LEFT_OUT, &mut Vec::with_capacity(32), &mut buffer);
    // JSON of strings is UTF-8.
    String::from_utf8(buffer).unwrap_or_default()
}

/// The digest of what [`canonical`] gives.
pub(crate) fn of_canonical(definition: &str) -> String {
    finish(Sha256::new().chain_update(definition))
}

/// `sha256:` over the given bytes.
pub fn of_bytes<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    finish(hasher)
}

fn finish(hasher: Sha256) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(71);
    text.push_str("sha256:");
    for byte in hasher.finalize() {
        text.push(HEX[usize::from(byte >> 4)] as char);
        text.push(HEX[usize::from(byte & 15)] as char);
    }
    text
}

/// The entries of the objects that are being written, the innermost last: one list, so that none is made for each.
type Open<'a> = Vec<(&'a str, Node<'a>)>;

fn write_object<'a>(object: Node<'a>, left_out: &[&str], open: &mut Open<'a>, out: &mut Vec<u8>) {
    let from = open.len();
    object.sorted_into(open);
    out.push(b'{');
    let first = out.len();
    for index in from..open.len() {
        let (key, value) = open[index];
        if left_out.contains(&key) {
            continue;
        }
        if out.len() > first {
            out.push(b',');
        }
        write_string(key, out);
        out.push(b':');
        write_value(value, open, out);
    }
    open.truncate(from);
    out.push(b'}');
}

fn write_value<'a>(value: Node<'a>, open: &mut Open<'a>, out: &mut Vec<u8>) {
    match value.view() {
        View::Object(_) => write_object(value, &[], open, out),
        View::Array(items) => {
            out.push(b'[');
            for (index, item) in items.enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(item, open, out);
            }
            out.push(b']');
        }
        View::Text(text) => write_string(text, out),
        View::Number(number) => out.extend_from_slice(number.as_bytes()),
        View::Bool(true) => out.extend_from_slice(b"true"),
        View::Bool(false) => out.extend_from_slice(b"false"),
        View::Null => out.extend_from_slice(b"null"),
    }
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    // Without an early end, so that the bytes are looked at many at a time; most strings have nothing to escape.
    let special = |byte: u8| u8::from(byte < 0x20 || byte == b'"' || byte == b'\\');
    if text.bytes().fold(0, |found, byte| found | special(byte)) == 0 {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    // Writing a string to memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn digest(value: &Value) -> String {
        of_tool(&Tool::from_value(value).expect("a tool"))
    }

    #[test]
    fn key_order_icons_and_meta_do_not_matter() {
        let one = digest(&json!({"name": "a", "description": "b", "_meta": {"t": 1}}));
        let two = digest(&json!({"description": "b", "icons": [], "name": "a"}));
        assert_eq!(one, two);
    }

    #[test]
    fn it_is_that_of_the_json_in_the_order_of_its_keys() {
        let mut value = json!({
            "name": "a", "z": [1.0, -0.0, 1e300, u64::MAX, [], {}, null, true], "é": {"b": "\u{1}\"", "a": [{"d": 1, "c": 2}]},
            "inputSchema": {"properties": (0..40).rev().map(|n| (n.to_string(), json!({"type": "x", "n": n}))).collect::<Value>()},
        });
        let found = digest(&value);
        value.sort_all_objects();
        let mut hasher = Sha256::new();
        hasher.update(value.to_string());
        assert_eq!(found, finish(hasher));
    }

    #[test]
    fn strings_are_written_as_serde_json_writes_them() {
        for text in [
            "plain",
            "",
            "a\"b",
            "back\\slash",
            "line\nfeed",
            "\u{1}\u{7f}",
            "naïve 名 \u{2028}",
        ] {
            let mut out = Vec::new();
            write_string(text, &mut out);
            assert_eq!(out, serde_json::to_vec(text).expect("JSON"));
        }
    }

    #[test]
    fn every_other_field_matters() {
        let one = digest(&json!({"name": "a", "description": "b"}));
        assert_ne!(one, digest(&json!({"name": "a", "description": "b "})));
        assert_ne!(one, digest(&json!({"name": "a", "description": "b", "execution": {}})));
    }
}

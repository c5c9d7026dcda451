//! Digests: of a tool's definition, so that a changed word is noticed, and of the rule book, so that a change
//! of ours is told from a change of the server's. Canonical JSON (RFC 8785 but for number formatting, which
//! is `serde_json`'s) under SHA-256.

use sha2::{Digest as _, Sha256};

use crate::manifest::Tool;
use crate::tree::{Node, View, needs_no_escapes};

/// Fields that are no part of what a tool promises: pictures and transport bookkeeping.
pub const LEFT_OUT: [&str; 2] = ["icons", "_meta"];

/// `sha256:` and 64 hexadecimal digits over the tool's canonical definition.
pub fn of_tool(tool: &Tool) -> String {
    let mut definition = String::with_capacity(1536);
    canonical(tool, &mut definition);
    of_canonical(&definition)
}

/// Writes the tool's canonical definition over `out`: JSON without blanks, keys in order, without what is left out.
pub(crate) fn canonical(tool: &Tool, out: &mut String) {
    let definition = tool.root();
    out.clear();
    let mut writer = Canonical {
        out,
        open: Vec::with_capacity(24),
        needs_no_escapes: definition.needs_no_escapes(),
    };
    writer.object(definition, &LEFT_OUT);
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

/// Writes canonical JSON.
struct Canonical<'a, 'o> {
    out: &'o mut String,
    /// The entries of the objects that are being written, the innermost last: one list, so that none is made for each.
    open: Vec<(&'a str, Node<'a>)>,
    /// No string has anything to escape, as in most definitions: none needs a look of its own.
    needs_no_escapes: bool,
}

impl<'a> Canonical<'a, '_> {
    fn object(&mut self, object: Node<'a>, left_out: &[&str]) {
        let from = self.open.len();
        object.sorted_into(&mut self.open);
        self.out.push('{');
        let first = self.out.len();
        for index in from..self.open.len() {
            let (key, value) = self.open[index];
            if left_out.contains(&key) {
                continue;
            }
            if self.out.len() > first {
                self.out.push(',');
            }
            self.string(key);
            self.out.push(':');
            self.value(value);
        }
        self.open.truncate(from);
        self.out.push('}');
    }

    fn value(&mut self, value: Node<'a>) {
        match value.view() {
            View::Object(_) => self.object(value, &[]),
            View::Array(items) => {
                self.out.push('[');
                for (index, item) in items.enumerate() {
                    if index > 0 {
                        self.out.push(',');
                    }
                    self.value(item);
                }
                self.out.push(']');
            }
            View::Text(text) => self.string(text),
            View::Number(number) => self.out.push_str(number),
            View::Bool(true) => self.out.push_str("true"),
            View::Bool(false) => self.out.push_str("false"),
            View::Null => self.out.push_str("null"),
        }
    }

    fn string(&mut self, text: &str) {
        if self.needs_no_escapes || needs_no_escapes(text) {
            self.out.push('"');
            self.out.push_str(text);
            self.out.push('"');
        } else {
            // A string can always be written.
            self.out.push_str(&serde_json::to_string(text).unwrap_or_default());
        }
    }
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
            for beside in ["", "\""] {
                let tool = Tool::from_value(&json!({"name": text, "x": beside})).expect("a tool");
                let beside = serde_json::to_string(beside).expect("JSON");
                let text = serde_json::to_string(text).expect("JSON");
                let mut written = "before".to_owned();
                canonical(&tool, &mut written);
                assert_eq!(written, format!(r#"{{"name":{text},"x":{beside}}}"#));
            }
        }
    }

    #[test]
    fn every_other_field_matters() {
        let one = digest(&json!({"name": "a", "description": "b"}));
        assert_ne!(one, digest(&json!({"name": "a", "description": "b "})));
        assert_ne!(one, digest(&json!({"name": "a", "description": "b", "execution": {}})));
    }
}

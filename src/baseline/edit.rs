//! How two definitions of a tool differ, field by field, whatever a classifier thinks of it. Key order,
//! whitespace and the order of sets (`enum`, `required`) are no difference.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::baseline::phrase::Phrase;
use crate::baseline::words::{self, Tag};
use crate::digest::LEFT_OUT;
use crate::text::escape::is_hidden;

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// JSON Pointer (RFC 6901) to what differs, from the tool object.
    pub pointer: String,
    /// How.
    pub what: What,
}

/// How a value differs.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A text says something else.
    Text {
        /// The reviewed text.
        was: String,
        /// The present text.
        is: String,
    },
    /// A value that was not there.
    Added(Value),
    /// A value that is no longer there.
    Removed(Value),
    /// Another value.
    Changed {
        /// The reviewed value.
        was: Value,
        /// The present value.
        is: Value,
    },
    /// Members that a set gained.
    Gained(Vec<String>),
    /// Members that a set lost.
    Lost(Vec<String>),
}

/// Nesting below which values are compared as wholes.
const DEPTH: usize = 64;

/// Every difference between two definitions, in the order of their pointers.
pub fn edits(was: &Map<String, Value>, is: &Map<String, Value>) -> Vec<Edit> {
    let mut found = Vec::new();
    objects(was, is, "", 0, &mut found);
    found
}

impl Edit {
    /// The difference in words.
    pub fn phrase(&self) -> Phrase {
        let (place, name) = self.place();
        let subject = || match &name {
            Some(name) => Phrase::new(format!("{place} ")).name(name.clone()),
            None => Phrase::new(place.clone()),
        };
        match &self.what {
            What::Text { was, is } if self.is_prose() => text(subject(), was, is),
            What::Text { was, is } => subject().ours(" is now ").quote(is).ours(", was ").quote(was),
            What::Added(value) => match value.as_str() {
                Some(text) => subject().ours(" added: ").quote(text),
                None => subject().ours(" added"),
            },
            What::Removed(_) => subject().ours(" removed"),
            What::Changed { was, is } => subject()
                .ours(" is now ")
                .quote(&is.to_string())
                .ours(", was ")
                .quote(&was.to_string()),
            What::Gained(values) => subject().ours(" gained ").name(values.join(", ")),
            What::Lost(values) => subject().ours(" lost ").name(values.join(", ")),
        }
    }

    /// Hidden characters that the new text has and the old one had not.
    pub fn new_hidden(&self) -> Vec<char> {
        let mut before = Vec::new();
        let mut after = Vec::new();
        match &self.what {
            What::Text { was, is } => {
                hidden_in(was, &mut before);
                hidden_in(is, &mut after);
            }
            What::Added(value) => hidden_within(value, 0, &mut after),
            What::Changed { was, is } => {
                hidden_within(was, 0, &mut before);
                hidden_within(is, 0, &mut after);
            }
            What::Gained(values) => values.iter().for_each(|v| hidden_in(v, &mut after)),
            What::Removed(_) | What::Lost(_) => {}
        }
        // As a multiset: each old character excuses one new one.
        for c in before {
            if let Some(at) = after.iter().position(|a| *a == c) {
                after.remove(at);
            }
        }
        after
    }

    /// Whether the words of a text matter one by one.
    fn is_prose(&self) -> bool {
        self.pointer.ends_with("/description") || self.pointer.ends_with("/title")
    }

    /// What stands at the pointer, for people: our word for it and the server's name of it.
    fn place(&self) -> (String, Option<String>) {
        let parts: Vec<String> = self
            .pointer
            .split('/')
            .skip(1)
            .map(|part| part.replace("~1", "/").replace("~0", "~"))
            .collect();
        match parts.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [only @ ("description" | "title")] => ((*only).to_owned(), None),
            ["annotations", hint] => ("annotation".to_owned(), Some((*hint).to_owned())),
            [_, "properties", name] => ("parameter".to_owned(), Some((*name).to_owned())),
            [_, "properties", name, "description"] => ("description of parameter".to_owned(), Some((*name).to_owned())),
            [_, "properties", name, "enum"] => ("values of parameter".to_owned(), Some((*name).to_owned())),
            [_, "properties", name, "type"] => ("type of parameter".to_owned(), Some((*name).to_owned())),
            [_, "required"] => ("required parameters".to_owned(), None),
            _ => ("field".to_owned(), Some(self.pointer.clone())),
        }
    }
}

/// Hidden characters of a text, but for those that only shape the emoji or letter before them.
pub fn hidden_in(text: &str, found: &mut Vec<char>) {
    let mut before = ' ';
    for c in text.chars() {
        let shapes = matches!(c, '\u{FE0E}' | '\u{FE0F}' | '\u{200C}' | '\u{200D}') && before > '\u{FF}';
        if is_hidden(c) && !shapes {
            found.push(c);
        }
        if !is_hidden(c) {
            before = c;
        }
    }
}

fn hidden_within(value: &Value, depth: usize, found: &mut Vec<char>) {
    match value {
        Value::String(text) => hidden_in(text, found),
        Value::Array(items) if depth < DEPTH => items.iter().for_each(|v| hidden_within(v, depth + 1, found)),
        Value::Object(object) if depth < DEPTH => {
            for (key, value) in object {
                hidden_in(key, found);
                hidden_within(value, depth + 1, found);
            }
        }
        _ => {}
    }
}

/// "description gained …", "… lost …" or both, in the words that changed.
fn text(subject: Phrase, was: &str, is: &str) -> Phrase {
    let pieces = words::pieces(was, is);
    let (gained, lost) = (words::only(&pieces, Tag::Added), words::only(&pieces, Tag::Removed));
    match (gained.is_empty(), lost.is_empty()) {
        (false, true) => subject.ours(" gained ").quote(&gained),
        (true, false) => subject.ours(" lost ").quote(&lost),
        (false, false) => subject.ours(" says ").quote(&gained).ours(" instead of ").quote(&lost),
        (true, true) => subject.ours(" differs in spaces only"),
    }
}

fn objects(was: &Map<String, Value>, is: &Map<String, Value>, pointer: &str, depth: usize, found: &mut Vec<Edit>) {
    let keys: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    for key in keys {
        if depth == 0 && LEFT_OUT.contains(&key.as_str()) {
            continue;
        }
        let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        let what = match (was.get(key), is.get(key)) {
            (Some(was), Some(is)) => {
                values(was, is, key, pointer, depth + 1, found);
                continue;
            }
            // Hints count one by one, whether or not there were others.
            (None, Some(Value::Object(is))) if pointer == "/annotations" => {
                objects(&Map::new(), is, &pointer, depth + 1, found);
                continue;
            }
            (Some(Value::Object(was)), None) if pointer == "/annotations" => {
                objects(was, &Map::new(), &pointer, depth + 1, found);
                continue;
            }
            (None, Some(is)) => What::Added(is.clone()),
            (Some(was), None) => What::Removed(was.clone()),
            (None, None) => continue,
        };
        found.push(Edit { pointer, what });
    }
}

fn values(was: &Value, is: &Value, key: &str, pointer: String, depth: usize, found: &mut Vec<Edit>) {
    let what = match (was, is) {
        (Value::Object(was), Value::Object(is)) if depth < DEPTH => {
            return objects(was, is, &pointer, depth, found);
        }
        (Value::Array(was), Value::Array(is)) if matches!(key, "enum" | "required") => {
            return sets(was, is, &pointer, found);
        }
        (Value::Array(was), Value::Array(is)) if depth < DEPTH && was.len() == is.len() => {
            for (index, (was, is)) in was.iter().zip(is).enumerate() {
                values(was, is, "", format!("{pointer}/{index}"), depth + 1, found);
            }
            return;
        }
        (Value::String(was), Value::String(is)) if was != is => What::Text {
            was: was.clone(),
            is: is.clone(),
        },
        (was, is) if was != is => What::Changed {
            was: was.clone(),
            is: is.clone(),
        },
        _ => return,
    };
    found.push(Edit { pointer, what });
}

fn sets(was: &[Value], is: &[Value], pointer: &str, found: &mut Vec<Edit>) {
    let member = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let old: BTreeSet<String> = was.iter().map(member).collect();
    let new: BTreeSet<String> = is.iter().map(member).collect();
    let gained: Vec<String> = new.difference(&old).cloned().collect();
    let lost: Vec<String> = old.difference(&new).cloned().collect();
    for (members, what) in [
        (gained, What::Gained as fn(Vec<String>) -> What),
        (lost, What::Lost as fn(Vec<String>) -> What),
    ] {
        if !members.is_empty() {
            found.push(Edit {
                pointer: pointer.to_owned(),
                what: what(members),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(was: &Value, is: &Value) -> Vec<String> {
        let (was, is) = (was.as_object().expect("an object"), is.as_object().expect("an object"));
        edits(was, is).iter().map(|edit| edit.phrase().plain()).collect()
    }

    #[test]
    fn each_kind_of_difference_has_its_words() {
        let was = json!({"name": "n", "description": "Reads one file.", "inputSchema": {"properties": {
            "mode": {"enum": ["a", "b"]}, "old": {}, "path": {"type": "string"}}, "required": ["path"]}});
        let is = json!({"name": "n", "description": "Reads one text file.", "inputSchema": {"required": ["path", "mode"],
            "properties": {"mode": {"enum": ["b", "delete", "a"]}, "path": {"type": "object"}, "command": {}}}});
        assert_eq!(
            said(&was, &is),
            [
                "description gained “text”",
                "parameter command added",
                "values of parameter mode gained delete",
                "parameter old removed",
                "type of parameter path is now “object”, was “string”",
                "required parameters gained mode",
            ]
        );
    }

    #[test]
    fn order_and_pictures_are_no_difference() {
        let was = json!({"name": "n", "icons": [1], "inputSchema": {"type": "object", "required": ["a", "b"]}});
        let is = json!({"inputSchema": {"required": ["b", "a"], "type": "object"}, "name": "n"});
        assert!(said(&was, &is).is_empty());
    }

    #[test]
    fn hidden_characters_are_counted_and_emoji_are_not() {
        let edit = |was: &str, is: &str| Edit {
            pointer: "/description".to_owned(),
            what: What::Text {
                was: was.to_owned(),
                is: is.to_owned(),
            },
        };
        assert_eq!(edit("a", "a\u{200b}b").new_hidden(), ['\u{200b}']);
        assert!(edit("a\u{200b}", "b\u{200b}").new_hidden().is_empty());
        assert!(
            edit("a", "\u{2764}\u{fe0f} a \u{1f469}\u{200d}\u{1f4bb}")
                .new_hidden()
                .is_empty()
        );
    }
}

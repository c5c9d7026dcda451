//! A JSON document as it is kept: flat, in two buffers that are read from front to back, so that a million definitions
//! are read, walked and dropped without a million small allocations. Owns how a document is held and looked into; it
//! holds none that is nested too deep, that gives a key twice, or that is too large for its numbers. Changes
//! none: what is to be changed becomes a [`Value`] first.

mod build;

use std::borrow::Cow;
use std::fmt;

use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};
use serde_json::{Map, Number, Value};

pub use build::Unfit;

/// Entries of an object that are gone through one by one; those of a larger one are looked up in order of their keys,
/// so that no object, however large, makes many lookups slow.
const FEW: u32 = 16;

/// A JSON document that does not change.
#[derive(Clone, Default)]
pub struct Tree {
    /// Every key, string and number, one behind the other.
    text: String,
    /// Every value in the order of the document, the root first; before each value of an object, its key.
    items: Vec<Item>,
    /// Of objects with more than [`FEW`] entries: where their keys stand, in the order of the keys.
    order: Vec<u32>,
}

/// A value, or a key; `start` and `end` of a piece of text are places in the text, `end` of a container is the place
/// of the item behind it, `next` of a key that of the item behind its value: whoever looks for a key reads keys alone.
#[derive(Clone, Copy, Debug)]
enum Item {
    Null,
    Bool(bool),
    Number { start: u32, end: u32 },
    Text { start: u32, end: u32 },
    Key { start: u32, end: u32, next: u32 },
    Array { count: u32, end: u32 },
    Object { count: u32, end: u32, order: u32 },
}

impl Tree {
    /// The outermost value.
    pub const fn root(&self) -> Node<'_> {
        Node { tree: self, at: 0 }
    }

    /// The value at a place of this very document.
    pub(crate) const fn at(&self, place: Place) -> Node<'_> {
        Node {
            tree: self,
            at: place.0,
        }
    }

    fn item(&self, at: u32) -> Item {
        self.items[at as usize]
    }

    /// The place behind a value and all that is in it.
    fn behind(&self, at: u32) -> u32 {
        match self.item(at) {
            Item::Array { end, .. } | Item::Object { end, .. } => end,
            _ => at + 1,
        }
    }

    /// The place of the value under a key, among the first `count` entries of the object at `object`.
    #[inline]
    fn find(&self, object: u32, count: u32, key: &str) -> Option<u32> {
        let mut at = object + 1;
        for _ in 0..count {
            let Item::Key { start, end, next } = self.item(at) else {
                return None;
            };
            // Most keys are of another length, which needs no look at the text.
            let (start, end) = (start as usize, end as usize);
            if end - start == key.len() && self.text.as_bytes()[start..end] == *key.as_bytes() {
                return Some(at + 1);
            }
            at = next;
        }
        None
    }

    /// The key at a place, and the place behind its value.
    fn key(&self, at: u32) -> (&str, u32) {
        match self.item(at) {
            Item::Key { start, end, next } => (self.slice(start, end), next),
            // Keys are read where keys were written.
            _ => ("", at),
        }
    }

    fn slice(&self, start: u32, end: u32) -> &str {
        &self.text[start as usize..end as usize]
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root().fmt(f)
    }
}

/// As of JSON values: the order of keys does not matter.
impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        self.root().to_value() == other.root().to_value()
    }
}

/// Where a value stands in its document, for whoever comes back to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place(u32);

/// A value of a [`Tree`].
#[derive(Clone, Copy)]
pub struct Node<'a> {
    tree: &'a Tree,
    at: u32,
}

/// What a value is, with what is in it.
#[derive(Clone, Debug)]
pub enum View<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, spelled as `serde_json` spells it.
    Number(&'a str),
    /// A string.
    Text(&'a str),
    /// An array.
    Array(Items<'a>),
    /// An object.
    Object(Entries<'a>),
}

impl<'a> Node<'a> {
    /// Where it stands.
    pub(crate) const fn place(self) -> Place {
        Place(self.at)
    }

    /// What it is, for a `match`.
    pub fn view(self) -> View<'a> {
        match self.tree.item(self.at) {
            Item::Null => View::Null,
            Item::Bool(value) => View::Bool(value),
            Item::Number { start, end } => View::Number(self.tree.slice(start, end)),
            Item::Text { start, end } | Item::Key { start, end, .. } => View::Text(self.tree.slice(start, end)),
            Item::Array { .. } => View::Array(self.items()),
            Item::Object { .. } => View::Object(self.entries()),
        }
    }

    /// Whether no key or string of the whole document has anything that JSON escapes.
    pub fn needs_no_escapes(self) -> bool {
        needs_no_escapes(&self.tree.text)
    }

    /// The value under a key, where this is an object.
    #[inline]
    pub fn get(self, key: &str) -> Option<Self> {
        match self.tree.item(self.at) {
            Item::Object { count, .. } if count <= FEW => self.tree.find(self.at, count, key).map(|at| self.other(at)),
            Item::Object { count, order, .. } => self.search(count, order, key),
            _ => None,
        }
    }

    /// The value under a key of an object with more than [`FEW`] entries.
    fn search(self, count: u32, order: u32, key: &str) -> Option<Self> {
        let order = &self.tree.order[order as usize..][..count as usize];
        let found = order.binary_search_by(|&at| self.tree.key(at).0.cmp(key)).ok()?;
        Some(self.other(order[found] + 1))
    }

    /// The value at an index, where this is an array.
    pub fn index(self, index: usize) -> Option<Self> {
        let mut items = self.items();
        match self.tree.item(self.at) {
            // Nothing in it holds anything, so that every value takes one place.
            Item::Array { count, end } if end - self.at - 1 == count => {
                let index = u32::try_from(index).ok().filter(|index| *index < count)?;
                Some(self.other(self.at + 1 + index))
            }
            _ => items.nth(index),
        }
    }

    /// The value at a JSON Pointer (RFC 6901) from here.
    pub fn pointer(self, pointer: &str) -> Option<Self> {
        if pointer.is_empty() {
            return Some(self);
        }
        let steps = pointer.strip_prefix('/')?.split('/');
        steps.map(unescape).try_fold(self, |at, step| at.step(&step))
    }

    /// The value under a key or at an index.
    pub fn step(self, step: &str) -> Option<Self> {
        match self.tree.item(self.at) {
            Item::Object { .. } => self.get(step),
            // RFC 6901 knows one spelling of an index.
            Item::Array { .. } if step == "0" || !step.starts_with(['0', '+']) => self.index(step.parse().ok()?),
            _ => None,
        }
    }

    /// The entries in the order of the document; none where this is no object.
    pub fn entries(self) -> Entries<'a> {
        let (next, left) = match self.tree.item(self.at) {
            Item::Object { count, .. } => (self.at + 1, count),
            _ => (self.at, 0),
        };
        Entries {
            tree: self.tree,
            next,
            left,
        }
    }

    /// Adds the entries to a list in the order of their keys; none where this is no object.
    pub fn sorted_into(self, list: &mut Vec<(&'a str, Self)>) {
        match self.tree.item(self.at) {
            Item::Object { count, order, .. } if count > FEW => {
                let order = &self.tree.order[order as usize..][..count as usize];
                list.extend(order.iter().map(|&at| (self.tree.key(at).0, self.other(at + 1))));
            }
            _ => {
                let from = list.len();
                list.extend(self.entries());
                // Most keys differ in their first byte, which needs no look at the rest.
                list[from..].sort_unstable_by(|(one, _), (other, _)| {
                    let first = |key: &str| key.as_bytes().first().copied();
                    first(one).cmp(&first(other)).then_with(|| one.cmp(other))
                });
            }
        }
    }

    /// The values in their order; none where this is no array.
    pub fn items(self) -> Items<'a> {
        let (next, left) = match self.tree.item(self.at) {
            Item::Array { count, .. } => (self.at + 1, count),
            _ => (self.at, 0),
        };
        Items {
            tree: self.tree,
            next,
            left,
        }
    }

    /// The string, where it is one.
    pub fn as_str(self) -> Option<&'a str> {
        match self.tree.item(self.at) {
            Item::Text { start, end } => Some(self.tree.slice(start, end)),
            _ => None,
        }
    }

    /// The boolean, where it is one.
    pub fn as_bool(self) -> Option<bool> {
        match self.tree.item(self.at) {
            Item::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// Itself, where it is an object.
    pub fn as_object(self) -> Option<Self> {
        self.is_object().then_some(self)
    }

    /// Its values, where it is an array.
    pub fn as_array(self) -> Option<Items<'a>> {
        matches!(self.tree.item(self.at), Item::Array { .. }).then(|| self.items())
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        matches!(self.tree.item(self.at), Item::Null)
    }

    /// Whether it is a string.
    pub fn is_string(self) -> bool {
        matches!(self.tree.item(self.at), Item::Text { .. })
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        matches!(self.tree.item(self.at), Item::Object { .. })
    }

    /// The JSON type with its article, for messages.
    pub fn kind(self) -> &'static str {
        match self.tree.item(self.at) {
            Item::Null => "null",
            Item::Bool(_) => "a boolean",
            Item::Number { .. } => "a number",
            Item::Text { .. } | Item::Key { .. } => "a string",
            Item::Array { .. } => "an array",
            Item::Object { .. } => "an object",
        }
    }

    /// The same as a value of its own, for whoever changes it.
    pub fn to_value(self) -> Value {
        match self.view() {
            View::Object(_) => Value::Object(self.to_map()),
            View::Array(items) => Value::Array(items.map(Node::to_value).collect()),
            View::Text(text) => Value::String(text.to_owned()),
            View::Number(text) => Value::Number(number(text)),
            View::Bool(value) => Value::Bool(value),
            View::Null => Value::Null,
        }
    }

    /// The entries as a map of their own; empty where this is no object.
    pub fn to_map(self) -> Map<String, Value> {
        let entries = self.entries();
        entries.map(|(key, value)| (key.to_owned(), value.to_value())).collect()
    }

    const fn other(self, at: u32) -> Self {
        Self { tree: self.tree, at }
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_value().fmt(f)
    }
}

/// As JSON.
impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_value().fmt(f)
    }
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.view() {
            View::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, &value)?;
                }
                map.end()
            }
            View::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&item)?;
                }
                list.end()
            }
            View::Text(text) => serializer.serialize_str(text),
            View::Number(text) => number(text).serialize(serializer),
            View::Bool(value) => serializer.serialize_bool(value),
            View::Null => serializer.serialize_unit(),
        }
    }
}

/// The entries of an object.
#[derive(Clone)]
pub struct Entries<'a> {
    tree: &'a Tree,
    next: u32,
    left: u32,
}

impl<'a> Iterator for Entries<'a> {
    type Item = (&'a str, Node<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let (tree, at) = (self.tree, self.next + 1);
        let (key, next) = tree.key(self.next);
        self.next = next;
        Some((key, Node { tree, at }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Entries<'_> {}

impl fmt::Debug for Entries<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.clone()).finish()
    }
}

/// The values of an array.
#[derive(Clone)]
pub struct Items<'a> {
    tree: &'a Tree,
    next: u32,
    left: u32,
}

impl<'a> Iterator for Items<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let (tree, at) = (self.tree, self.next);
        self.next = tree.behind(at);
        Some(Node { tree, at })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Items<'_> {}

impl fmt::Debug for Items<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// The number that this spells: every number in a tree was spelled by `serde_json`, which reads back what it writes.
fn number(text: &str) -> Number {
    text.parse().unwrap_or_else(|_| Number::from(0))
}

/// Whether JSON holds a text as it is: nothing in it is to be escaped.
pub(crate) fn needs_no_escapes(text: &str) -> bool {
    // Without an early end, so that the bytes are looked at many at a time.
    let special = |byte: u8| u8::from(byte < 0x20 || byte == b'"' || byte == b'\\');
    text.bytes().fold(0, |found, byte| found | special(byte)) == 0
}

/// The last step of a JSON Pointer (RFC 6901), without its escapes.
pub(crate) fn last_part(pointer: &str) -> Cow<'_, str> {
    unescape(pointer.rsplit('/').next().unwrap_or_default())
}

/// A step of a JSON Pointer (RFC 6901) without its escapes.
pub(crate) fn unescape(step: &str) -> Cow<'_, str> {
    if step.contains('~') {
        step.replace("~1", "/").replace("~0", "~").into()
    } else {
        step.into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tree(value: &Value) -> Tree {
        Tree::from_value(value).expect("it fits")
    }

    #[test]
    fn what_stands_somewhere_is_found_there() {
        let value = json!({"a/b": [1, {"~": "x"}, []], "": {"": true}, "n": null, "l": [10, 20]});
        let tree = tree(&value);
        let pointers = ["", "/", "/a~1b/1/~0", "/a~1b/2", "//", "/n", "/l/0", "/l/1", "/a~1b"];
        let nowhere = ["a", "/l/2", "/l/01", "/l/+1", "/l/-1", "/l/", "/a", "/n/x", "/a~1b/3"];
        for pointer in pointers.into_iter().chain(nowhere) {
            let found = tree.root().pointer(pointer).map(Node::to_value);
            assert_eq!(found.as_ref(), value.pointer(pointer), "{pointer}");
        }
        assert!(pointers.iter().all(|pointer| tree.root().pointer(pointer).is_some()));
    }

    #[test]
    fn large_objects_are_looked_up_and_keep_their_order() {
        for size in [FEW - 1, FEW, FEW + 1, 1000] {
            let inner: Map<String, Value> = (0..size).rev().map(|n| (format!("k{n}"), json!([n]))).collect();
            let value = json!({"before": 1, "large": inner, "behind": 2});
            let tree = tree(&value);
            let large = tree.root().get("large").expect("there");
            assert!((0..size).all(|n| large.get(&format!("k{n}")).map(Node::to_value) == Some(json!([n]))));
            assert!(large.get("k").is_none() && large.get("behind").is_none());
            assert!(large.entries().map(|(key, _)| key).eq(inner.keys()));
            let mut sorted = Vec::new();
            large.sorted_into(&mut sorted);
            assert_eq!(sorted.len(), size as usize);
            assert!(sorted.iter().all(|(key, value)| value.to_value() == inner[*key]));
            assert!(sorted.is_sorted_by_key(|(key, _)| *key));
            assert_eq!(tree.root().get("behind").map(Node::to_value), Some(json!(2)));
        }
    }

    #[test]
    fn it_is_written_as_its_value_is() {
        let value = json!({"b": [1, -2, 0.5, 1e300, u64::MAX, "\u{1}\"名"], "a": {}, "c": [[], null, true]});
        let tree = tree(&value);
        assert_eq!(serde_json::to_string(&tree.root()).expect("JSON"), value.to_string());
        assert_eq!(tree.root().to_string(), value.to_string());
        assert_eq!(format!("{tree:?}"), format!("{value:?}"));
    }

    #[test]
    fn trees_are_equal_as_values_are() {
        let one = tree(&json!({"a": 1, "b": [0.0]}));
        assert_eq!(one, tree(&json!({"b": [-0.0], "a": 1})));
        assert_ne!(one, tree(&json!({"a": 1.0, "b": [0.0]})));
        assert_ne!(one, tree(&json!({"a": 1})));
    }
}

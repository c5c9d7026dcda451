//! How a [`Tree`] comes to be: straight from JSON text, or from a value that was read before. Refuses what a tree does
//! not hold; whoever forgives reads the text as a [`Value`] first.

use std::fmt::{self, Display, Write as _};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use super::{FEW, Item, Tree};
use crate::manifest::MAX_TOOL_DEPTH;

/// Why something cannot be a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Containers stand in more than [`MAX_TOOL_DEPTH`] others: what reads a tree recurses.
    #[error("nested deeper than {MAX_TOOL_DEPTH} levels")]
    Deep,
    /// Its places do not fit into their numbers.
    #[error("larger than 4 GiB")]
    Large,
    /// A key stands twice in one object.
    #[error("a key is given twice")]
    Twice,
}

impl Tree {
    /// The same as a value.
    pub fn from_value(value: &Value) -> Result<Self, Unfit> {
        let mut builder = Builder::new(String::new(), Vec::new());
        builder.value(value)?;
        let mut tree = builder.tree;
        // Listings are kept by the thousand.
        tree.text.shrink_to_fit();
        tree.items.shrink_to_fit();
        Ok(tree)
    }

    /// Reads JSON text. The entries of the outermost object under the keys in `aside` are no part of the tree and stand
    /// beside it. `None` where anything is wrong with the text, or would have to be forgiven.
    pub fn read<const N: usize>(text: &str, aside: [&str; N]) -> Option<(Self, [Option<Value>; N])> {
        Self::read_into(Self::default(), text, aside)
    }

    /// The same, into the room of a tree that nobody needs any more.
    pub fn read_into<const N: usize>(room: Self, text: &str, aside: [&str; N]) -> Option<(Self, [Option<Value>; N])> {
        let mut values = [const { None }; N];
        let mut builder = Builder::for_text(room, text);
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let reader = Reader {
            builder: &mut builder,
            keys: &aside,
            values: &mut values,
        };
        reader.deserialize(&mut deserializer).ok()?;
        deserializer.end().ok()?;
        Some((builder.tree, values))
    }
}

/// A tree that grows, from front to back.
struct Builder {
    tree: Tree,
    /// Containers that are open.
    depth: usize,
}

impl Builder {
    const fn new(text: String, items: Vec<Item>) -> Self {
        let order = Vec::new();
        Self {
            tree: Tree { text, items, order },
            depth: 0,
        }
    }

    /// With room for what a text usually holds.
    fn for_text(room: Tree, text: &str) -> Self {
        const BYTES_AN_ITEM: usize = 12;
        const MOST: usize = 4096;
        let mut tree = room;
        tree.text.clear();
        tree.items.clear();
        tree.order.clear();
        tree.text.reserve(text.len());
        tree.items.reserve((text.len() / BYTES_AN_ITEM).clamp(8, MOST));
        Self { tree, depth: 0 }
    }

    /// The place of the next item.
    fn place(&self) -> Result<u32, Unfit> {
        u32::try_from(self.tree.items.len()).map_err(|_| Unfit::Large)
    }

    fn push(&mut self, item: Item) -> Result<(), Unfit> {
        self.place()?;
        self.tree.items.push(item);
        Ok(())
    }

    /// Where what was written behind `start` stands.
    fn written(&self, start: usize) -> Result<(u32, u32), Unfit> {
        let end = u32::try_from(self.tree.text.len()).map_err(|_| Unfit::Large)?;
        Ok((start as u32, end))
    }

    fn text(&mut self, text: &str) -> Result<(), Unfit> {
        let start = self.tree.text.len();
        self.tree.text.push_str(text);
        let (start, end) = self.written(start)?;
        self.push(Item::Text { start, end })
    }

    /// Adds a key to the object at `object`, which has `count` entries, and gives its place.
    fn key(&mut self, object: u32, count: u32, key: &str) -> Result<u32, Unfit> {
        // Those of a larger object are compared when it is closed.
        if count < FEW && self.tree.find(object, count, key).is_some() {
            return Err(Unfit::Twice);
        }
        let at = self.place()?;
        let start = self.tree.text.len();
        self.tree.text.push_str(key);
        let (start, end) = self.written(start)?;
        let next = at;
        self.push(Item::Key { start, end, next })?;
        Ok(at)
    }

    /// Ends the entry whose key is at `key`: its value is written.
    fn end_entry(&mut self, key: u32) -> Result<(), Unfit> {
        let behind = self.place()?;
        if let Item::Key { next, .. } = &mut self.tree.items[key as usize] {
            *next = behind;
        }
        Ok(())
    }

    fn number(&mut self, number: impl Display) -> Result<(), Unfit> {
        let start = self.tree.text.len();
        // Writing to a string cannot fail.
        let _ = write!(self.tree.text, "{number}");
        let (start, end) = self.written(start)?;
        self.push(Item::Number { start, end })
    }

    /// Begins a container, which takes its place once it is closed.
    fn open(&mut self) -> Result<u32, Unfit> {
        if self.depth == MAX_TOOL_DEPTH {
            return Err(Unfit::Deep);
        }
        self.depth += 1;
        let at = self.place()?;
        self.push(Item::Null)?;
        Ok(at)
    }

    fn close_array(&mut self, at: u32, count: u32) -> Result<(), Unfit> {
        let end = self.place()?;
        self.depth -= 1;
        self.tree.items[at as usize] = Item::Array { count, end };
        Ok(())
    }

    fn close_object(&mut self, at: u32, count: u32) -> Result<(), Unfit> {
        let end = self.place()?;
        self.depth -= 1;
        let from = self.tree.order.len();
        if count > FEW {
            self.order(at, count)?;
        }
        let order = from as u32;
        self.tree.items[at as usize] = Item::Object { count, end, order };
        Ok(())
    }

    /// Notes the order of the keys of the object at `at`.
    fn order(&mut self, at: u32, count: u32) -> Result<(), Unfit> {
        let mut order = std::mem::take(&mut self.tree.order);
        let from = order.len();
        let tree = &self.tree;
        let mut at = at + 1;
        for _ in 0..count {
            order.push(at);
            at = tree.key(at).1;
        }
        let own = &mut order[from..];
        own.sort_unstable_by_key(|&at| tree.key(at).0);
        let twice = own.windows(2).any(|pair| tree.key(pair[0]).0 == tree.key(pair[1]).0);
        self.tree.order = order;
        if twice { Err(Unfit::Twice) } else { Ok(()) }
    }

    fn value(&mut self, value: &Value) -> Result<(), Unfit> {
        match value {
            Value::Null => self.push(Item::Null),
            Value::Bool(value) => self.push(Item::Bool(*value)),
            Value::Number(number) => self.number(number),
            Value::String(text) => self.text(text),
            Value::Array(items) => {
                let at = self.open()?;
                items.iter().try_for_each(|item| self.value(item))?;
                self.close_array(at, items.len() as u32)
            }
            Value::Object(object) => {
                let at = self.open()?;
                for (count, (key, value)) in (0..).zip(object) {
                    let key = self.key(at, count, key)?;
                    self.value(value)?;
                    self.end_entry(key)?;
                }
                self.close_object(at, object.len() as u32)
            }
        }
    }
}

/// Reads a value into a tree.
struct Reader<'b> {
    builder: &'b mut Builder,
    /// Keys of this object whose values are put aside; of what is in it, none.
    keys: &'b [&'b str],
    values: &'b mut [Option<Value>],
}

impl<'b> Reader<'b> {
    const fn new(builder: &'b mut Builder) -> Self {
        Self {
            builder,
            keys: &[],
            values: &mut [],
        }
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.builder.push(Item::Null).map_err(E::custom)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.builder.push(Item::Bool(value)).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.builder.number(value).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.builder.number(value).map_err(E::custom)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number out of range"))?;
        self.builder.number(number).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.builder.text(value).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let at = self.builder.open().map_err(A::Error::custom)?;
        let mut count = 0;
        while items.next_element_seed(Reader::new(self.builder))?.is_some() {
            count += 1;
        }
        self.builder.close_array(at, count).map_err(A::Error::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Self { builder, keys, values } = self;
        let object = builder.open().map_err(A::Error::custom)?;
        let mut count = 0;
        loop {
            let key = Key {
                builder: &mut *builder,
                aside: keys,
                object,
                count,
            };
            match entries.next_key_seed(key)? {
                None => return builder.close_object(object, count).map_err(A::Error::custom),
                Some(Stands::Inside(key)) => {
                    entries.next_value_seed(Reader::new(builder))?;
                    builder.end_entry(key).map_err(A::Error::custom)?;
                    count += 1;
                }
                Some(Stands::Aside(index)) => {
                    let mut beside = Builder::new(String::new(), Vec::new());
                    entries.next_value_seed(Reader::new(&mut beside))?;
                    if values[index].replace(beside.tree.root().to_value()).is_some() {
                        return Err(A::Error::custom(Unfit::Twice));
                    }
                }
            }
        }
    }
}

/// Reads a key into the object at `object`, which has `count` entries.
struct Key<'b> {
    builder: &'b mut Builder,
    aside: &'b [&'b str],
    object: u32,
    count: u32,
}

/// Where the value of a key belongs.
enum Stands {
    /// In the tree, behind the key at this place.
    Inside(u32),
    /// Beside it, as this one of the keys that are put aside.
    Aside(usize),
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Stands;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Stands, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Stands;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Stands, E> {
        if let Some(index) = self.aside.iter().position(|known| *known == key) {
            return Ok(Stands::Aside(index));
        }
        let added = self.builder.key(self.object, self.count, key);
        added.map(Stands::Inside).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::samples;
    use crate::source::json;
    use crate::tree::Node;

    fn read(text: &str) -> Option<Value> {
        Tree::read(text, []).map(|(tree, [])| tree.root().to_value())
    }

    #[test]
    fn text_is_read_as_serde_json_reads_it() {
        for text in [
            "1.0",
            "-0",
            "-0.0",
            "1e5",
            "1E+30",
            "0.1",
            "5e-324",
            "1.7976931348623157e308",
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775808",
            "-9223372036854775809",
            "123456789012345678901234567890",
            "[[],{},[{}],\"\",null]",
            "{\"\":{\"\":[]},\"a\":true}",
            " \"\\u00e9\\n\\ud83d\\ude00\\/ 名\" ",
        ] {
            let value: Value = serde_json::from_str(text).expect("JSON");
            let tree = read(text).expect(text);
            assert_eq!(tree, value, "{text}");
            // Equal numbers can be spelled in two ways.
            assert_eq!(tree.to_string(), value.to_string(), "{text}");
        }
    }

    #[test]
    fn what_would_have_to_be_forgiven_is_not_read() {
        let many: Vec<String> = (0..40).map(|n| format!("\"k{n}\":0")).collect();
        let many = many.join(",");
        for text in [
            "",
            "1 2",
            "[1,]",
            "// a\n1",
            "1e400",
            "\"\\ud800\"",
            "\u{feff}1",
            "{\"a\":1,\"a\":1}",
            "{\"a\":1,\"\\u0061\":1}",
            "[{\"b\":{\"x\":[1],\"y\":2,\"x\":3}}]",
            &format!("{{{many},\"k0\":1}}"),
            &format!("{{{many},\"k39\":1}}"),
            &format!("{{\"k7\":{{}},{many}}}"),
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert!(read(&format!("{{\"a\":{{{many}}},\"k0\":{{{many}}}}}")).is_some());
    }

    #[test]
    fn depth_is_bounded() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = |depth: usize| open.repeat(depth - 1) + "[]" + &close.repeat(depth - 1);
            assert!(read(&nested(MAX_TOOL_DEPTH)).is_some());
            for depth in [MAX_TOOL_DEPTH + 1, 100_000] {
                assert_eq!(read(&nested(depth)), None);
            }
            let value: Value = serde_json::from_str(&nested(MAX_TOOL_DEPTH + 1)).expect("JSON");
            assert_eq!(Tree::from_value(&value).map(|_| ()), Err(Unfit::Deep));
            assert!(Tree::from_value(value.pointer(if open == "[" { "/0" } else { "/a" }).expect("there")).is_ok());
        }
        // What was closed again is not counted.
        let wide = format!("[{}[]]", "[[]],".repeat(1000));
        assert!(read(&wide).is_some());
    }

    #[test]
    fn what_is_put_aside_is_no_part_of_it() {
        let text = r#"{"id":{"id":[7]},"name":"a","in":{"id":1,"server":2},"server":"s","z":0}"#;
        let (tree, aside) = Tree::read(text, ["id", "server", "other"]).expect("JSON");
        assert_eq!(aside, [Some(json!({"id": [7]})), Some(json!("s")), None]);
        let left = r#"{"name":"a","in":{"id":1,"server":2},"z":0}"#;
        assert_eq!(tree.root().to_string(), left);
        for text in [
            r#"{"id":1,"id":1}"#,
            r#"{"id":{"a":1,"a":1}}"#,
            &format!("{{\"id\":{}{}}}", "[".repeat(100), "]".repeat(100)),
        ] {
            assert!(Tree::read(text, ["id"]).is_none(), "{text}");
        }
        let (tree, aside) = Tree::read("[{\"id\":1}]", ["id"]).expect("JSON");
        assert_eq!((tree.root().to_value(), aside), (json!([{"id": 1}]), [None]));
    }

    proptest! {
        #[test]
        fn every_value_comes_back(value in samples::value("[a-c]{0,4}|\\PC{0,3}", 24)) {
            let text = value.to_string();
            let (read, []) = Tree::read(&text, []).expect("our own JSON");
            let made = Tree::from_value(&value).expect("it fits");
            for tree in [&read, &made] {
                prop_assert_eq!(tree.root().to_value(), value.clone());
                prop_assert_eq!(tree.root().to_value().to_string(), text.clone());
                prop_assert_eq!(serde_json::to_string(&tree.root()).expect("JSON"), text.clone());
            }
            for (key, inner) in value.as_object().into_iter().flatten() {
                prop_assert_eq!(read.root().get(key).map(Node::to_value), Some(inner.clone()));
            }
        }

        #[test]
        fn no_text_is_read_otherwise_than_a_listing_is(text in r#"[\[\]{}",:\\un0-9eE.+\- ]{0,40}"#) {
            if let Some(value) = read(&text) {
                let document = json::parse(text.as_bytes()).expect("JSON");
                prop_assert_eq!(value.to_string(), document.value.to_string());
                prop_assert!(document.problems.is_empty());
            }
        }
    }
}

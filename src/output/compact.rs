//! Values as JSON on one line, in memory: the same bytes as `serde_json` with the escapes of [`json`](super::json),
//! without going through each string twice and through each name at all. Owns the layout only: numbers and strings
//! with anything to escape are left to `serde_json`. Refuses map keys that are no strings, numbers or booleans, as
//! `serde_json` does.

use serde::Serialize;
use serde::ser::{self, Error as _};
use serde_json::error::{Error, Result};

use crate::output::json;

/// Writes one value to the end of the text.
pub(super) struct Compact<'a>(pub(super) &'a mut Vec<u8>);

impl<'a> Compact<'a> {
    /// Begins the object of one member that a variant with content is.
    fn open_variant(&mut self, variant: &'static str) {
        self.0.push(b'{');
        name(variant, self.0);
        self.0.push(b':');
    }

    fn members(self, open: u8, close: &'static [u8]) -> Members<'a> {
        self.0.push(open);
        Members {
            out: self.0,
            first: true,
            close,
        }
    }
}

/// Writes a string, in quotes.
fn string(text: &str, out: &mut Vec<u8>) -> Result<()> {
    // Without an early end, so that the bytes are looked at many at a time; nearly all strings are plain.
    if text
        .bytes()
        .fold(0, |found, byte| found | u8::from(!stands_for_itself(byte)))
        != 0
    {
        return json::careful(text, out);
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
    Ok(())
}

/// Writes the name of a variant, in quotes. It is a word of our own source, so that there is nothing to
/// escape.
fn name(name: &'static str, out: &mut Vec<u8>) {
    debug_assert!(name.bytes().all(stands_for_itself), "{name:?} needs escapes");
    out.reserve(name.len() + 2);
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.push(b'"');
}

/// Whether a byte stands for itself, and for nothing that a terminal obeys. All of a character beyond ASCII are left
/// to the escapes, which know what is hidden.
const fn stands_for_itself(byte: u8) -> bool {
    matches!(byte, 0x20..0x7f) && byte != b'"' && byte != b'\\'
}

/// Leaves the spelling of numbers to `serde_json`: floats at their shortest, null for what is no number.
macro_rules! numbers {
    ($($method:ident: $type:ty),+ $(,)?) => {
        $(fn $method(self, value: $type) -> Result<()> {
            serde_json::to_writer(self.0, &value)
        })+
    };
}

impl<'a> ser::Serializer for Compact<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Members<'a>;
    type SerializeTuple = Members<'a>;
    type SerializeTupleStruct = Members<'a>;
    type SerializeTupleVariant = Members<'a>;
    type SerializeMap = Members<'a>;
    type SerializeStruct = Members<'a>;
    type SerializeStructVariant = Members<'a>;

    numbers!(
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
        serialize_f32: f32,
        serialize_f64: f64,
    );

    fn serialize_bool(self, value: bool) -> Result<()> {
        self.0.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<()> {
        string(value.encode_utf8(&mut [0; 4]), self.0)
    }

    fn serialize_str(self, value: &str) -> Result<()> {
        string(value, self.0)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<()> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.0.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        name(variant, self.0);
        Ok(())
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        self.open_variant(variant);
        value.serialize(Compact(&mut *self.0))?;
        self.0.push(b'}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Members<'a>> {
        Ok(self.members(b'[', b"]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Members<'a>> {
        Ok(self.members(b'[', b"]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Members<'a>> {
        Ok(self.members(b'[', b"]"))
    }

    fn serialize_tuple_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Members<'a>> {
        self.open_variant(variant);
        Ok(self.members(b'[', b"]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members<'a>> {
        Ok(self.members(b'{', b"}"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members<'a>> {
        Ok(self.members(b'{', b"}"))
    }

    fn serialize_struct_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Members<'a>> {
        self.open_variant(variant);
        Ok(self.members(b'{', b"}}"))
    }
}

/// An array or object that is being written.
pub(super) struct Members<'a> {
    out: &'a mut Vec<u8>,
    /// Whether no member has been written.
    first: bool,
    /// What ends it, and the variant around it.
    close: &'static [u8],
}

impl Members<'_> {
    fn comma(&mut self) {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
    }

    fn element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<()> {
        self.comma();
        value.serialize(Compact(self.out))
    }

    fn field<T: ?Sized + Serialize>(&mut self, key: &'static str, value: &T) -> Result<()> {
        debug_assert!(key.bytes().all(stands_for_itself), "{key:?} needs escapes");
        self.comma();
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        value.serialize(Compact(self.out))
    }

    fn close(self) {
        self.out.extend_from_slice(self.close);
    }
}

impl ser::SerializeMap for Members<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<()> {
        self.comma();
        let start = self.out.len();
        key.serialize(Compact(self.out))?;
        // What was written tells what the key is, so that no serializer of keys is needed.
        match self.out.get(start) {
            Some(b'"') => {}
            // A number or a boolean.
            Some(b'-' | b'0'..=b'9' | b't' | b'f') => {
                self.out.insert(start, b'"');
                self.out.push(b'"');
            }
            _ => return Err(Error::custom("key must be a string")),
        }
        self.out.push(b':');
        Ok(())
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<()> {
        value.serialize(Compact(self.out))
    }

    fn end(self) -> Result<()> {
        self.close();
        Ok(())
    }
}

/// The traits of all that is written as an array or an object of fields.
macro_rules! written_by {
    ($way:ident: $($trait:ident::$method:ident($($key:ident)?)),+ $(,)?) => {
        $(impl ser::$trait for Members<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: ?Sized + Serialize>(&mut self, $($key: &'static str,)? value: &T) -> Result<()> {
                self.$way($($key,)? value)
            }

            fn end(self) -> Result<()> {
                self.close();
                Ok(())
            }
        })+
    };
}

written_by!(
    element: SerializeSeq::serialize_element(),
    SerializeTuple::serialize_element(),
    SerializeTupleStruct::serialize_field(),
    SerializeTupleVariant::serialize_field(),
);
written_by!(field: SerializeStruct::serialize_field(key), SerializeStructVariant::serialize_field(key));

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::samples;
    use crate::tree::Tree;
    use proptest::prelude::*;
    use serde_json::Value;

    fn compact(value: &(impl Serialize + ?Sized)) -> Result<String> {
        let mut out = b"before ".to_vec();
        value.serialize(Compact(&mut out))?;
        Ok(String::from_utf8(out.split_off(7)).expect("UTF-8"))
    }

    /// What `serde_json` writes with our escapes.
    fn reference(value: &(impl Serialize + ?Sized)) -> Result<String> {
        let mut out = Vec::new();
        json::careful(value, &mut out)?;
        Ok(String::from_utf8(out).expect("UTF-8"))
    }

    proptest! {
        #[test]
        fn every_value_is_written_as_serde_json_writes_it(value in samples::value(samples::text(), 8)) {
            let expected = reference(&value).expect("JSON");
            prop_assert_eq!(compact(&value).expect("JSON"), expected.clone());
            let tree = Tree::from_value(&value).expect("it fits");
            prop_assert_eq!(compact(&tree.root()).expect("JSON"), expected);
        }
    }

    #[test]
    fn each_character_is_written_as_serde_json_writes_it() {
        for c in (0..0x1_0000).chain(0xe_0000..0xe_0200).filter_map(char::from_u32) {
            assert_eq!(compact(&c).expect("JSON"), reference(&c).expect("JSON"), "{c:?}");
        }
    }

    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
    #[serde(rename_all = "kebab-case")]
    enum Kind {
        NoContent,
        One(u64),
        Two(&'static str, Option<i8>),
        Empty(),
        Fields { a: char, b: () },
        NoFields {},
    }

    #[derive(Serialize)]
    struct Unit;

    #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
    struct Named(&'static str);

    #[derive(Serialize)]
    struct Inner {
        #[serde(rename = "$schema")]
        schema: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        left_out: Option<u8>,
        last: bool,
    }

    #[derive(Serialize)]
    struct Everything {
        #[serde(flatten)]
        inner: Inner,
        kinds: Vec<Kind>,
        floats: Vec<f64>,
        small: [f32; 4],
        whole: (u64, i64, i128, u128, u8, i16, u32),
        some: Option<&'static str>,
        none: Option<&'static str>,
        units: ((), Unit, Named, [u8; 0]),
        maps: BTreeMap<String, BTreeMap<Named, Vec<Value>>>,
        numbered: BTreeMap<i32, &'static str>,
        told: BTreeMap<bool, char>,
        of_kinds: BTreeMap<Kind, u8>,
    }

    #[test]
    fn every_type_is_written_as_serde_json_writes_it() {
        let nested = |key| BTreeMap::from([(Named(key), vec![Value::Null, "\u{9b}".into()]), (Named(""), vec![])]);
        let everything = Everything {
            inner: Inner {
                schema: "a\"b\\c\n",
                left_out: None,
                last: true,
            },
            kinds: vec![
                Kind::NoContent,
                Kind::One(u64::MAX),
                Kind::Two("naïve \u{202e}", Some(-1)),
                Kind::Two("", None),
                Kind::Empty(),
                Kind::Fields { a: '\u{7f}', b: () },
                Kind::NoFields {},
            ],
            floats: vec![0.1, 1.0, 1e21, -0.0, 1e-7, f64::MAX, 5e-324, f64::NAN, f64::INFINITY],
            small: [0.1, 1e16, -0.0, f32::NEG_INFINITY],
            whole: (u64::MAX, i64::MIN, i128::MIN, u128::MAX, 0, -1, 7),
            some: Some("x"),
            none: None,
            units: ((), Unit, Named("n"), []),
            maps: BTreeMap::from([("\u{e0041}".to_owned(), nested("k")), (String::new(), BTreeMap::new())]),
            numbered: BTreeMap::from([(-12, "a"), (0, "b"), (34, "c")]),
            told: BTreeMap::from([(false, 'f'), (true, '\u{1b}')]),
            of_kinds: BTreeMap::from([(Kind::NoContent, 1)]),
        };
        assert_eq!(
            compact(&everything).expect("JSON"),
            reference(&everything).expect("JSON")
        );
    }

    #[test]
    fn keys_that_are_no_strings_are_refused_as_serde_json_refuses_them() {
        fn refused<K: Serialize + Ord>(key: K) {
            let map = BTreeMap::from([(key, 1)]);
            let expected = reference(&map).expect_err("no key").to_string();
            assert_eq!(compact(&map).expect_err("no key").to_string(), expected);
        }
        refused(());
        refused(None::<u8>);
        refused(vec!["a"]);
        refused(BTreeMap::from([("a", 1)]));
        refused(Kind::One(1));
    }
}

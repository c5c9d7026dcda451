//! How each format writes a string. Characters that hide or reorder text are escaped in all of them, so that a
//! person who reviews a policy sees every character of a name.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use crate::text::escape::is_hidden;

/// How a format writes a character by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// `\u0041`, and pairs beyond the first plane: JSON, Rego.
    Json,
    /// `\u0041` and `\U00000041`: YAML, TOML, CEL.
    Wide,
    /// `\u{41}`: Cedar.
    Braced,
}

/// The text in double quotes.
pub(crate) fn quoted(text: &str, escapes: Escapes) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || is_hidden(c) || is_noncharacter(c) => by_number(&mut out, c, escapes),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// YAML, double-quoted.
pub(crate) fn yaml(text: &str) -> String {
    quoted(text, Escapes::Wide)
}

/// TOML, a basic string.
pub(crate) fn toml(text: &str) -> String {
    quoted(text, Escapes::Wide)
}

/// CEL.
pub(crate) fn cel(text: &str) -> String {
    quoted(text, Escapes::Wide)
}

/// Cedar.
pub(crate) fn cedar(text: &str) -> String {
    quoted(text, Escapes::Braced)
}

/// Rego, and JSON in text that is put together by hand.
pub(crate) fn json(text: &str) -> String {
    quoted(text, Escapes::Json)
}

/// A list on one line: `["a", "b"]`, which JSON, YAML, TOML, CEL and Cedar read alike.
pub(crate) fn list<'a>(items: impl IntoIterator<Item = &'a str>, quote: fn(&str) -> String) -> String {
    let items: Vec<String> = items.into_iter().map(quote).collect();
    format!("[{}]", items.join(", "))
}

/// A JSON document, indented by two, with a final line feed.
pub(crate) fn document(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_else(|_| Value::Null.to_string());
    let mut out = String::with_capacity(text.len() + 1);
    // Hidden characters stand only within strings, where an escape means the same.
    for c in text.chars() {
        if c != '\n' && (c.is_control() || is_hidden(c)) {
            by_number(&mut out, c, Escapes::Json);
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    out
}

/// YAML reads none of these as they stand.
const fn is_noncharacter(c: char) -> bool {
    matches!(c as u32 & 0xFFFF, 0xFFFE | 0xFFFF)
}

fn by_number(out: &mut String, c: char, escapes: Escapes) {
    // Writing to a string cannot fail.
    let _ = match escapes {
        Escapes::Json => c
            .encode_utf16(&mut [0; 2])
            .iter()
            .try_for_each(|unit| write!(out, "\\u{unit:04x}")),
        Escapes::Wide if (c as u32) <= 0xFFFF => write!(out, "\\u{:04x}", c as u32),
        Escapes::Wide => write!(out, "\\U{:08x}", c as u32),
        Escapes::Braced => write!(out, "\\u{{{:x}}}", c as u32),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const NASTY: &str = "a\"b\\c\n\t\u{0}\u{7f}\u{85}\u{202e}\u{feff}\u{2028}\u{e0041}\u{10ffff}'名🦀*${x}";

    #[test]
    fn every_reader_gets_the_same_text_back() {
        let back: String = serde_json::from_str(&json(NASTY)).expect("JSON");
        assert_eq!(back, NASTY);
        let back: String = serde_json::from_str(&document(&NASTY)).expect("JSON");
        assert_eq!(back, NASTY);
        let table: ::toml::Table = format!("x = {}", toml(NASTY)).parse().expect("TOML");
        assert_eq!(table["x"].as_str(), Some(NASTY));
        let back: String = serde_saphyr::from_str(&yaml(NASTY)).expect("YAML");
        assert_eq!(back, NASTY);
    }

    #[test]
    fn nothing_hidden_is_left_in_the_text() {
        for text in [json(NASTY), yaml(NASTY), cedar(NASTY), document(&NASTY)] {
            assert!(
                !text.trim_end().chars().any(|c| c.is_control() || is_hidden(c)),
                "{text}"
            );
        }
    }
}

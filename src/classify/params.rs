//! Reads an input schema: which parameters there are, what they tell, and the operations that an enumerated one
//! chooses among. Remote references are never fetched and patterns never run; depth and number are bounded.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::name;
use super::reading::Mention;
use crate::effect::Effect;
use crate::label::Label;
use crate::manifest::Tool;
use crate::rules::RuleBook;
use crate::rules::book::ParamKind;
use crate::rules::weights::Slot;

/// A parameter that a rule knows.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) rule: usize,
    pub(crate) kind: ParamKind,
    pub(crate) pointer: Cow<'static, str>,
    pub(crate) name: String,
    /// It takes free text (or anything), not a number, a boolean or one of a list.
    pub(crate) free: bool,
}

/// An operation that an enumerated parameter offers.
#[derive(Clone, Debug)]
pub(crate) struct Offered {
    pub(crate) parameter: String,
    pub(crate) value: String,
    pub(crate) label: Option<Label>,
}

/// What a schema says.
#[derive(Debug, Default)]
pub(crate) struct SchemaReading {
    pub(crate) known: Vec<Known>,
    pub(crate) offered: Vec<Offered>,
    pub(crate) mentions: Vec<Mention>,
    /// Number of parameters, wrappers not counted.
    pub(crate) parameters: usize,
}

/// Levels of wrapping objects (`params`, `request`, `body`) that are looked into.
const DEEPEST: usize = 3;
/// Parameters that are looked at.
const MOST: usize = 600;
/// Values of one enumeration that are read as operations.
const MOST_VALUES: usize = 120;

/// Reads a tool's input schema.
pub(crate) fn read(book: &RuleBook, tool: &Tool) -> SchemaReading {
    let mut reading = SchemaReading::default();
    if let (Some(key), Some(Value::Object(schema))) = (tool.schema_key(), tool.input_schema()) {
        let mut pointer = format!("/{key}");
        object(book, schema, schema, &mut pointer, 0, &mut reading);
    }
    reading
}

fn object(
    book: &RuleBook,
    root: &Map<String, Value>,
    schema: &Map<String, Value>,
    pointer: &mut String,
    depth: usize,
    reading: &mut SchemaReading,
) {
    if let Some(Value::Object(properties)) = schema.get("properties") {
        let length = pointer.len();
        for (name, value) in properties {
            if reading.parameters >= MOST {
                return;
            }
            pointer.push_str("/properties/");
            push_token(name, pointer);
            property(book, root, name, value, pointer, depth, reading);
            pointer.truncate(length);
        }
    }
    // One of several shapes: each is looked into as if it were the object.
    for key in ["oneOf", "anyOf", "allOf"] {
        let Some(Value::Array(shapes)) = schema.get(key) else {
            continue;
        };
        for (index, shape) in shapes.iter().enumerate().take(40) {
            let Some(Value::Object(shape)) = resolve(root, shape) else {
                continue;
            };
            if depth < DEEPEST {
                let length = pointer.len();
                // Writing to a string cannot fail.
                let _ = write!(pointer, "/{key}/{index}");
                object(book, root, shape, pointer, depth + 1, reading);
                pointer.truncate(length);
            }
        }
    }
}

/// Follows `$ref` inside the same document, once.
fn resolve<'a>(root: &'a Map<String, Value>, value: &'a Value) -> Option<&'a Value> {
    let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
        return Some(value);
    };
    let mut parts = reference.strip_prefix("#/")?.split('/');
    let mut at = root.get(parts.next()?)?;
    for part in parts {
        at = at.get(part)?;
    }
    Some(at)
}

fn property(
    book: &RuleBook,
    root: &Map<String, Value>,
    name: &str,
    value: &Value,
    pointer: &mut String,
    depth: usize,
    reading: &mut SchemaReading,
) {
    reading.parameters += 1;
    let value = resolve(root, value).unwrap_or(value);
    let key = key_of(name);
    let values = enumeration(value);
    let kind = value.get("type").and_then(type_name);
    let free = values.is_none() && !matches!(kind, Some("integer" | "number" | "boolean"));
    for &rule in book.params_named(&key) {
        let param = &book.params[rule as usize];
        reading.known.push(Known {
            rule: rule as usize,
            kind: param.kind,
            pointer: pointer.clone().into(),
            name: name.to_owned(),
            free,
        });
        if param.kind == ParamKind::Action
            && let Some((path, values)) = &values
        {
            operations(book, name, path, values, pointer, reading);
        }
    }
    if depth < DEEPEST
        && let Value::Object(schema) = value
    {
        let nested =
            schema.contains_key("properties") || ["oneOf", "anyOf", "allOf"].iter().any(|k| schema.contains_key(*k));
        if nested {
            object(book, root, schema, pointer, depth + 1, reading);
        }
    }
}

/// The name as rules write it: words in lower case, joined with `_`.
fn key_of(name: &str) -> String {
    let mut key = String::with_capacity(name.len() + 4);
    let mut previous_lower = false;
    for c in name.chars().take(64) {
        if c.is_ascii_uppercase() {
            if previous_lower {
                key.push('_');
            }
            key.push(c.to_ascii_lowercase());
            previous_lower = false;
        } else if c.is_alphanumeric() {
            key.push(c);
            previous_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        } else {
            if !key.ends_with('_') && !key.is_empty() {
                key.push('_');
            }
            previous_lower = false;
        }
    }
    key
}

fn type_name(value: &Value) -> Option<&str> {
    match value {
        Value::String(name) => Some(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).find(|n| *n != "null"),
        _ => None,
    }
}

/// The values that a parameter is limited to and the pointer below it: `enum`, or the `const`s of a choice.
fn enumeration(value: &Value) -> Option<(&'static str, Vec<&str>)> {
    if let Some(Value::Array(values)) = value.get("enum") {
        return Some(("/enum", values.iter().map(|v| v.as_str().unwrap_or_default()).collect()));
    }
    for (key, path) in [("anyOf", "/anyOf"), ("oneOf", "/oneOf")] {
        if let Some(Value::Array(choices)) = value.get(key) {
            let constants: Vec<&str> = choices.iter().filter_map(|c| c.get("const")?.as_str()).collect();
            if constants.len() > 1 && constants.len() == choices.len() {
                return Some((path, constants));
            }
            if let Some(found) = choices.iter().find_map(|c| c.get("enum")?.as_array()) {
                return Some(("/enum", found.iter().map(|v| v.as_str().unwrap_or_default()).collect()));
            }
        }
    }
    if let Some(Value::Array(values)) = value.get("items").and_then(|items| items.get("enum")) {
        return Some((
            "/items/enum",
            values.iter().map(|v| v.as_str().unwrap_or_default()).collect(),
        ));
    }
    None
}

fn operations(
    book: &RuleBook,
    parameter: &str,
    path: &str,
    values: &[&str],
    pointer: &str,
    reading: &mut SchemaReading,
) {
    let mut offered = Vec::new();
    let mut verbs = 0;
    for (index, value) in values.iter().enumerate().take(MOST_VALUES) {
        let place: Cow<'static, str> = match path {
            "/anyOf" | "/oneOf" => format!("{pointer}{path}/{index}/const").into(),
            _ => format!("{pointer}{path}/{index}").into(),
        };
        let read = http_method(value)
            .map(|effect| (Some(effect), Vec::new()))
            .unwrap_or_else(|| {
                let read = name::read(book, value, &place, Slot::Operation);
                let worst = read
                    .mentions
                    .iter()
                    .map(|m| m.effect)
                    .filter(|e| *e != Effect::Vague)
                    .max_by_key(|e| e.severity());
                let fact = read.fact.then_some(Effect::Look);
                (worst.or(fact), read.mentions)
            });
        let (effect, mentions) = read;
        if effect.is_some() {
            verbs += 1;
        }
        reading.mentions.extend(mentions);
        offered.push(Offered {
            parameter: parameter.to_owned(),
            value: (*value).to_owned(),
            label: effect.and_then(Effect::label),
        });
    }
    // A list in which hardly anything is a verb ("asc", "desc") chooses no operations.
    if verbs * 2 >= offered.len() && offered.len() > 1 && verbs > 0 {
        reading.offered.extend(offered);
    } else {
        let kept = format!("{pointer}{path}");
        reading.mentions.retain(|m| !m.place.pointer.starts_with(&kept));
    }
}

fn http_method(value: &str) -> Option<Effect> {
    match value {
        "GET" | "HEAD" | "OPTIONS" => Some(Effect::Look),
        "POST" | "PUT" | "PATCH" | "DELETE" => Some(Effect::Open),
        _ => None,
    }
}

/// Adds a name to a JSON Pointer (RFC 6901, section 3).
fn push_token(name: &str, pointer: &mut String) {
    for c in name.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_what_rules_write() {
        assert_eq!(key_of("sqlQuery"), "sql_query");
        assert_eq!(key_of("SQL"), "sql");
        assert_eq!(key_of("shell-command"), "shell_command");
        assert_eq!(key_of("chat.id"), "chat_id");
    }
}

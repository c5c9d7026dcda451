//! Reads an input schema: which parameters there are, what they tell, and the operations that an enumerated one
//! chooses among. Remote references are never fetched and patterns never run; depth and number are bounded.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::facets::Facets;
use super::hints::{Hint, HintPlace};
use super::name::{self, Identifier};
use super::reading::{Mention, Place};
use super::told;
use crate::effect::Effect;
use crate::label::Label;
use crate::manifest::Tool;
use crate::rules::RuleBook;
use crate::rules::book::ParamKind;
use crate::rules::grounds::Shape;
use crate::rules::weights::Slot;
use crate::rules::words::Stand;
use crate::tree::{self, Node, View};

/// Where a parameter stands: a piece of [`SchemaReading::pointers`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pointer {
    start: u32,
    end: u32,
}

/// A parameter that a rule knows.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) rule: usize,
    pub(crate) kind: ParamKind,
    pub(crate) pointer: Pointer,
    /// It takes free text (or anything), not a number, a boolean or one of a list.
    pub(crate) free: bool,
    /// Its own description says that what it carries is run.
    pub(crate) runs: bool,
}

/// An operation that an enumerated parameter offers.
#[derive(Clone, Debug)]
pub(crate) struct Offered {
    pub(crate) parameter: String,
    pub(crate) value: String,
    pub(crate) label: Option<Label>,
    /// The parameter's name says that it chooses an operation; `type` and `mode` often choose something else.
    pub(crate) certain: bool,
}

/// A parameter that raises a signal.
#[derive(Clone, Debug)]
pub(crate) struct Raised {
    pub(crate) ground: u16,
    pub(crate) pointer: Pointer,
    /// Bytes of its name.
    pub(crate) length: u32,
}

/// What a schema says.
#[derive(Debug, Default)]
pub(crate) struct SchemaReading {
    pub(crate) known: Vec<Known>,
    pub(crate) raised: Vec<Raised>,
    pub(crate) offered: Vec<Offered>,
    pub(crate) mentions: Vec<Mention>,
    /// Parameters whose names say something by themselves.
    pub(crate) hints: Vec<Hint>,
    /// Number of parameters, wrappers not counted.
    pub(crate) parameters: usize,
    /// One of them says which thing of a certain service is meant, so that an address beside it is of that service.
    pub(crate) identified: bool,
    /// The pointers of known parameters, one behind the other: few are asked for.
    pointers: String,
}

impl SchemaReading {
    /// The JSON Pointer of a parameter.
    pub(crate) fn pointer(&self, pointer: Pointer) -> &str {
        &self.pointers[pointer.start as usize..pointer.end as usize]
    }

    /// The name of a parameter.
    pub(crate) fn name(&self, known: &Known) -> Cow<'_, str> {
        tree::last_part(self.pointer(known.pointer))
    }

    fn keep(&mut self, pointer: &str) -> Pointer {
        self.pointers.reserve(if self.pointers.is_empty() { 256 } else { 0 });
        let start = self.pointers.len() as u32;
        self.pointers.push_str(pointer);
        let end = self.pointers.len() as u32;
        Pointer { start, end }
    }

    /// Drops what parameters with doubtful names offer.
    pub(crate) fn keep_certain(&mut self) {
        if self.offered.iter().any(|offered| !offered.certain) && !self.offered.iter().any(|offered| offered.certain) {
            self.offered.clear();
            self.mentions.clear();
        }
    }
}

/// Levels of wrapping objects (`params`, `request`, `body`) that are looked into.
const DEEPEST: usize = 3;
/// Parameters that are looked at.
const MOST: usize = 600;
/// Shapes that are looked into: references let a few of them stand for millions.
const MOST_SHAPES: usize = 4000;
/// Names that say that the parameter chooses what is done, even where the schema does not list what.
const SAYS_OPERATION: [&str; 8] = [
    "action",
    "operation",
    "op",
    "operation_name",
    "operation_type",
    "subcommand",
    "sub_command",
    "service_action",
];
/// Names that may say so: operations told in words count where nothing else says that the tool only reads.
const MAY_SAY_OPERATION: [&str; 6] = [
    "mode",
    "verb",
    "action_type",
    "request_type",
    "command_type",
    "job_action",
];
/// Values of one enumeration that are read as operations.
const MOST_VALUES: usize = 120;

/// Reads a tool's input schema.
pub(crate) fn read(book: &RuleBook, tool: &Tool) -> SchemaReading {
    let mut reader = Reader::new(book, tool);
    reader.schema();
    reader.reading
}

/// The names of a tool's parameters as rules write them, those inside of wrapping objects as well.
pub(crate) fn names(book: &RuleBook, tool: &Tool) -> Vec<String> {
    let mut reader = Reader::new(book, tool);
    reader.names = Some(Vec::new());
    reader.schema();
    reader.names.unwrap_or_default()
}

struct Reader<'a> {
    book: &'a RuleBook,
    tool: &'a Tool,
    /// The words of the tool's name, once an operation needs them.
    about: Option<Vec<u32>>,
    /// Shapes that were looked into.
    shapes: usize,
    /// Room for the name of a parameter as rules write it.
    key: String,
    /// The names of all parameters, where they are asked for.
    names: Option<Vec<String>>,
    reading: SchemaReading,
}

impl<'a> Reader<'a> {
    fn new(book: &'a RuleBook, tool: &'a Tool) -> Self {
        Self {
            book,
            tool,
            about: None,
            shapes: 0,
            key: String::with_capacity(64),
            names: None,
            reading: SchemaReading::default(),
        }
    }

    fn schema(&mut self) {
        let schema = self.tool.input_schema().and_then(Node::as_object);
        if let (Some(key), Some(schema)) = (self.tool.schema_key(), schema) {
            let mut pointer = String::with_capacity(96);
            pointer.push('/');
            pointer.push_str(key);
            self.object(schema, schema, &mut pointer, 0);
        }
        self.by_itself();
    }

    /// The operations that the description lists where no parameter chooses among any: nobody can be kept from one.
    fn by_itself(&mut self) {
        let chosen = |known: &Known| known.kind == ParamKind::Action && known.free;
        if !self.reading.offered.is_empty() || self.reading.known.iter().any(chosen) {
            return;
        }
        if let Some(text) = self.tool.description() {
            let values = told::by_itself(text);
            let places = values.into_iter().map(|v| (v.text, "/description".to_owned(), v.start));
            if let Some((_, mentions)) = self.read_values("", true, places.collect()) {
                self.reading.mentions.extend(mentions);
            }
        }
    }

    fn object(&mut self, root: Node<'_>, schema: Node<'_>, pointer: &mut String, depth: usize) {
        if let Some(properties) = schema.get("properties") {
            let length = pointer.len();
            for (name, value) in properties.entries() {
                if self.reading.parameters >= MOST {
                    return;
                }
                pointer.push_str("/properties/");
                push_token(name, pointer);
                self.property(root, name, value, pointer, depth);
                pointer.truncate(length);
            }
        }
        if depth >= DEEPEST {
            return;
        }
        // One of several shapes: each is looked into as if it were the object.
        for key in ["oneOf", "anyOf", "allOf"] {
            let shapes = schema.get(key).into_iter().flat_map(Node::items);
            for (index, shape) in shapes.enumerate().take(40) {
                if self.shapes >= MOST_SHAPES {
                    return;
                }
                self.shapes += 1;
                let Some(shape) = resolve(root, shape).and_then(Node::as_object) else {
                    continue;
                };
                let length = pointer.len();
                // Writing to a string cannot fail.
                let _ = write!(pointer, "/{key}/{index}");
                self.object(root, shape, pointer, depth + 1);
                pointer.truncate(length);
            }
        }
    }

    fn property(&mut self, root: Node<'_>, name: &str, value: Node<'_>, pointer: &mut String, depth: usize) {
        self.reading.parameters += 1;
        let mut schema = Facets::of(value);
        if let Some(other) = schema.reference.and_then(|reference| resolved(root, reference)) {
            schema = Facets::of(other);
        }
        let mut stands = None;
        let mut key = std::mem::take(&mut self.key);
        key_of(name, &mut key);
        let values = schema.values();
        let kind = schema.kind.and_then(type_name);
        let free = values.is_none() && !matches!(kind, Some("integer" | "number" | "boolean"));
        if let Some(names) = &mut self.names {
            names.push(key.clone());
        }
        self.reading.identified |= is_identifier(&key);
        let known = self.book.named(&key);
        for &(ground, shape) in known.map_or(&[][..], |known| &known.grounds) {
            let fits = match shape {
                Shape::Text => free && kind != Some("array"),
                Shape::Switch => kind == Some("boolean"),
                Shape::List => kind == Some("array"),
            };
            if fits {
                let pointer = *stands.get_or_insert_with(|| self.reading.keep(pointer));
                self.reading.raised.push(Raised {
                    ground,
                    pointer,
                    length: name.len() as u32,
                });
            }
        }
        if let Some(index) = known.map(|known| known.word).filter(|index| *index != 0) {
            let pointer = *stands.get_or_insert_with(|| self.reading.keep(pointer));
            let length = name.len() as u32;
            self.reading.hints.push(Hint {
                stand: Stand::Parameter,
                index,
                place: HintPlace::Parameter { pointer, length },
            });
        }
        for &rule in known.map_or(&[][..], |known| &known.rules) {
            let param = &self.book.params[rule as usize];
            let place = *stands.get_or_insert_with(|| self.reading.keep(pointer));
            self.reading.known.push(Known {
                rule: rule as usize,
                kind: param.kind,
                pointer: place,
                free,
                runs: schema.says_any(&param.runs),
            });
            if param.kind == ParamKind::Deletes && kind == Some("boolean") {
                // `rename {drop_target}`: a switch that deletes counts as what the tool offers (guide, S0).
                self.reading.mentions.push(Mention {
                    slot: Slot::Operation,
                    effect: Effect::End,
                    rule: param.id,
                    place: Place {
                        pointer: pointer.clone().into(),
                        start: 0,
                        end: name.len() as u32,
                    },
                    object: None,
                    weak: false,
                    joined: false,
                    verb: 0,
                });
            }
            match (param.kind, &values) {
                (ParamKind::Action, Some((path, values))) => {
                    self.enumerated(name, &key, path, values, pointer);
                }
                (ParamKind::Action, None) if free => {
                    let certain = SAYS_OPERATION.contains(&key.as_str());
                    if certain || MAY_SAY_OPERATION.contains(&key.as_str()) {
                        self.told(name, certain, &schema, pointer);
                    }
                }
                _ => {}
            }
        }
        self.key = key;
        if depth < DEEPEST && schema.has_more {
            self.object(root, schema.node, pointer, depth + 1);
        }
    }

    /// The operations that a list in the schema offers.
    fn enumerated(&mut self, name: &str, key: &str, path: &str, values: &[&str], pointer: &str) {
        let places = values.iter().enumerate().map(|(index, text)| {
            let mut place = String::with_capacity(pointer.len() + path.len() + 12);
            place.push_str(pointer);
            place.push_str(path);
            // Writing to a string cannot fail.
            let _ = write!(place, "/{index}");
            if matches!(path, "/anyOf" | "/oneOf") {
                place.push_str("/const");
            }
            (*text, place, 0)
        });
        let places = places.take(MOST_VALUES).collect();
        self.operations(name, SAYS_OPERATION.contains(&key), places);
    }

    /// The operations that the words around an unlimited parameter offer.
    fn told(&mut self, name: &str, certain: bool, schema: &Facets<'_>, pointer: &str) {
        if let Some(text) = schema.description {
            let values = told::in_parameter(text);
            if values.len() > 1 {
                let places = values
                    .into_iter()
                    .map(|v| (v.text, format!("{pointer}/description"), v.start));
                if self.operations(name, certain, places.collect()) {
                    return;
                }
            }
        }
        if let Some(text) = self.tool.description() {
            let values = told::in_description(text, name);
            let places = values.into_iter().map(|v| (v.text, "/description".to_owned(), v.start));
            self.operations(name, certain, places.collect());
        }
    }

    /// Takes over what the values do; whether they are operations at all.
    fn operations(&mut self, parameter: &str, certain: bool, values: Vec<(&str, String, usize)>) -> bool {
        let read = self.read_values(parameter, certain, values);
        let chooses = read.is_some();
        if let Some((offered, mentions)) = read {
            self.reading.offered.extend(offered);
            self.reading.mentions.extend(mentions);
        }
        chooses
    }

    /// Reads what the values do, where they are operations.
    fn read_values(
        &mut self,
        parameter: &str,
        certain: bool,
        values: Vec<(&str, String, usize)>,
    ) -> Option<(Vec<Offered>, Vec<Mention>)> {
        if values.len() < 2 {
            return None;
        }
        let (book, tool) = (self.book, self.tool);
        let about = self.about.get_or_insert_with(|| name::words_of(book, tool.name()));
        let mut offered = Vec::new();
        let mut mentions = Vec::new();
        let (mut verbs, mut strict) = (0, 0);
        for (value, pointer, offset) in values {
            let (effect, found) = if let Some(effect) = http_method(value) {
                (Some(effect), Vec::new())
            } else {
                let identifier = Identifier {
                    text: value,
                    pointer: pointer.into(),
                    offset,
                    about,
                    told: None,
                };
                let read = name::read_as(book, &identifier, Slot::Operation);
                let worst = read
                    .mentions
                    .iter()
                    .map(|m| m.effect)
                    .filter(|e| *e != Effect::Vague)
                    .max_by_key(|e| e.severity());
                (worst.or(read.fact.then_some(Effect::Look)), read.mentions)
            };
            verbs += usize::from(effect.is_some());
            strict += usize::from(effect.is_some() && !found.iter().any(|m| m.weak));
            mentions.extend(found);
            offered.push(Offered {
                parameter: parameter.to_owned(),
                value: value.to_owned(),
                label: effect.and_then(Effect::label),
                certain,
            });
        }
        // A list in which hardly anything is a verb ("asc", "desc") chooses no operations.
        // Nor does one of nothing but nouns that may be verbs ("group", "project").
        (verbs * 2 >= offered.len() && strict > 0).then_some((offered, mentions))
    }
}

/// Follows `$ref` inside the same document, once.
fn resolve<'a>(root: Node<'a>, value: Node<'a>) -> Option<Node<'a>> {
    match value.get("$ref").and_then(Node::as_str) {
        Some(reference) => resolved(root, reference),
        None => Some(value),
    }
}

/// What a reference points to, inside the same document.
fn resolved<'a>(root: Node<'a>, reference: &str) -> Option<Node<'a>> {
    let mut parts = reference.strip_prefix("#/")?.split('/');
    parts.try_fold(root, Node::get)
}

/// Whether a parameter names a thing of a certain service, or the service.
fn is_identifier(key: &str) -> bool {
    let of_the_call = matches!(
        key,
        "session_id" | "request_id" | "conversation_id" | "profile_id" | "application_id"
    );
    (key == "id" || key.ends_with("_id")) && !of_the_call || matches!(key, "platform" | "site_url" | "engine")
}

/// The name as rules write it: words in lower case, joined with `_`.
fn key_of(name: &str, key: &mut String) {
    key.clear();
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
}

fn type_name(value: Node<'_>) -> Option<&str> {
    match value.view() {
        View::Text(name) => Some(name),
        View::Array(names) => names.filter_map(Node::as_str).find(|n| *n != "null"),
        _ => None,
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
    use serde_json::json;

    use super::*;

    fn key(name: &str) -> String {
        let mut key = "before".to_owned();
        key_of(name, &mut key);
        key
    }

    #[test]
    fn keys_are_what_rules_write() {
        assert_eq!(key("sqlQuery"), "sql_query");
        assert_eq!(key("SQL"), "sql");
        assert_eq!(key("shell-command"), "shell_command");
        assert_eq!(key("chat.id"), "chat_id");
    }

    #[test]
    fn references_that_multiply_are_bounded() {
        let shapes = vec![json!({"$ref": "#/s"}); 40];
        let inner = json!({"oneOf": shapes, "anyOf": shapes, "allOf": shapes});
        let mut schema = inner.clone();
        schema["s"] = inner;
        let tool = Tool::from_value(&json!({"name": "a", "inputSchema": schema})).expect("a tool");
        let book = RuleBook::embedded().expect("the embedded book");
        let mut reader = Reader::new(&book, &tool);
        let schema = tool.input_schema().expect("there");
        reader.object(schema, schema, &mut String::new(), 0);
        assert_eq!(reader.shapes, MOST_SHAPES);
    }
}

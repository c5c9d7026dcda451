//! One look at the schema of a parameter: what it says, and the values that it limits the parameter to. Follows no
//! reference and decides nothing.

use crate::tree::{Items, Node};

/// What a schema says of a value, gathered at one go: most have two or three entries, and are asked for a dozen.
#[derive(Clone, Copy)]
pub(super) struct Facets<'a> {
    pub(super) node: Node<'a>,
    pub(super) reference: Option<&'a str>,
    pub(super) kind: Option<Node<'a>>,
    listed: Option<Node<'a>>,
    any_of: Option<Node<'a>>,
    one_of: Option<Node<'a>>,
    items: Option<Node<'a>>,
    pub(super) description: Option<&'a str>,
    /// There may be parameters inside of it.
    pub(super) has_more: bool,
}

impl<'a> Facets<'a> {
    pub(super) fn of(node: Node<'a>) -> Self {
        const KEYS: [&str; 9] = [
            "$ref",
            "type",
            "enum",
            "anyOf",
            "oneOf",
            "allOf",
            "items",
            "description",
            "properties",
        ];
        /// Of a larger object, each is looked up: references let one object be asked for often.
        const FEW: usize = 32;
        let mut facets = Self {
            node,
            reference: None,
            kind: None,
            listed: None,
            any_of: None,
            one_of: None,
            items: None,
            description: None,
            has_more: false,
        };
        let entries = node.entries();
        if entries.len() <= FEW {
            entries.for_each(|(key, value)| facets.take(key, value));
        } else {
            let found = KEYS.iter().filter_map(|key| Some((*key, node.get(key)?)));
            found.for_each(|(key, value)| facets.take(key, value));
        }
        facets
    }

    fn take(&mut self, key: &str, value: Node<'a>) {
        match key {
            "type" => self.kind = Some(value),
            "description" => self.description = value.as_str(),
            "$ref" => self.reference = value.as_str(),
            "enum" => self.listed = Some(value),
            "anyOf" => self.any_of = Some(value),
            "oneOf" => self.one_of = Some(value),
            "items" => self.items = Some(value),
            _ => {}
        }
        self.has_more |= matches!(key, "properties" | "oneOf" | "anyOf" | "allOf");
    }

    /// The values that a parameter is limited to and the pointer below it: `enum`, or the `const`s of a choice.
    pub(super) fn values(&self) -> Option<(&'static str, Vec<&'a str>)> {
        let texts = |values: Items<'a>| values.map(|v| v.as_str().unwrap_or_default()).collect();
        let listed = |value: Node<'a>| value.get("enum")?.as_array();
        if let Some(values) = self.listed.and_then(Node::as_array) {
            return Some(("/enum", texts(values)));
        }
        for (choices, path) in [(self.any_of, "/anyOf"), (self.one_of, "/oneOf")] {
            if let Some(choices) = choices.and_then(Node::as_array) {
                let constants: Vec<&str> = choices.clone().filter_map(|c| c.get("const")?.as_str()).collect();
                if constants.len() > 1 && constants.len() == choices.len() {
                    return Some((path, constants));
                }
                if let Some(values) = { choices }.find_map(listed) {
                    return Some(("/enum", texts(values)));
                }
            }
        }
        let values = self.items.and_then(listed)?;
        Some(("/items/enum", texts(values)))
    }

    /// Whether the description has one of these groups of words, each with a blank on either side.
    pub(super) fn says_any(&self, words: &[String]) -> bool {
        let Some(text) = self.description.filter(|_| !words.is_empty()) else {
            return false;
        };
        let mut plain = String::from(" ");
        let parts = text.split(|c: char| !c.is_alphanumeric());
        for word in parts.filter(|word| !word.is_empty()) {
            plain.extend(word.chars().flat_map(char::to_lowercase));
            plain.push(' ');
        }
        words.iter().any(|words| plain.contains(words.as_str()))
    }
}

//! Where a tool or a server stands in the file that it was read from: line and column, for reports that point at
//! code. Works on texts in memory; finds nothing rather than guess.

use std::collections::BTreeMap;
use std::ops::Range;

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

/// A region of a text: lines and columns from one, columns in characters; the end is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Region {
    /// Line of the first character.
    pub line: usize,
    /// Column of the first character.
    pub column: usize,
    /// Line of the end.
    pub end_line: usize,
    /// Column after the last character.
    pub end_column: usize,
}

impl Region {
    /// The region of these bytes.
    pub fn of(text: &str, bytes: &Range<usize>) -> Self {
        let (line, column) = position(text, bytes.start);
        let (end_line, end_column) = position(text, bytes.end.max(bytes.start));
        Self {
            line,
            column,
            end_line,
            end_column,
        }
    }
}

/// A tool to be found.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Its server: among several in one file, the named one's tool is found first.
    pub server: &'a str,
    /// Its name.
    pub tool: &'a str,
    /// What of its definition; the name where there is no pointer or nothing at it.
    pub pointer: Option<&'a str>,
}

/// Bytes of each tool that the text defines, or of what the pointer names in it. The text is read once.
pub fn tools(text: &str, queries: &[Query<'_>]) -> Vec<Option<Range<usize>>> {
    let mut found: Vec<Option<Range<usize>>> = vec![None; queries.len()];
    let mut own = vec![false; queries.len()];
    for (offset, document) in documents(text) {
        let Ok(parsed) = parse_to_ast(document, &CollectOptions::default(), &ParseOptions::default()) else {
            continue;
        };
        let Some(value) = parsed.value else { continue };
        let mut definitions = BTreeMap::new();
        collect(&value, None, &mut definitions);
        for (index, query) in queries
            .iter()
            .enumerate()
            .filter(|(index, _)| !own[*index])
            .collect::<Vec<_>>()
        {
            let Some(named) = definitions.get(query.tool) else {
                continue;
            };
            let fits = |(owner, _): &&Definition<'_>| owner.is_none_or(|owner| owner == query.server);
            let exact = named.iter().find(fits);
            let Some((_, object)) = exact.or_else(|| named.first().filter(|_| found[index].is_none())) else {
                continue;
            };
            let range = follow(object, query.pointer.unwrap_or("/name"));
            found[index] = Some(range.start + offset..range.end + offset);
            own[index] = exact.is_some();
        }
    }
    found
}

/// Bytes of a server's name where a configuration file (JSON or TOML) or a lock defines it.
pub fn server(text: &str, name: &str) -> Option<Range<usize>> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default());
    if let Ok(Some(value)) = parsed.map(|parsed| parsed.value) {
        return entry(&value, name);
    }
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with('[')
            && let Some(found) = line.find(name)
        {
            return Some(at + found..at + found + name.len());
        }
        at += line.len();
    }
    None
}

/// A whole text as one document, or one a line.
fn documents(text: &str) -> Vec<(usize, &str)> {
    let one = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default());
    if one.is_ok() {
        return vec![(0, text)];
    }
    let mut at = 0;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        lines.push((at, line));
        at += line.len();
    }
    lines
}

/// A definition, and the server that a record around it says it belongs to.
type Definition<'a> = (Option<&'a str>, &'a Object<'a>);

fn collect<'a>(value: &'a Value<'a>, owner: Option<&'a str>, found: &mut BTreeMap<&'a str, Vec<Definition<'a>>>) {
    match value {
        Value::Array(array) => array.elements.iter().for_each(|value| collect(value, owner, found)),
        Value::Object(object) => {
            let record = owner_of(object);
            let owner = record.or(owner);
            if let (None, Some(name)) = (record, text_of(object, "name")) {
                found.entry(name).or_default().push((owner, object));
            }
            for property in &object.properties {
                collect(&property.value, owner, found);
            }
        }
        _ => {}
    }
}

/// The server that a record is about: `{"server": "n" | {"name": "n"}, "tools": …}` or `{"name": "n", "tools": …}`.
fn owner_of<'a>(object: &'a Object<'_>) -> Option<&'a str> {
    object.get("tools")?;
    let server = object.get("server").map(|property| &property.value);
    match server {
        Some(Value::StringLit(text)) => Some(&text.value),
        Some(Value::Object(server)) => text_of(server, "name"),
        _ => text_of(object, "name"),
    }
}

fn text_of<'a>(object: &'a Object<'_>, key: &str) -> Option<&'a str> {
    Some(&object.get(key)?.value.as_string_lit()?.value)
}

/// The part of a tool that a pointer names, as far as it goes. In a lock, definitions stand one level deeper.
fn follow(object: &Object<'_>, pointer: &str) -> Range<usize> {
    let object = match object.get("definition").map(|property| &property.value) {
        Some(Value::Object(definition)) => definition,
        _ => object,
    };
    let mut best = object.get("name").map_or(object.range(), ObjectProp::range);
    let mut here: Option<&Value<'_>> = None;
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        let next = match here {
            None => object.get(&part).map(|property| (property.range(), &property.value)),
            Some(Value::Object(object)) => object.get(&part).map(|property| (property.range(), &property.value)),
            Some(Value::Array(array)) => {
                let element = part.parse::<usize>().ok().and_then(|index| array.elements.get(index));
                element.map(|value| (value.range(), value))
            }
            Some(_) => None,
        };
        let Some((range, value)) = next else { break };
        best = range;
        here = Some(value);
    }
    best.start..best.end
}

/// The property of this name whose value is an object below a map of servers, or the lock's entry.
fn entry(value: &Value<'_>, name: &str) -> Option<Range<usize>> {
    match value {
        Value::Array(array) => array.elements.iter().find_map(|value| entry(value, name)),
        Value::Object(object) => {
            if object.get("tools").is_some() && text_of(object, "name") == Some(name) {
                return object
                    .get("name")
                    .map(|property| property.range().start..property.range().end);
            }
            object.properties.iter().find_map(|property| {
                let own = property.name.as_str() == name && property.value.as_object().is_some();
                let range = property.name.range();
                own.then_some(range.start..range.end)
                    .or_else(|| entry(&property.value, name))
            })
        }
        _ => None,
    }
}

fn position(text: &str, at: usize) -> (usize, usize) {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |n| n + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str, server: &str, tool: &str, pointer: Option<&str>) -> Option<Range<usize>> {
        tools(text, &[Query { server, tool, pointer }]).remove(0)
    }

    fn found<'t>(text: &'t str, server: &str, tool: &str, pointer: Option<&str>) -> &'t str {
        range(text, server, tool, pointer).map_or("", |range| text.get(range).unwrap_or_default())
    }

    #[test]
    fn tools_are_found_in_documents_and_in_lines() {
        let one = "{\"server\": \"s\", \"tools\": [{\"name\": \"a\"},\n {\"description\": \"é!\", \"name\": \"b\"}]}";
        assert_eq!(found(one, "s", "b", Some("/description")), "\"description\": \"é!\"");
        assert_eq!(found(one, "s", "b", Some("/missing/far")), "\"name\": \"b\"");
        assert_eq!(found(one, "s", "c", None), "");
        let range = range(one, "s", "b", None).expect("it is there");
        assert_eq!(
            Region::of(one, &range),
            Region {
                line: 2,
                column: 24,
                end_line: 2,
                end_column: 35
            }
        );
        let lines = "{\"server\":\"x\",\"tools\":[{\"name\":\"a\",\"v\":1}]}\n{\"server\":\"s\",\"tools\":[{\"name\":\"a\",\"v\":2}]}\n";
        assert_eq!(found(lines, "s", "a", Some("/v")), "\"v\":2");
        assert_eq!(found(lines, "unknown", "a", Some("/v")), "\"v\":1");
    }

    #[test]
    fn servers_are_found_in_configurations() {
        let json = "{ // ours\n \"mcpServers\": {\"notes\": {\"command\": \"n\"}}}";
        let range = server(json, "notes").expect("it is there");
        assert_eq!((&json[range.clone()], Region::of(json, &range).line), ("\"notes\"", 2));
        let toml = "model = \"m\"\n[mcp_servers.notes]\ncommand = \"n\"\n";
        assert_eq!(
            server(toml, "notes").map(|range| Region::of(toml, &range).line),
            Some(2)
        );
        assert_eq!(server("{}", "notes"), None);
    }
}

//! Edits of TOML, in the text itself.

use serde_json::Value;
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, value};

use super::{Change, dotted};

pub(super) fn read(text: &str) -> Result<Value, String> {
    let table: ::toml::Table = text.parse().map_err(|e: ::toml::de::Error| e.message().to_owned())?;
    serde_json::to_value(table).map_err(|e| e.to_string())
}

pub(super) fn edit(text: &str, changes: &[Change]) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|e: toml_edit::TomlError| e.message().to_owned())?;
    for change in changes {
        apply(&mut document, change)?;
    }
    Ok(document.to_string())
}

fn apply(document: &mut DocumentMut, change: &Change) -> Result<(), String> {
    match change {
        Change::Set(path, new) => {
            let (last, maps) = path.split_last().ok_or("a value needs a key")?;
            let map = map(document, maps)?;
            let new = item(new)?;
            match map.get_mut(last) {
                Some(there) => keep_decor(there, new),
                None => drop(map.insert(last, new)),
            }
        }
        // The order of keys means nothing in TOML.
        Change::Insert(path, _, key, new) => drop(map(document, path)?.insert(key, item(new)?)),
        Change::Remove(path) => {
            let (last, maps) = path.split_last().ok_or("a value needs a key")?;
            map(document, maps)?.remove(last);
        }
        Change::Push(path, new) => {
            let (last, maps) = path.split_last().ok_or("a value needs a key")?;
            let map = map(document, maps)?;
            if map.get(last).is_none() {
                map.insert(last, value(Array::new()));
            }
            let list = map.get_mut(last).and_then(Item::as_array_mut);
            push(list.ok_or_else(|| format!("{} is no list", dotted(path)))?, new);
        }
        Change::Pull(path, at) => {
            let (last, maps) = path.split_last().ok_or("a value needs a key")?;
            let list = map(document, maps)?.get_mut(last).and_then(Item::as_array_mut);
            list.ok_or_else(|| format!("{} is no list", dotted(path)))?.remove(*at);
        }
    }
    Ok(())
}

/// Adds an item as the one before it stands, so that a list of lines stays one and a comment stays with its item.
fn push(list: &mut Array, new: &str) {
    let before = list
        .iter()
        .last()
        .and_then(|v| v.decor().prefix()?.as_str().map(str::to_owned));
    let after = list.trailing().as_str().unwrap_or_default().to_owned();
    let has_comma = list.trailing_comma();
    list.push(new);
    let at = list.len() - 1;
    let Some(before) = before.filter(|_| at > 0) else {
        return;
    };
    let indent = before.rsplit('\n').next().unwrap_or_default();
    let (prefix, trailing) = match after.rsplit_once('\n') {
        // What follows the last comma is about the item before it.
        Some((comment, end)) if has_comma => (format!("{comment}\n{indent}"), format!("\n{end}")),
        _ if before.contains('#') => (format!("\n{indent}"), after),
        _ => (before.clone(), after),
    };
    if let Some(item) = list.get_mut(at) {
        item.decor_mut().set_prefix(prefix);
    }
    list.set_trailing(trailing);
}

/// Writes a value where another stood, with the comment after it.
fn keep_decor(there: &mut Item, new: Item) {
    let decor = there.as_value().map(|v| v.decor().clone());
    *there = new;
    if let (Some(decor), Some(value)) = (decor, there.as_value_mut()) {
        *value.decor_mut() = decor;
    }
}

fn map<'a>(document: &'a mut DocumentMut, path: &[String]) -> Result<&'a mut dyn TableLike, String> {
    let mut here: &mut dyn TableLike = document.as_table_mut();
    for key in path {
        let next = here.entry(key).or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        here = next
            .as_table_like_mut()
            .ok_or_else(|| format!("{} is no map", dotted(path)))?;
    }
    Ok(here)
}

fn item(new: &Value) -> Result<Item, String> {
    match new {
        Value::Bool(b) => Ok(value(*b)),
        Value::String(s) => Ok(value(s.as_str())),
        Value::Array(items) => {
            let items: Option<Array> = items.iter().map(Value::as_str).collect();
            items.map(value).ok_or_else(|| "a list of names holds names".to_owned())
        }
        _ => Err("TOML settings hold no such value".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Edit, Everything, Format, merge, path};

    fn edits() -> Vec<Edit> {
        let server = ["mcp_servers", "s"];
        let at = |rest: &[&str]| path(&[&server, rest].concat());
        vec![
            Edit::Needs(at(&[])),
            Edit::Within {
                path: at(&["enabled_tools"]),
                items: vec!["read".to_owned(), "run".to_owned()],
                everything: Everything::Absent,
            },
            Edit::Union {
                path: at(&["disabled_tools"]),
                items: vec!["wipe".to_owned()],
            },
            Edit::Scale {
                path: at(&["tools", "a.b", "approval_mode"]),
                value: json!("prompt"),
                loosest_first: vec![json!("approve"), json!("prompt")],
                general: None,
            },
        ]
    }

    #[test]
    fn everything_else_stays_byte_for_byte() {
        let before = "# mine\nmodel = \"x\"   # why\n\n[mcp_servers.s]\nurl = 'https://x'\ndisabled_tools = [\n  \"old\", # a\n]\n\n[other]\nkey=1\n";
        let after = merge(before, Format::Toml, &edits()).expect("it fits").text;
        let mut lines = after.split_inclusive('\n');
        for line in before.split_inclusive('\n') {
            assert!(lines.any(|l| l == line), "{line:?} is gone from\n{after}");
        }
        assert!(
            after.contains("[mcp_servers.s.tools.\"a.b\"]\napproval_mode = \"prompt\"\n"),
            "{after}"
        );
        assert!(after.contains("enabled_tools = [\"read\", \"run\"]\n"), "{after}");
        assert_eq!(
            merge(&after, Format::Toml, &edits()).expect("it fits").text,
            after,
            "idempotent"
        );
    }

    #[test]
    fn a_server_that_is_not_there_is_an_error_with_a_way_out() {
        let error = merge("model = 'x'\n", Format::Toml, &edits()).expect_err("no server");
        assert!(error.contains("mcp_servers.s"), "{error}");
    }
}

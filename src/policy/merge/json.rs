//! Edits of JSON with comments, in the text itself.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstRootNode};
use serde_json::Value;

use super::{Change, dotted};

pub(super) fn read(text: &str) -> Result<Value, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value = jsonc_parser::parse_to_serde_value::<Option<Value>>(text, &ParseOptions::default());
    Ok(value.map_err(|e| e.to_string())?.unwrap_or(Value::Null))
}

pub(super) fn edit(text: &str, changes: &[Change]) -> Result<String, String> {
    if changes.is_empty() {
        return Ok(text.to_owned());
    }
    let (mark, text) = match text.strip_prefix('\u{feff}') {
        Some(rest) => ("\u{feff}", rest),
        None => ("", text),
    };
    let start = if text.trim().is_empty() { "{\n}\n" } else { text };
    let root = CstRootNode::parse(start, &ParseOptions::default()).map_err(|e| e.to_string())?;
    for change in changes {
        apply(&root, change)?;
    }
    Ok(format!("{mark}{root}"))
}

fn apply(root: &CstRootNode, change: &Change) -> Result<(), String> {
    match change {
        Change::Set(path, value) => {
            let (last, maps) = path.split_last().ok_or("a value needs a key")?;
            let map = map(root, maps)?;
            match map.get(last) {
                Some(property) => property.set_value(input(value)),
                None => drop(map.append(last, input(value))),
            }
        }
        Change::Insert(path, at, key, value) => drop(map(root, path)?.insert(*at, key, input(value))),
        Change::Remove(path) => {
            let (last, maps) = path.split_last().ok_or("a value needs a key")?;
            if let Some(property) = map(root, maps)?.get(last) {
                property.remove();
            }
        }
        Change::Push(path, item) => {
            let (last, maps) = path.split_last().ok_or("a value needs a key")?;
            let map = map(root, maps)?;
            if let Some(list) = map.array_value(last) {
                list.append(CstInputValue::String(item.clone()));
                return Ok(());
            }
            let list = CstInputValue::Array(vec![CstInputValue::String(item.clone())]);
            match map.get(last) {
                Some(property) => property.set_value(list),
                None => drop(map.append(last, list)),
            }
            if let Some(list) = map.array_value(last) {
                list.ensure_multiline();
            }
        }
        Change::Pull(path, at) => {
            let (last, maps) = path.split_last().ok_or("a value needs a key")?;
            let list = map(root, maps)?
                .array_value(last)
                .ok_or_else(|| format!("{} is no list", dotted(path)))?;
            if let Some(element) = list.elements().into_iter().nth(*at) {
                element.remove();
            }
        }
    }
    Ok(())
}

fn map(root: &CstRootNode, path: &[String]) -> Result<CstObject, String> {
    let in_the_way = || format!("{} is no map", dotted(path));
    let mut here = root.object_value_or_create().ok_or_else(in_the_way)?;
    for key in path {
        here = here.object_value_or_create(key).ok_or_else(in_the_way)?;
    }
    Ok(here)
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(b) => CstInputValue::Bool(*b),
        Value::Number(n) => CstInputValue::Number(n.to_string()),
        Value::String(s) => CstInputValue::String(s.clone()),
        Value::Array(items) => CstInputValue::Array(items.iter().map(input).collect()),
        Value::Object(map) => CstInputValue::Object(map.iter().map(|(k, v)| (k.clone(), input(v))).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Edit, Format, merge, path};

    fn edits() -> Vec<Edit> {
        vec![Edit::Levels {
            lists: vec![
                (path(&["permissions", "allow"]), vec!["mcp__s__read".to_owned()]),
                (path(&["permissions", "deny"]), vec!["mcp__s__wipe".to_owned()]),
            ],
            strictest_wins: true,
        }]
    }

    #[test]
    fn everything_else_stays_byte_for_byte() {
        let before = "// mine\r\n{\r\n\t\"model\":   \"x\", // why\r\n\t\"permissions\": {\r\n\t\t/* careful */\r\n\t\t\"deny\": [\r\n\t\t\t\"Bash(rm:*)\", // never\r\n\t\t],\r\n\t},\r\n}\r\n";
        let after = merge(before, Format::Json, &edits()).expect("it fits").text;
        let kept: Vec<&str> = before.split_inclusive('\n').collect();
        let mut lines = after.split_inclusive('\n');
        for line in kept {
            assert!(lines.any(|l| l == line), "{line:?} is gone from\n{after}");
        }
        assert!(after.contains("\"mcp__s__wipe\""), "{after}");
        assert_eq!(
            merge(&after, Format::Json, &edits()).expect("it fits").text,
            after,
            "idempotent"
        );
    }

    #[test]
    fn an_empty_file_becomes_a_whole_one() {
        let after = merge("", Format::Json, &edits()).expect("it fits").text;
        let value: serde_json::Value = serde_json::from_str(&after).expect("JSON");
        assert_eq!(value["permissions"]["deny"][0], "mcp__s__wipe");
    }

    #[test]
    fn a_key_written_twice_is_not_guessed_at() {
        let twice = "{\"permissions\": {\"deny\": []}, \"permissions\": {\"allow\": []}}";
        assert!(merge(twice, Format::Json, &edits()).is_err());
    }

    #[test]
    fn a_broken_file_is_an_error() {
        assert!(merge("{\"permissions\": ", Format::Json, &edits()).is_err());
    }
}

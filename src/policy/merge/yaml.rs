//! Edits of YAML, in the text itself. Lists in brackets are written anew where they hold no comment; everything else
//! is an edit at the place of the value alone.

use serde_json::Value;
use yamlpatch::{Op, Patch};
use yamlpath::{Component, Document, Route};

use super::{Change, Path, dotted};

pub(super) fn read(text: &str) -> Result<Value, String> {
    serde_saphyr::from_str(text).map_err(|e| e.to_string())
}

pub(super) fn edit(text: &str, changes: &[Change]) -> Result<String, String> {
    let mut text = text.to_owned();
    for change in changes {
        text = apply(&text, change)?;
    }
    Ok(text)
}

fn apply(text: &str, change: &Change) -> Result<String, String> {
    match change {
        Change::Set(path, value) => set(text, path, value),
        Change::Push(path, item) => {
            let list = read_at(text, path);
            match list {
                Value::Null => set(text, path, &Value::Array(vec![Value::String(item.clone())])),
                Value::Array(mut items) => {
                    if let Some(span) = bracketed(text, path)? {
                        items.push(Value::String(item.clone()));
                        return rewrite(text, span, &items);
                    }
                    let value = yaml_serde::Value::String(item.clone());
                    patch(text, path, Op::Append { value })
                }
                _ => Err(format!("{} is no list", dotted(path))),
            }
        }
        Change::Pull(path, at) => match (bracketed(text, path)?, read_at(text, path)) {
            (Some(span), Value::Array(mut items)) => {
                items.remove(*at);
                rewrite(text, span, &items)
            }
            (_, Value::Array(items)) if items.len() == 1 => set(text, path, &Value::Array(Vec::new())),
            _ => {
                let route = route(path).with_key(Component::Index(*at));
                patch_route(text, route, Op::Remove)
            }
        },
        Change::Insert(..) | Change::Remove(..) => Err("it cannot be edited in place".to_owned()),
    }
}

/// Writes a value, under the deepest map that is there.
fn set(text: &str, path: &Path, value: &Value) -> Result<String, String> {
    if !read_at(text, path).is_null() {
        return patch(text, path, Op::Replace(to_yaml(value)?));
    }
    if has(text, path) {
        return fill(text, path, value);
    }
    let mut there = path.len().saturating_sub(1);
    while there > 0 && !read_at(text, &path[..there].to_vec()).is_object() {
        there -= 1;
    }
    let mut new = value.clone();
    for key in path[there + 1..].iter().rev() {
        new = serde_json::json!({ key.as_str(): new });
    }
    let key = &path[there];
    if read(text).map_or(true, |v| v.is_null()) {
        let whole = serde_json::json!({ key.as_str(): new });
        let written = yaml_serde::to_string(&whole).map_err(|e| e.to_string())?;
        let gap = if text.is_empty() || text.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        return Ok(format!("{text}{gap}{written}"));
    }
    if has(text, &path[..=there].to_vec()) {
        return fill(text, &path[..=there].to_vec(), &new);
    }
    let op = Op::Add {
        key: key.clone(),
        value: to_yaml(&new)?,
    };
    patch(text, &path[..there].to_vec(), op)
}

/// Writes a value after a key that has none, in braces or brackets on its line.
fn fill(text: &str, path: &Path, value: &Value) -> Result<String, String> {
    let document = Document::new(text).map_err(|e| e.to_string())?;
    let key = document.query_key_only(&route(path)).map_err(|e| e.to_string())?;
    let end = key.location.byte_span.1;
    let colon = text[end..]
        .find(':')
        .ok_or_else(|| format!("{} has no colon", dotted(path)))?;
    let (before, after) = text.split_at(end + colon + 1);
    Ok(format!("{before} {value}{after}"))
}

fn patch(text: &str, path: &Path, op: Op<'_>) -> Result<String, String> {
    patch_route(text, route(path), op)
}

fn patch_route(text: &str, route: Route<'_>, operation: Op<'_>) -> Result<String, String> {
    let document = Document::new(text).map_err(|e| e.to_string())?;
    let patches = [Patch { route, operation }];
    let after = yamlpatch::apply_yaml_patches(&document, &patches).map_err(|e| e.to_string())?;
    Ok(after.source().to_owned())
}

fn route(path: &Path) -> Route<'_> {
    path.iter()
        .map(|key| Component::from(key.as_str()))
        .collect::<Vec<_>>()
        .into()
}

fn read_at(text: &str, path: &Path) -> Value {
    let mut here = read(text).unwrap_or(Value::Null);
    for key in path {
        here = here.get_mut(key).map_or(Value::Null, Value::take);
    }
    here
}

/// Whether the key is there, if only with nothing after it.
fn has(text: &str, path: &Path) -> bool {
    let Some((last, maps)) = path.split_last() else {
        return true;
    };
    read_at(text, &maps.to_vec()).get(last).is_some()
}

/// Where a list in brackets stands; `None` for one of lines.
fn bracketed(text: &str, path: &Path) -> Result<Option<(usize, usize)>, String> {
    let document = Document::new(text).map_err(|e| e.to_string())?;
    let Some(feature) = document.query_exact(&route(path)).map_err(|e| e.to_string())? else {
        return Ok(None);
    };
    let (start, end) = feature.location.byte_span;
    Ok(text[start..end].starts_with('[').then_some((start, end)))
}

fn rewrite(text: &str, (start, end): (usize, usize), items: &[Value]) -> Result<String, String> {
    if text[start..end].contains('#') {
        return Err("a list in brackets holds a comment: write it a line an item".to_owned());
    }
    let items: Vec<String> = items.iter().map(Value::to_string).collect();
    Ok(format!("{}[{}]{}", &text[..start], items.join(", "), &text[end..]))
}

fn to_yaml(value: &Value) -> Result<yaml_serde::Value, String> {
    yaml_serde::to_value(value).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::{Edit, Everything, Format, NO_TOOL, merge, path};

    fn within(at: &[&str], items: &[&str]) -> Edit {
        Edit::Within {
            path: path(at),
            items: items.iter().map(|i| (*i).to_owned()).collect(),
            everything: Everything::Empty,
        }
    }

    #[test]
    fn everything_else_stays_byte_for_byte() {
        let before = "# mine\nmodel_list:   # all\n  - name: 'x'\n\nmcp_servers:\n  s:\n    url: https://x # here\n    disallowed_tools: [\"old\"]\n  other: {url: y}\nlast: 1\n";
        let edits = [
            within(&["mcp_servers", "s", "allowed_tools"], &["read", "a: \"b\""]),
            Edit::Union {
                path: path(&["mcp_servers", "s", "disallowed_tools"]),
                items: vec!["wipe".to_owned()],
            },
        ];
        let after = merge(before, Format::Yaml, &edits).expect("it fits").text;
        let mut lines = after.split_inclusive('\n');
        for line in before.split_inclusive('\n').filter(|l| !l.contains("disallowed")) {
            assert!(lines.any(|l| l == line), "{line:?} is gone from\n{after}");
        }
        assert!(after.contains("disallowed_tools: [\"old\", \"wipe\"]\n"), "{after}");
        assert_eq!(
            merge(&after, Format::Yaml, &edits).expect("it fits").text,
            after,
            "idempotent"
        );
    }

    #[test]
    fn lists_of_lines_grow_and_shrink_with_their_comments() {
        let before = "s: # server\n  - read # fine\n  - wipe # no\n  # and\n  - other\nt:\n- a\n";
        let after = merge(
            before,
            Format::Yaml,
            &[within(&["s"], &["read"]), within(&["t"], &["b"])],
        )
        .expect("it fits");
        assert!(
            after.text.starts_with("s: # server\n  - read # fine\n"),
            "{}",
            after.text
        );
        assert!(
            !after.text.contains("wipe") && !after.text.contains("other"),
            "{}",
            after.text
        );
        assert!(after.text.contains(NO_TOOL), "{}", after.text);
    }

    #[test]
    fn an_empty_file_and_an_empty_value_are_filled() {
        let edits = [Edit::Union {
            path: path(&["user", "never_allow"]),
            items: vec!["s__wipe".to_owned()],
        }];
        for before in [
            "",
            "# only a comment\n",
            "user:\n",
            "user:\n  never_allow:\n",
            "user: {}\n",
            "user:\n  never_allow: []\n",
        ] {
            let after = merge(before, Format::Yaml, &edits).map(|m| m.text);
            assert!(
                after.as_ref().is_ok_and(|t| t.contains("s__wipe")),
                "{before:?}: {after:?}"
            );
        }
    }
}

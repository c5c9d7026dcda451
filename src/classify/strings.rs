//! Every string of a definition with its pointer: what people and models may read, wherever it stands. Pointers are
//! only written when somebody asks for one.

use crate::manifest::Tool;
use crate::tree::{Node, View};

/// What a string is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The tool's name, a parameter's name, a value of an enumeration.
    Identifier,
    /// A value that shows what could be passed.
    Sample,
    /// Anything else.
    Prose,
}

/// Whether addresses or pictures stand under a key, which nobody reads as text.
fn is_unread(key: &str) -> bool {
    matches!(key, "icons" | "_meta" | "$schema" | "$ref")
}

/// Strings of one definition that are looked at.
const MOST: usize = 20_000;

/// Where a string stands.
#[derive(Debug, Default)]
pub(crate) struct Path<'a> {
    steps: Vec<Step<'a>>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

impl Path<'_> {
    /// As a JSON Pointer (RFC 6901).
    pub(crate) fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.steps {
            pointer.push('/');
            match step {
                Step::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
                Step::Index(index) => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }
}

/// Hands each string of a tool to `take`, in the order of the definition.
pub(crate) fn each<'a>(tool: &'a Tool, take: &mut impl FnMut(&Path<'a>, &'a str, Role)) {
    let mut path = Path::default();
    let mut left = MOST;
    for (key, value) in tool.root().entries() {
        if is_unread(key) {
            continue;
        }
        path.steps.push(Step::Key(key));
        let role = if key == "name" { Role::Identifier } else { Role::Prose };
        walk(value, role, &mut path, &mut left, take);
        path.steps.pop();
    }
}

/// A definition is never nested deeper than [`crate::manifest::MAX_TOOL_DEPTH`], so recursion is bounded.
fn walk<'a>(
    value: Node<'a>,
    role: Role,
    path: &mut Path<'a>,
    left: &mut usize,
    take: &mut impl FnMut(&Path<'a>, &'a str, Role),
) {
    if *left == 0 {
        return;
    }
    match value.view() {
        View::Text(text) => {
            *left -= 1;
            take(path, text, role);
        }
        View::Array(items) => {
            for (index, item) in items.enumerate() {
                path.steps.push(Step::Index(index));
                walk(item, role, path, left, take);
                path.steps.pop();
            }
        }
        View::Object(entries) => {
            let names = matches!(path.steps.last(), Some(Step::Key("properties")));
            for (key, item) in entries {
                if is_unread(key) {
                    continue;
                }
                path.steps.push(Step::Key(key));
                if names && item.is_object() {
                    take(path, key, Role::Identifier);
                }
                let role = match key {
                    "enum" | "const" if !names => Role::Identifier,
                    "example" | "examples" | "default" | "pattern" if !names => Role::Sample,
                    _ => Role::Prose,
                };
                walk(item, role, path, left, take);
                path.steps.pop();
            }
        }
        _ => {}
    }
}

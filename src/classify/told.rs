//! Operations that a definition lists in words where its schema does not enumerate them: `action: 'list', 'delete'`
//! in a parameter's description, or `action='delete'` in the tool's. Finds quoted or barred values; what they do is
//! for [`super::name`] to say.

/// A value and where it stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    pub(crate) text: &'a str,
    pub(crate) start: usize,
}

/// Values that are looked at.
const MOST: usize = 60;
/// A value is a word, not a sentence.
const LONGEST: usize = 48;

/// The values that a parameter's own description lists: quoted, barred (`a|b`), or behind "one of" and a colon.
pub(crate) fn in_parameter(text: &str) -> Vec<Value<'_>> {
    let mut found = listed(text, '|');
    // "Operation to perform (create, delete)", "One of: create, delete".
    for open in [text.find('('), text.find(':')].into_iter().flatten() {
        let rest = &text[open + 1..];
        let end = rest.find([')', '.', '\n']).unwrap_or(rest.len());
        if !rest.trim_start().starts_with("e.g") {
            add(&mut found, shifted(listed(&rest[..end], ','), open + 1));
        }
    }
    add(&mut found, bullets(text, 0, Items::Explained));
    add(&mut found, quoted(text, 0));
    found
}

fn add<'a>(found: &mut Vec<Value<'a>>, more: Vec<Value<'a>>) {
    for value in more {
        if !found.iter().any(|known| known.text == value.text) && found.len() < MOST {
            found.push(value);
        }
    }
}

/// Which items of a list are values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Items {
    /// `- create: …`.
    Explained,
    /// Also `- create`, `- create (…)` and `- create / delete`: the heading says that they are.
    Any,
}

/// The items of a list.
fn bullets(text: &str, offset: usize, items: Items) -> Vec<Value<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let item = line.trim_start();
        if let Some(item) = item.strip_prefix(['-', '*', '•']) {
            let value = item.trim_start_matches([' ', '*', '`', '\'', '"']);
            let length = value
                .find(|c: char| !(c.is_alphanumeric() || "_-.".contains(c)))
                .unwrap_or(value.len());
            let behind = value[length..].trim_start_matches(['*', '`', '\'', '"', ' ']);
            let start = at + line.len() - value.len();
            let explained = behind.starts_with([':', '-', '–', '—']);
            let alone = items == Items::Any && (behind.trim().is_empty() || behind.starts_with(['(', '/']));
            if is_value(&value[..length]) && (explained || alone) && found.len() < MOST {
                found.push(Value {
                    text: &value[..length],
                    start: offset + start,
                });
                let beside = if alone && behind.starts_with('/') { behind } else { "" };
                let end = beside.find(['(', '\n']).unwrap_or(beside.len());
                let from = at + line.len() - behind.len();
                add(&mut found, shifted(listed(&beside[..end], '/'), offset + from));
            }
        }
        at += line.len();
    }
    found
}

/// The values that a tool's description gives to `parameter`: `parameter='x'` anywhere, and the quoted ones on a
/// line that begins with its name and a colon.
pub(crate) fn in_description<'a>(text: &'a str, parameter: &str) -> Vec<Value<'a>> {
    let mut found: Vec<Value<'a>> = Vec::new();
    for (at, _) in text.match_indices(parameter) {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &text[at + parameter.len()..];
        let behind = rest.trim_start_matches(['`', '*', ' ', '"', '\'']);
        if let Some(value) = behind
            .strip_prefix(['=', ':'])
            .map(|r| r.trim_start_matches('=').trim_start())
        {
            let from = text.len() - value.len();
            let line = value.find('\n').unwrap_or(value.len());
            let values = if rest.starts_with('=') {
                quoted(&text[from..from + line], from).into_iter().take(1).collect()
            } else {
                quoted(&text[from..from + line], from)
            };
            add(&mut found, values);
        }
    }
    add(&mut found, section(text));
    add(&mut found, in_line(text));
    found
}

/// What a tool's description says that it does where no parameter chooses: `Note ops: list/get/delete`.
pub(crate) fn by_itself(text: &str) -> Vec<Value<'_>> {
    /// Fewer may be said of something else.
    const FEWEST: usize = 3;
    let lists = headed(text).filter(Headed::speaks_of_operations).flat_map(|line| {
        let lists = ['|', '/', ','].map(|separator| alone(line.rest, separator));
        lists.map(|values| shifted(values, line.from))
    });
    lists
        .into_iter()
        .find(|values| values.len() >= FEWEST)
        .unwrap_or_default()
}

/// `Actions: list | get | delete`, `Manage notes: list, get, delete_all (needs an id).`
fn in_line(text: &str) -> Vec<Value<'_>> {
    let mut found = Vec::new();
    for line in headed(text).filter(|line| line.number == 0 || line.speaks_of_operations()) {
        let separator = if line.rest.contains('|') { '|' } else { ',' };
        add(&mut found, shifted(alone(line.rest, separator), line.from));
    }
    found
}

/// A line with a colon.
struct Headed<'a> {
    /// From 0.
    number: usize,
    /// What stands before the colon.
    head: &'a str,
    /// What stands behind it.
    rest: &'a str,
    /// Where that begins in the text.
    from: usize,
}

impl Headed<'_> {
    fn speaks_of_operations(&self) -> bool {
        let head = self.head.as_bytes();
        let ends_in = |word: &str| {
            let from = head.len().checked_sub(word.len());
            from.is_some_and(|from| head[from..].eq_ignore_ascii_case(word.as_bytes()))
        };
        [" ops", "operations", "actions"].into_iter().any(ends_in)
    }
}

fn headed(text: &str) -> impl Iterator<Item = Headed<'_>> {
    let mut at = 0;
    text.split_inclusive('\n')
        .enumerate()
        .filter_map(move |(number, line)| {
            let start = at;
            at += line.len();
            let (head, rest) = line.split_once(':')?;
            Some(Headed {
                number,
                head: head.trim(),
                rest,
                from: start + head.len() + 1,
            })
        })
}

/// The values of a list in which nothing else stands, but for what is in brackets: up to the end of its sentence.
fn alone(text: &str, separator: char) -> Vec<Value<'_>> {
    let mut values = Vec::new();
    let mut depth = 0_usize;
    let mut from = 0;
    let ends = text.char_indices().filter(|(at, c)| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let stop = matches!(c, '.' | ';') && text[at + 1..].chars().next().is_none_or(char::is_whitespace);
        depth == 0 && (*c == separator || *c == '\n' || stop)
    });
    let mut ends: Vec<(usize, char)> = ends.take(MOST).collect();
    ends.push((text.len(), '\n'));
    for (end, mark) in ends {
        let part = &text[from..end];
        let word = part.split('(').next().unwrap_or_default();
        let value = word.trim().trim_matches(['`', '"', '\'', '*']);
        if !is_value(value) {
            return Vec::new();
        }
        values.push(Value {
            text: value,
            start: value.as_ptr() as usize - text.as_ptr() as usize,
        });
        if mark != separator {
            break;
        }
        from = end + 1;
    }
    if values.len() > 1 { values } else { Vec::new() }
}

/// The items below a heading that speaks of operations or actions, up to the next heading.
fn section(text: &str) -> Vec<Value<'_>> {
    let mut from = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        let heading = trimmed.starts_with('#') || trimmed.ends_with(':') && !trimmed.starts_with(['-', '*']);
        if heading {
            if let Some(from) = from {
                return bullets(&text[from..at], from, Items::Any);
            }
            let words = trimmed.to_ascii_lowercase();
            if words.contains("operations") || words.contains("actions") {
                from = Some(at + line.len());
            }
        }
        at += line.len();
    }
    from.map_or_else(Vec::new, |from| bullets(&text[from..], from, Items::Any))
}

fn quoted(text: &str, offset: usize) -> Vec<Value<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find(['\'', '"', '`', '“']).map(|i| at + i) {
        let mark = text[open..].chars().next().unwrap_or('"');
        let start = open + mark.len_utf8();
        let close = if mark == '“' { '”' } else { mark };
        let rest = &text[start..];
        match rest.find([close, '\n']) {
            Some(length) if is_value(&rest[..length]) && rest[length..].starts_with(close) => {
                found.push(Value {
                    text: &rest[..length],
                    start: offset + start,
                });
                at = start + length + close.len_utf8();
            }
            _ => at = start,
        }
        if found.len() >= MOST {
            break;
        }
    }
    found
}

fn listed(text: &str, separator: char) -> Vec<Value<'_>> {
    let parts = text.split(separator).take(MOST).filter_map(|part| {
        let value = part
            .trim_start_matches(|c: char| !c.is_alphanumeric())
            .split(|c: char| c.is_whitespace() || "()[]{}.;:'\"`".contains(c))
            .next()?;
        let value = value.trim_end_matches(|c: char| !c.is_alphanumeric());
        is_value(value).then(|| Value {
            text: value,
            start: value.as_ptr() as usize - text.as_ptr() as usize,
        })
    });
    if text.contains(separator) {
        parts.collect()
    } else {
        Vec::new()
    }
}

fn shifted(values: Vec<Value<'_>>, by: usize) -> Vec<Value<'_>> {
    values
        .into_iter()
        .map(|value| Value {
            start: value.start + by,
            ..value
        })
        .collect()
}

fn is_value(text: &str) -> bool {
    (2..=LONGEST).contains(&text.len())
        && text.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
        && text.chars().any(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<'a>(values: &[Value<'a>]) -> Vec<&'a str> {
        values.iter().map(|v| v.text).collect()
    }

    #[test]
    fn values_are_found_where_they_are_listed() {
        assert_eq!(texts(&in_parameter("'list' or 'delete'.")), ["list", "delete"]);
        assert_eq!(texts(&in_parameter("list|get|delete")), ["list", "get", "delete"]);
        assert_eq!(
            texts(&in_parameter("What to do (create, delete)")),
            ["create", "delete"]
        );
        assert_eq!(
            texts(&in_parameter("One of:\n - create: Makes it\n - wipe: Ends it")),
            ["create", "wipe"]
        );
        assert!(in_parameter("What to do").is_empty());
        assert!(in_parameter("A name (e.g., MakeIt, TakeIt)").is_empty());
        let sections = "Does it.\n## Operations\n- **get-x**: Gets\n- **end-x**: Ends\n## Tips\n- other: no";
        assert_eq!(texts(&in_description(sections, "operation")), ["get-x", "end-x"]);
        let text = "Runs it.\naction: say 'start', 'stop'\nother: 'x-y'\nUse action='wipe'";
        assert_eq!(texts(&in_description(text, "action")), ["start", "stop", "wipe"]);
        for value in in_description(text, "action") {
            assert_eq!(&text[value.start..value.start + value.text.len()], value.text);
        }
        assert!(in_description("transaction='x'", "action").is_empty());
        let barred = "Governs notes.\nActions: create | list_all | delete.";
        assert_eq!(
            texts(&in_description(barred, "action")),
            ["create", "list_all", "delete"]
        );
        let inline = "Manage notes: get, move_all (to a box, at once), list. Ask first: yes, no.";
        let values = in_description(inline, "action");
        assert_eq!(texts(&values), ["get", "move_all", "list"]);
        for value in values {
            assert_eq!(&inline[value.start..value.start + value.text.len()], value.text);
        }
        let section = "Keeps notes.\nActions:\n- add_note / remove_note (with a reason)\n- get_note\n";
        let values = in_description(section, "action");
        assert_eq!(texts(&values), ["add_note", "remove_note", "get_note"]);
        for value in values {
            assert_eq!(&section[value.start..value.start + value.text.len()], value.text);
        }
        let ops = "About notes.\nNote ops: list/get/dropAll (each alone). More: a/b/c.";
        let values = by_itself(ops);
        assert_eq!(texts(&values), ["list", "get", "dropAll"]);
        for value in values {
            assert_eq!(&ops[value.start..value.start + value.text.len()], value.text);
        }
        assert!(by_itself("Sorts by: name/date/size. Operations: see below, or ask.").is_empty());
        assert!(in_description("Sorts notes: the newest, then the oldest.", "action").is_empty());
    }
}

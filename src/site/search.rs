//! The search index: scripts that a page loads as it needs them, each a call of `shard(NAME, VALUE)`, so that search
//! works from disk, where nothing can be fetched. Words of names lead to tools; tools stand in chunks; labels in one
//! string, a letter a tool.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::index::Index;
use super::out::Out;
use crate::error::Result;
use crate::output::json;
use crate::page::references::words;

/// Tools in a chunk.
const CHUNK: usize = 128;
/// Bytes of a part of the words that is still loaded in one piece.
const PART: usize = 48_000;
/// Letters of a word that may tell parts apart.
const DEEPEST: usize = 6;

/// Where a word stands: tools of that name, tools of servers of that name.
type Postings = BTreeMap<Box<str>, (Vec<u32>, Vec<u32>)>;

/// Writes the index.
pub(super) fn write(index: &Index, out: &Out) -> Result<()> {
    out.folder("search")?;
    chunks(index, out)?;
    labels(index, out)?;
    let signals = signals(index, out)?;
    let parts = parts(index, out)?;
    let meta = json!({ "chunk": CHUNK, "parts": parts, "signals": signals });
    shard(out, "meta", &meta)
}

fn shard(out: &Out, name: &str, value: &Value) -> Result<()> {
    let mut text = format!("shard(\"{name}\",").into_bytes();
    // Hidden and control characters become escapes, so that no line separator ends the script's line.
    json::compact(value, &mut text)?;
    text.extend_from_slice(b");\n");
    out.write(&format!("search/{name}.js"), &text)
}

/// `[[folder, name], …], [[server, file, name, says], …]` for each run of tools.
fn chunks(index: &Index, out: &Out) -> Result<()> {
    for (number, tools) in index.tools.chunks(CHUNK).enumerate() {
        let first = tools[0].server;
        let last = tools[tools.len() - 1].server;
        let servers: Vec<Value> = index.servers[first as usize..=last as usize]
            .iter()
            .map(|s| json!([s.slug, s.name]))
            .collect();
        let tools: Vec<Value> = tools
            .iter()
            .map(|t| json!([t.server - first, t.slug, t.name, t.says]))
            .collect();
        shard(out, &format!("d-{number}"), &json!([servers, tools]))?;
    }
    Ok(())
}

/// A letter a tool: `A` and three times the category plus the risk.
fn labels(index: &Index, out: &Out) -> Result<()> {
    let letter = |t: &super::index::ToolEntry| char::from(b'A' + t.label.category as u8 * 3 + t.label.risk as u8);
    let text: String = index.tools.iter().map(letter).collect();
    shard(out, "labels", &Value::String(text))
}

/// The tools of each signal that occurs; which ones do, and how often.
fn signals(index: &Index, out: &Out) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    for (bit, (id, _)) in index.signals.iter().enumerate().take(64) {
        let having = |t: &super::index::ToolEntry| t.signals >> bit & 1 == 1;
        let ids: Vec<u32> = (0..)
            .zip(&index.tools)
            .filter(|(_, t)| having(t))
            .map(|(id, _)| id)
            .collect();
        if !ids.is_empty() {
            found.push(json!([id, ids.len()]));
            shard(out, &format!("s-{id}"), &deltas(&ids))?;
        }
    }
    Ok(found)
}

/// Words in parts by their first letters, as many letters as it takes; the names of the parts.
fn parts(index: &Index, out: &Out) -> Result<Vec<String>> {
    let mut postings: Postings = BTreeMap::new();
    for (word, ids) in &index.by_word {
        postings.entry(word.clone()).or_default().0.clone_from(ids);
    }
    for server in &index.servers {
        for word in words(&server.name).into_iter().collect::<BTreeSet<_>>() {
            let ids = &mut postings.entry(word.into()).or_default().1;
            ids.extend(server.first..server.first + server.tools);
        }
    }
    let plain = |word: &str| {
        word.bytes()
            .take(2)
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    let mut groups: BTreeMap<String, Vec<(&str, Value)>> = BTreeMap::new();
    for (word, (names, servers)) in &postings {
        let group = if plain(word) {
            word.chars().take(1).collect()
        } else {
            "_".to_owned()
        };
        let value = json!([deltas(names), deltas(servers)]);
        groups.entry(group).or_default().push((word, value));
    }
    let mut names = Vec::new();
    for (prefix, words) in groups {
        split(prefix, words, out, &mut names)?;
    }
    names.sort();
    Ok(names)
}

/// Writes a part, or parts of it where it is too large. A word as short as its part's prefix stays with the prefix.
fn split(prefix: String, words: Vec<(&str, Value)>, out: &Out, names: &mut Vec<String>) -> Result<()> {
    let size: usize = words
        .iter()
        .map(|(word, value)| word.len() + value.to_string().len())
        .sum();
    let depth = prefix.chars().count();
    let mut here = serde_json::Map::new();
    if size <= PART || depth >= DEEPEST || words.len() < 2 || prefix == "_" {
        here.extend(words.into_iter().map(|(word, value)| (word.to_owned(), value)));
    } else {
        let mut longer: BTreeMap<String, Vec<(&str, Value)>> = BTreeMap::new();
        for (word, value) in words {
            let next: String = word.chars().take(depth + 1).collect();
            // File names are ASCII: what goes on otherwise stays here.
            if next.chars().count() == depth || !next.is_ascii() {
                here.insert(word.to_owned(), value);
            } else {
                longer.entry(next).or_default().push((word, value));
            }
        }
        for (next, words) in longer {
            split(next, words, out, names)?;
        }
    }
    if !here.is_empty() {
        shard(out, &format!("w-{prefix}"), &Value::Object(here))?;
        names.push(prefix);
    }
    Ok(())
}

/// Ascending numbers as the steps between them: short in a file.
fn deltas(ids: &[u32]) -> Value {
    let mut before = 0;
    let step = |id: &u32| {
        let step = id - before;
        before = *id;
        step
    };
    ids.iter().map(step).collect::<Vec<_>>().into()
}

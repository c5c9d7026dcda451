//! From text to what it holds: the format told from the text itself (JSON with or without comments, TOML, YAML),
//! then recognised, then turned into manifests and servers to contact. One document; many documents a
//! line each are [`super::jsonl`]'s.

use std::path::Path;

use serde_json::Value;

use super::Failure;
use super::candidate::Candidate;
use super::client::{self, Configured};
use super::expand::Environment;
use super::json::{self, SyntaxError};
use super::listing::Listing;
use super::live::Limits;
use super::package;
use super::recognise::{Content, Regard, Unusable, recognise};
use crate::error::Error;
use crate::manifest::{Manifest, Problem};

/// Why a configuration without servers is left out.
pub const NO_SERVER: &str = "it configures no server";

/// One thing that a document holds.
#[derive(Debug)]
pub enum Item {
    /// A listing.
    Manifest(Manifest),
    /// A server that can be contacted.
    Server(Box<Candidate>),
    /// A server that is not to be contacted, and why.
    Skipped {
        /// Its name.
        name: String,
        /// Why.
        why: String,
    },
    /// What could not be read.
    Failure(Failure),
    /// The document is some other program's.
    Foreign(Failure),
}

/// What is known about a document beside its text.
pub struct Source<'a> {
    /// How it was named: a path, or `stdin`.
    pub origin: &'a str,
    /// The name of a server that the document does not name.
    pub name: String,
    /// Where it is, for paths that are relative to it.
    pub file: &'a Path,
    /// How it came to be read.
    pub regard: Regard,
    /// The limits of one server.
    pub limits: &'a Limits,
    /// Where variables come from.
    pub environment: &'a Environment,
}

impl<'a> Source<'a> {
    /// A document at a path.
    pub fn at(file: &'a Path, origin: &'a str, limits: &'a Limits, environment: &'a Environment) -> Self {
        Self {
            origin,
            name: name_of(file),
            file,
            regard: Regard::Named,
            limits,
            environment,
        }
    }

    /// A failure of the whole document.
    pub fn failure(&self, message: &str, help: impl Into<String>) -> Failure {
        Failure {
            source: self.origin.to_owned(),
            error: Error::partial(format!("{}: {message}", self.origin)).help(help),
        }
    }

    /// A failure at a place in the document.
    pub fn syntax(&self, error: &SyntaxError, format: &str) -> Failure {
        let place = match error.line {
            0 => self.origin.to_owned(),
            line => format!("{}:{line}:{}", self.origin, error.column.max(1)),
        };
        // Where the way out is special, the message says all.
        let what = if error.help.is_some() {
            String::new()
        } else {
            format!("this is not {format}: ")
        };
        let help = error.help.clone().unwrap_or_else(|| {
            format!("mend the {format}, or save the listing again: what tools/list answers, as it is")
        });
        Failure {
            source: self.origin.to_owned(),
            error: Error::partial(format!("{place}: {what}{}", error.message)).help(help),
        }
    }

    fn unusable(&self, unusable: Unusable) -> Item {
        let failure = self.failure(&unusable.message, unusable.help);
        if unusable.foreign {
            Item::Foreign(failure)
        } else {
            Item::Failure(failure)
        }
    }
}

/// The value of a text in any of the formats, for looking around in it; `None` where it is none.
pub fn parse(text: &str) -> Option<Value> {
    if looks_like_json(text) && !starts_with_table(text) {
        return json::parse_text(text.to_owned()).ok().map(|document| document.value);
    }
    let toml = toml::from_str(text).ok();
    toml.or_else(|| serde_saphyr::from_str(text).ok())
}

/// Everything that a document of one value holds.
pub fn read(text: String, source: &Source<'_>) -> Vec<Item> {
    if text.trim().is_empty() {
        let help = "save what tools/list answers: {\"tools\": [...]}";
        return vec![Item::Failure(source.failure("there is nothing in it", help))];
    }
    let json = looks_like_json(&text);
    if json && !starts_with_table(&text) {
        return match json::parse_text(text) {
            Ok(document) => value(document.value, document.problems, source),
            Err(error) => vec![Item::Failure(source.syntax(&error, "JSON"))],
        };
    }
    match toml::from_str::<Value>(&text) {
        Ok(parsed) => value(parsed, Vec::new(), source),
        Err(error) if looks_like_toml(&text) => {
            let (line, column) = error
                .span()
                .map_or((1, 1), |span| json::position(text.as_bytes(), span.start));
            vec![Item::Foreign(
                source.syntax(&SyntaxError::at(line, column, error.message()), "TOML"),
            )]
        }
        Err(_) => match serde_saphyr::from_str::<Value>(&text) {
            Ok(parsed @ (Value::Object(_) | Value::Array(_))) => value(parsed, Vec::new(), source),
            Ok(_) => {
                let message = "this is neither JSON nor TOML nor YAML with tools or servers in it";
                let help = "save what tools/list answers, or name a client's configuration";
                vec![Item::Foreign(source.failure(message, help))]
            }
            Err(error) => {
                let place = error.location();
                let (line, column) = place.map_or((1, 1), |at| (at.line() as usize, at.column() as usize));
                let error = SyntaxError::at(line, column, yaml_reason(&error.to_string()));
                vec![Item::Foreign(source.syntax(&error, "YAML"))]
            }
        },
    }
}

/// The reason in a YAML error, which begins with its place.
fn yaml_reason(text: &str) -> &str {
    if text.contains("budget breached") || text.contains("recursion limit") {
        return "it is nested or repeated beyond what is safe to read";
    }
    let line = text.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    match line.split_once(": ") {
        Some((place, reason)) if place.starts_with("line ") => reason,
        _ => line,
    }
}

/// Everything that a parsed document holds.
pub fn value(value: Value, problems: Vec<Problem>, source: &Source<'_>) -> Vec<Item> {
    match recognise(value, source.regard) {
        Ok(content) => items(content, problems, source),
        Err(unusable) => vec![source.unusable(unusable)],
    }
}

/// Manifests and servers of recognised content.
pub fn items(content: Content, problems: Vec<Problem>, source: &Source<'_>) -> Vec<Item> {
    let mut listings = match content {
        Content::Listings(listings) => listings,
        Content::Page(listing) => vec![listing],
        Content::Tool(declared, tool) => vec![Listing::new(declared, vec![tool])],
        Content::Config(config) => {
            let servers = client::servers(&config, source.file, source.environment);
            if servers.is_empty() {
                return vec![Item::Skipped {
                    name: source.origin.to_owned(),
                    why: NO_SERVER.to_owned(),
                }];
            }
            return servers.into_iter().map(Item::from).collect();
        }
        Content::Registry(records) => {
            let candidate = |record: &Value| package::candidate(record, source.file, source.environment);
            let item = |record: &Value| match candidate(record) {
                Ok(candidate) => Item::Server(Box::new(candidate)),
                Err(failure) => Item::Failure(failure),
            };
            return records.iter().map(item).collect();
        }
        Content::Handshake(_) | Content::Traffic => {
            let message = "this is recorded traffic without a listing";
            return vec![Item::Failure(source.failure(message, "save the answer to tools/list"))];
        }
    };
    if let Some(first) = listings.first_mut() {
        first.problems.splice(0..0, problems);
    }
    listings.into_iter().map(|listing| manifest(listing, source)).collect()
}

/// The manifest of a listing, unless it is larger than the limits allow.
pub fn manifest(listing: Listing, source: &Source<'_>) -> Item {
    let limit = source.limits.max_tools;
    if listing.tools.len() > limit as usize {
        let name = listing.declared.name.as_deref().unwrap_or(&source.name);
        return Item::Failure(too_many(name, listing.tools.len(), source));
    }
    Item::Manifest(listing.into_manifest(&source.name, source.origin))
}

/// The failure of a listing with more tools than the limit.
pub fn too_many(name: &str, count: usize, source: &Source<'_>) -> Failure {
    let limit = source.limits.max_tools;
    let name = crate::text::escape::one_line(name);
    source.failure(
        &format!("server {name:?} lists {count} tools, more than the limit of {limit}"),
        format!("raise it, if that is meant: --max-tools {count}"),
    )
}

impl From<Configured> for Item {
    fn from(configured: Configured) -> Self {
        match configured {
            Configured::Server(candidate) => Self::Server(candidate),
            Configured::Skipped { name, why } => Self::Skipped { name, why },
            Configured::Broken(failure) => Self::Failure(failure),
        }
    }
}

/// Whether text begins as JSON does, whatever its file is called: an object, an array, or a comment before one.
pub fn looks_like_json(text: &str) -> bool {
    let text = text.trim_start_matches('\u{FEFF}').trim_start();
    if text.starts_with("//") || text.starts_with("/*") {
        return true;
    }
    let inner = text.get(1..).unwrap_or_default().trim_start();
    if text.starts_with('{') {
        return inner.is_empty() || inner.starts_with(['"', '}', '/']);
    }
    // An array of TOML's begins with a bare key; one of JSON's with a value.
    let value = inner.starts_with(|c: char| "[{\"]-/".contains(c) || c.is_ascii_digit());
    let word = ["true", "false", "null"].iter().any(|word| inner.starts_with(word));
    text.starts_with('[') && (inner.is_empty() || value || word)
}

/// Whether the first line is the header of a TOML table and not an array.
fn starts_with_table(text: &str) -> bool {
    let line = text.trim_start().lines().next().unwrap_or_default();
    let header = line.split('#').next().unwrap_or_default().trim();
    header.starts_with("[[")
        && header.ends_with("]]")
        && header.len() > 4
        && header[2..].starts_with(|c: char| c.is_alphabetic())
}

/// Whether text that is no TOML was meant to be: a table's header or a key and its value stand somewhere.
fn looks_like_toml(text: &str) -> bool {
    text.lines().map(str::trim).any(|line| {
        let key = line.split('=').next().unwrap_or_default().trim();
        let table = line.starts_with('[') && line.ends_with(']') && line.len() > 2 && !line.contains(['{', ',']);
        table
            || (line.contains('=')
                && !key.is_empty()
                && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)))
    })
}

/// The name of a server after its file: the file's own, or its folder's where the file is called as all are.
fn name_of(file: &Path) -> String {
    const PLAIN: [&str; 8] = [
        "tools",
        "tools-list",
        "tools_list",
        "manifest",
        "server",
        "mcp",
        "index",
        "listing",
    ];
    let part = |path: Option<&std::ffi::OsStr>| path.map(|name| name.to_string_lossy().into_owned());
    let stem = part(file.file_stem()).unwrap_or_else(|| "server".to_owned());
    if PLAIN.contains(&stem.as_str())
        && let Some(folder) = part(file.parent().and_then(Path::file_name))
    {
        return folder;
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_from_the_text() {
        for json in [
            "{\"a\":1}",
            " [ {",
            "// x\n{",
            "[[1]]",
            "[]",
            "{",
            "[true]",
            "\u{FEFF}{}",
        ] {
            assert!(looks_like_json(json), "{json}");
        }
        for other in [
            "[mcp_servers.a]",
            "a: 1",
            "[![badge](x)](y)",
            "{{ template }}",
            "{% if %}",
            "# a",
            "",
        ] {
            assert!(!looks_like_json(other), "{other}");
        }
    }

    #[test]
    fn a_server_is_named_after_its_file_or_its_folder() {
        assert_eq!(name_of(Path::new("a/notes.json")), "notes");
        assert_eq!(name_of(Path::new("servers/github/tools.json")), "github");
        assert_eq!(name_of(Path::new("tools.json")), "tools");
    }
}

//! What a document is, decided by its content alone: a listing in one of many shapes, a client's configuration,
//! a registry's record, a line of recorded traffic, or nothing of ours. Pure; one value in, one [`Content`] out.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::client;
use super::listing::{Declared, Listing, MORE_PAGES, is_tool, text};
use super::package;
use crate::manifest::{Problem, kind};

/// What a document turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Listings, each of a server of its own.
    Listings(Vec<Listing>),
    /// A listing, or a page of one, that names no server.
    Page(Listing),
    /// One tool, and the server it says it belongs to.
    Tool(Declared, Value),
    /// A client's configuration: [`client::servers`] reads it.
    Config(Value),
    /// A registry's record of how to run or reach servers: [`package::specs`] reads it.
    Registry(Vec<Value>),
    /// The answer to `initialize` in recorded traffic.
    Handshake(Declared),
    /// Recorded traffic without tools.
    Traffic,
}

/// Why a document holds nothing for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// What it is instead.
    pub message: String,
    /// The way out.
    pub help: String,
    /// Whether it is some other program's document, which a folder may well hold beside manifests.
    pub foreign: bool,
}

impl Unusable {
    fn foreign(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: "save what tools/list answers, or name a client's configuration, an MCPB manifest or a live server"
                .to_owned(),
            foreign: true,
        }
    }

    fn ours(message: impl Into<String>, help: &str) -> Self {
        Self {
            message: message.into(),
            help: help.to_owned(),
            foreign: false,
        }
    }
}

/// Says what a document is.
pub fn recognise(value: Value) -> Result<Content, Unusable> {
    match value {
        Value::Object(object) => recognise_object(object),
        Value::Array(items) => recognise_array(items),
        other => Err(Unusable::foreign(format!(
            "this holds no tools: it is {}, not an object or an array",
            kind(&other)
        ))),
    }
}

fn recognise_object(mut object: Map<String, Value>) -> Result<Content, Unusable> {
    if let Some(schema) = object.get("schema").and_then(Value::as_str)
        && schema.starts_with("mcpclass")
    {
        return Err(Unusable {
            foreign: true,
            ..Unusable::ours(
                "this is a result of mcpclass, which holds labels and not the definitions they are about",
                "scan the server or the saved listing that the result was made from",
            )
        });
    }
    if object.contains_key("jsonrpc") || object.get("result").is_some_and(|result| result.get("tools").is_some()) {
        return recognise_message(object);
    }
    let bundle = object.contains_key("manifest_version") || object.contains_key("dxt_version");
    if bundle && object.contains_key("server") {
        return Ok(Content::Listings(vec![bundle_listing(object)]));
    }
    let value = Value::Object(object);
    if is_tool(&value) {
        let (declared, value) = split(value);
        return Ok(Content::Tool(declared, value));
    }
    if client::is_config(&value) {
        return Ok(Content::Config(value));
    }
    if package::is_record(&value) {
        return Ok(Content::Registry(vec![value]));
    }
    let Value::Object(map) = value else {
        unreachable!("it was an object")
    };
    object = map;
    if matches!(object.get("tools"), Some(Value::Array(_) | Value::Object(_))) {
        return Ok(listing(object));
    }
    if let Some(records) = package::records(&object) {
        return Ok(Content::Registry(records));
    }
    // Docker's catalogue keeps its servers one level down.
    let servers = match object.get("registry") {
        Some(Value::Object(inner)) => inner,
        _ => &object,
    };
    if let Some(listings) = map_of_servers(servers) {
        return Ok(Content::Listings(listings));
    }
    let keys: Vec<String> = object.keys().take(4).map(|key| format!("{key:?}")).collect();
    Err(Unusable::foreign(if keys.is_empty() {
        "this holds no tools: it is an empty object".to_owned()
    } else {
        format!("this holds no tools: an object with {}", keys.join(", "))
    }))
}

/// A JSON-RPC message, alone or as a line of recorded traffic.
fn recognise_message(mut object: Map<String, Value>) -> Result<Content, Unusable> {
    if let Some(error) = object.get("error").filter(|e| !e.is_null()) {
        let message = text(error, "message").unwrap_or_else(|| error.to_string());
        let code = error.get("code").map_or_else(String::new, |code| format!(" {code}"));
        return Err(Unusable::ours(
            format!("this is a server's error{code}, not a listing: {message}"),
            "save the answer of a tools/list that succeeds",
        ));
    }
    let Some(Value::Object(result)) = object.shift_remove("result") else {
        return Ok(Content::Traffic);
    };
    if result.get("tools").is_some_and(Value::is_array) {
        return Ok(listing(result));
    }
    if let Some(info) = result.get("serverInfo") {
        let result_text = |key: &str| result.get(key).and_then(Value::as_str).map(str::to_owned);
        return Ok(Content::Handshake(Declared {
            protocol: result_text("protocolVersion"),
            instructions: result_text("instructions"),
            ..Declared::from_value(info)
        }));
    }
    Ok(Content::Traffic)
}

/// An object with `tools`: a result, a page, a `{server, tools}` record.
fn listing(mut object: Map<String, Value>) -> Content {
    let mut problems = Vec::new();
    let tools = match object.shift_remove("tools") {
        Some(Value::Array(tools)) => tools,
        Some(Value::Object(map)) => named_tools(map),
        other => {
            let what = other.as_ref().map_or("absent", kind);
            problems.push(Problem::new("/tools", format!("tools is {what}, not an array")));
            Vec::new()
        }
    };
    let meta = || object.get("_meta")?.get("io.modelcontextprotocol/serverInfo");
    let info = ["server", "serverInfo"]
        .iter()
        .find_map(|key| object.get(*key))
        .or_else(meta);
    let mut declared = info.map(Declared::from_value).unwrap_or_default();
    let own = Value::Object(object);
    if declared.name.is_none() {
        declared = declared.or(Declared::from_value(&own));
    }
    declared.version = declared.version.or_else(|| text(&own, "version"));
    declared.instructions = declared.instructions.or_else(|| text(&own, "instructions"));
    let named = declared.name.is_some();
    let mut listing = Listing::new(declared, tools);
    listing.problems = problems;
    if own.get("nextCursor").is_some_and(|cursor| !cursor.is_null()) {
        listing.incomplete(MORE_PAGES);
    }
    if named {
        Content::Listings(vec![listing])
    } else {
        Content::Page(listing)
    }
}

/// A map of definitions by name, each named after its key where it has no name of its own.
fn named_tools(map: Map<String, Value>) -> Vec<Value> {
    map.into_iter()
        .map(|(name, mut tool)| {
            if let Value::Object(object) = &mut tool {
                object.entry("name").or_insert(Value::String(name));
            }
            tool
        })
        .collect()
}

/// A tool without the server that it says it belongs to, which is no part of its definition.
fn split(mut value: Value) -> (Declared, Value) {
    let server = value.as_object_mut().and_then(|object| object.shift_remove("server"));
    (server.as_ref().map(Declared::from_value).unwrap_or_default(), value)
}

/// The manifest of an MCPB bundle. Its own list has names and descriptions only; the answers that Windows keeps
/// beside it are whole, and win.
fn bundle_listing(mut object: Map<String, Value>) -> Listing {
    let saved = object
        .get_mut("_meta")
        .and_then(|meta| meta.pointer_mut("/com.microsoft.windows/static_responses/tools~1list/tools"))
        .map(Value::take);
    let generated = object.get("tools_generated").and_then(Value::as_bool) == Some(true);
    let own = object.shift_remove("tools");
    let manifest = Value::Object(object);
    let declared = Declared {
        name: text(&manifest, "display_name").or_else(|| text(&manifest, "name")),
        version: text(&manifest, "version"),
        ..Declared::default()
    };
    let mut listing = Listing::new(declared, Vec::new());
    match (saved, own) {
        (Some(Value::Array(tools)), _) => listing.tools = tools,
        (_, Some(Value::Array(tools))) => {
            listing.tools = tools;
            if generated {
                listing.incomplete("tools_generated is true: the bundle makes further tools when it runs");
            }
        }
        (_, Some(other)) => listing.incomplete(&format!("tools is {}, not an array", kind(&other))),
        (_, None) => listing.incomplete("the bundle's manifest lists no tools; they are known when it runs"),
    }
    listing
}

/// A map of servers by name whose values hold tools: toolsdk's packages, Docker's catalogue.
fn map_of_servers(map: &Map<String, Value>) -> Option<Vec<Listing>> {
    let holds_tools = |value: &Value| match value {
        Value::Object(object) => matches!(object.get("tools"), Some(Value::Array(_) | Value::Object(_))),
        Value::Array(items) => !items.is_empty() && items.iter().all(is_tool),
        _ => false,
    };
    let objects = map.values().all(|value| value.is_object() || holds_tools(value));
    if !objects || !map.values().any(holds_tools) {
        return None;
    }
    let listings = map.iter().filter(|(_, value)| holds_tools(value)).map(|(name, value)| {
        let tools = value.get("tools").unwrap_or(value);
        let tools = match tools {
            Value::Object(tools) => named_tools(tools.clone()),
            Value::Array(tools) => tools.clone(),
            _ => Vec::new(),
        };
        let declared = Declared {
            name: Some(name.clone()),
            version: text(value, "version"),
            ..Declared::default()
        };
        Listing::new(declared, tools)
    });
    Some(listings.collect())
}

fn recognise_array(items: Vec<Value>) -> Result<Content, Unusable> {
    let holds = |key: &str| items.iter().any(|item| item.get(key).is_some());
    if items.is_empty()
        || items.iter().any(is_tool)
        || !(holds("tools") || holds("result") || holds("packages") || holds("remotes"))
    {
        let tools = items
            .iter()
            .filter(|item| item.get("name").is_some() || is_tool(item))
            .count();
        return if items.is_empty() || tools > 0 {
            Ok(tools_of_servers(items))
        } else {
            Err(Unusable::foreign(
                "this holds no tools: an array in which nothing has a name",
            ))
        };
    }
    let mut page: Option<Listing> = None;
    let mut listings = Vec::new();
    let mut registry = Vec::new();
    let mut handshake = Declared::default();
    let mut problems = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        match recognise(item) {
            Ok(Content::Listings(more)) => listings.extend(more),
            Ok(Content::Page(next)) => match &mut page {
                Some(page) => page.append(next),
                None => page = Some(next),
            },
            Ok(Content::Registry(records)) => registry.extend(records),
            Ok(Content::Handshake(declared)) => handshake = declared,
            Ok(Content::Traffic) => {}
            Ok(Content::Tool(..) | Content::Config(_)) => {
                problems.push(Problem::new(format!("/{index}"), "this does not belong among listings"));
            }
            Err(unusable) => problems.push(Problem::new(format!("/{index}"), unusable.message)),
        }
    }
    if let Some(mut page) = page {
        page.declared = std::mem::take(&mut page.declared).or(handshake);
        if listings.is_empty() {
            page.problems.extend(problems);
            return Ok(match page.declared.name {
                Some(_) => Content::Listings(vec![page]),
                None => Content::Page(page),
            });
        }
        listings.push(page);
    }
    if let Some(first) = listings.first_mut() {
        first.problems.extend(problems);
        return Ok(Content::Listings(listings));
    }
    if registry.is_empty() {
        return Err(Unusable::foreign("this holds no tools: an array of other things"));
    }
    Ok(Content::Registry(registry))
}

/// An array of tools, by the servers that they name, in the order of their first tools.
fn tools_of_servers(items: Vec<Value>) -> Content {
    let mut servers: IndexMap<Option<String>, Listing> = IndexMap::new();
    for item in items {
        let (declared, item) = split(item);
        let listing = servers
            .entry(declared.name.clone())
            .or_insert_with(|| Listing::new(declared, Vec::new()));
        listing.tools.push(item);
    }
    if servers.len() == 1
        && let Some(listing) = servers.shift_remove(&None)
    {
        return Content::Page(listing);
    }
    if servers.is_empty() {
        return Content::Page(Listing::default());
    }
    Content::Listings(servers.into_values().collect())
}

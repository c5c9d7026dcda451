//! A saved listing before it is a [`Manifest`]: what a file declares about its server, the tools as it spells them,
//! and the other dialects in which people write tool definitions. Pure.

use serde_json::{Map, Value, json};

use crate::manifest::{Manifest, Problem, Server};

/// What a file says about the server it lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// The server's name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The protocol version of a recorded handshake.
    pub protocol: Option<String>,
    /// What it tells a model.
    pub instructions: Option<String>,
}

impl Declared {
    /// What `serverInfo`, or a record's `server`, says: a name, or an object with a name and a version.
    pub fn from_value(value: &Value) -> Self {
        Self {
            name: match value {
                Value::String(name) => Some(name.clone()),
                _ => text(value, "name"),
            },
            version: text(value, "version"),
            protocol: None,
            instructions: text(value, "instructions"),
        }
    }

    /// Fills what is not known yet.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            name: self.name.or(other.name),
            version: self.version.or(other.version),
            protocol: self.protocol.or(other.protocol),
            instructions: self.instructions.or(other.instructions),
        }
    }
}

/// One server's tools as a file spells them.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// Who is said to have these tools.
    pub declared: Declared,
    /// The definitions.
    pub tools: Vec<Value>,
    /// Whether these are all.
    pub complete: bool,
    /// What could not be used so far.
    pub problems: Vec<Problem>,
}

impl Default for Listing {
    fn default() -> Self {
        Self::new(Declared::default(), Vec::new())
    }
}

impl Listing {
    /// A complete listing.
    pub const fn new(declared: Declared, tools: Vec<Value>) -> Self {
        Self {
            declared,
            tools,
            complete: true,
            problems: Vec::new(),
        }
    }

    /// Says that tools are missing, and why.
    pub fn incomplete(&mut self, why: &str) {
        self.complete = false;
        self.problems.push(Problem::new("", why));
    }

    /// Adds a page of the same listing. Whether there is more is for the last page to say.
    pub fn append(&mut self, page: Self) {
        let shift = self.tools.len();
        self.declared = std::mem::take(&mut self.declared).or(page.declared);
        if !self.complete {
            self.problems.retain(|p| p.message != MORE_PAGES);
        }
        self.complete = page.complete;
        self.problems.extend(page.problems);
        self.tools.extend(page.tools);
        debug_assert!(self.tools.len() >= shift, "pages only add");
    }

    /// The manifest: each definition read by itself. `name` stands in where the file declares none.
    pub fn into_manifest(self, name: &str, origin: &str) -> Manifest {
        let declared = self.declared;
        let mut server = Server::from_file(declared.name.unwrap_or_else(|| name.to_owned()), origin);
        server.version = declared.version;
        server.protocol = declared.protocol;
        server.instructions = declared.instructions;
        server.complete = self.complete;
        let mut manifest = Manifest::from_values(server, self.tools.into_iter().map(normal).collect());
        manifest.problems.splice(0..0, self.problems);
        manifest
    }
}

/// The problem of a page that names a following one which is not there.
pub const MORE_PAGES: &str = "nextCursor is set: further pages of this listing were not saved";

/// Whether a value is a tool definition in any dialect we read.
pub fn is_tool(value: &Value) -> bool {
    /// Keys that only a tool definition has beside its name.
    const SCHEMAS: [&str; 5] = [
        "inputSchema",
        "input_schema",
        "parameters",
        "outputSchema",
        "annotations",
    ];
    /// Keys of other documents that have a name and a description too.
    const FOREIGN: [&str; 12] = [
        "$schema",
        "version",
        "packages",
        "remotes",
        "scripts",
        "dependencies",
        "devDependencies",
        "mcpServers",
        "servers",
        "tools",
        "command",
        "jsonrpc",
    ];
    let Some(object) = value.as_object() else { return false };
    if wrapped(object).is_some() {
        return true;
    }
    object.get("name").is_some_and(Value::is_string)
        && (SCHEMAS.iter().any(|key| object.contains_key(*key))
            || object.get("arguments").is_some_and(Value::is_array)
            || (object.get("description").is_some_and(Value::is_string)
                && !FOREIGN.iter().any(|key| object.contains_key(*key))))
}

/// A definition in the protocol's own dialect. What it does not know stays as it is.
fn normal(value: Value) -> Value {
    let Value::Object(mut object) = value else { return value };
    if let Some(key) = wrapped(&object)
        && let Some(Value::Object(inner)) = object.shift_remove(key)
    {
        object = inner;
        // Amazon Bedrock wraps the schema once more.
        if let Some(schema) = object.get_mut("inputSchema")
            && let Some(json) = schema.get_mut("json")
        {
            *schema = json.take();
        }
    }
    let has_schema = ["inputSchema", "input_schema", "parameters"]
        .iter()
        .any(|key| object.contains_key(*key));
    if !has_schema
        && let Some(Value::Array(arguments)) = object.get("arguments")
        && let Some(schema) = schema_of_arguments(arguments)
    {
        object.shift_remove("arguments");
        object.insert("inputSchema".to_owned(), schema);
    }
    Value::Object(object)
}

/// The key that wraps a definition: OpenAI's `{type: "function", function: {…}}`, Bedrock's `{toolSpec: {…}}`.
fn wrapped(object: &Map<String, Value>) -> Option<&'static str> {
    let named = |key: &str| {
        object
            .get(key)
            .is_some_and(|inner| inner.get("name").is_some_and(Value::is_string))
    };
    let function = object.get("type").and_then(Value::as_str) == Some("function");
    if function && named("function") {
        return Some("function");
    }
    named("toolSpec").then_some("toolSpec")
}

/// The input schema that a Docker `tools.json` spells as a list: `{name, type, desc, optional}` each.
fn schema_of_arguments(arguments: &[Value]) -> Option<Value> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for argument in arguments {
        let object = argument.as_object()?;
        let name = object.get("name")?.as_str()?;
        let mut property = Map::new();
        for (key, value) in object {
            match key.as_str() {
                "name" | "optional" => {}
                "desc" => {
                    property.insert("description".to_owned(), value.clone());
                }
                _ => {
                    property.insert(key.clone(), value.clone());
                }
            }
        }
        properties.insert(name.to_owned(), Value::Object(property));
        if object.get("optional").and_then(Value::as_bool) != Some(true) {
            required.push(name.to_owned());
        }
    }
    Some(json!({"type": "object", "properties": properties, "required": required}))
}

/// A string field of an object, unless it is empty.
pub fn text(value: &Value, key: &str) -> Option<String> {
    let text = value.get(key)?.as_str()?;
    (!text.trim().is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialects_become_the_protocols_own() {
        let function = json!({"type": "function", "function": {"name": "a", "parameters": {"type": "object"}}});
        assert!(is_tool(&function));
        assert_eq!(normal(function), json!({"name": "a", "parameters": {"type": "object"}}));
        let bedrock = json!({"toolSpec": {"name": "a", "inputSchema": {"json": {"type": "object"}}}});
        assert_eq!(normal(bedrock), json!({"name": "a", "inputSchema": {"type": "object"}}));
        let docker = json!({"name": "a", "arguments": [{"name": "x", "type": "string", "desc": "X."}, {"name": "y", "optional": true}]});
        assert!(is_tool(&docker));
        assert_eq!(
            normal(docker)["inputSchema"],
            json!({"type": "object", "properties": {"x": {"type": "string", "description": "X."}, "y": {}}, "required": ["x"]})
        );
    }

    #[test]
    fn other_documents_with_a_name_are_no_tools() {
        assert!(!is_tool(
            &json!({"name": "pkg", "version": "1.0.0", "description": "A package."})
        ));
        assert!(!is_tool(&json!({"name": "only"})));
        assert!(is_tool(&json!({"name": "a", "description": "Reads."})));
        assert!(is_tool(&json!({"name": "a", "inputSchema": 7})));
    }
}

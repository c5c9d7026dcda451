//! What a server said about itself: [`Manifest`] and its [`Tool`]s, kept as the JSON they were so that unknown fields
//! survive and one malformed tool never costs the others. Sources produce manifests; nothing here does I/O
//! or judges.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::tree::{Node, Place, Tree};

/// A tool nested deeper than this is not read: no honest schema comes near, and what reads one recurses.
pub const MAX_TOOL_DEPTH: usize = 96;

/// How a listing was obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// A started process, over its standard streams.
    Stdio,
    /// Streamable HTTP.
    Http,
    /// The HTTP+SSE transport of 2024-11-05.
    Sse,
    /// A saved manifest.
    File,
}

/// Who answered, and how completely.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// The name shown everywhere: given by the user, else declared, else derived from the origin.
    pub name: String,
    /// The version that the server declares.
    pub version: Option<String>,
    /// Where the listing came from: a command line, a URL without credentials, or a path. Never a secret.
    pub origin: String,
    /// How it was obtained.
    pub transport: Transport,
    /// The protocol version spoken, for example `2025-11-25`; `None` for files.
    pub protocol: Option<String>,
    /// Whether every page of the listing was read.
    pub complete: bool,
    /// What the fence around a started server was, for example `landlock`; `None` where nothing was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<String>,
    /// The `instructions` that the server gives to a model, which are scanned like any description.
    #[serde(default, skip_serializing)]
    pub instructions: Option<String>,
}

impl Server {
    /// A server read from a saved file.
    pub fn from_file(name: impl Into<String>, origin: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: None,
            origin: origin.into(),
            transport: Transport::File,
            protocol: None,
            complete: true,
            sandbox: None,
            instructions: None,
        }
    }
}

/// Something in a listing that could not be used, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// JSON Pointer (RFC 6901) into the listing; empty for the whole of it.
    pub pointer: String,
    /// What is wrong, for a person.
    pub message: String,
}

impl Problem {
    /// A problem at `pointer`.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            message: message.into(),
        }
    }
}

/// A server's tools as read, with what could not be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// Who answered.
    pub server: Server,
    /// The tools that could be read, in the server's order.
    pub tools: Vec<Tool>,
    /// What could not be used.
    pub problems: Vec<Problem>,
}

impl Manifest {
    /// Reads each value as a tool; those that are none become problems at `/tools/N`.
    pub fn from_values(server: Server, values: Vec<Value>) -> Self {
        let mut tools = Vec::with_capacity(values.len());
        let mut problems = Vec::new();
        for (index, value) in values.into_iter().enumerate() {
            let pointer = format!("/tools/{index}");
            match Tool::from_value(&value) {
                Ok(tool) => {
                    problems.extend(tool.defects(&pointer));
                    tools.push(tool);
                }
                Err(message) => problems.push(Problem::new(pointer, message)),
            }
        }
        Self {
            server,
            tools,
            problems,
        }
    }
}

/// One tool definition: a JSON object with a usable name. Every other field is optional and read leniently.
#[derive(Clone, Debug)]
pub struct Tool {
    tree: Tree,
    fields: Fields,
}

/// Where the fields of a tool stand that are asked for again and again.
#[derive(Clone, Copy, Debug, Default)]
struct Fields {
    name: Option<Place>,
    title: Option<Place>,
    description: Option<Place>,
    annotations: Option<Place>,
    /// Under the names in [`SCHEMA_KEYS`].
    schemas: [Option<Place>; 3],
}

/// The key of the input schema, and the older ones.
const SCHEMA_KEYS: [&str; 3] = ["inputSchema", "input_schema", "parameters"];

impl Fields {
    fn of(root: Node<'_>) -> Self {
        let mut fields = Self::default();
        for (key, value) in root.entries() {
            let field = match key {
                "name" => &mut fields.name,
                "title" => &mut fields.title,
                "description" => &mut fields.description,
                "annotations" => &mut fields.annotations,
                _ => match SCHEMA_KEYS.iter().position(|known| *known == key) {
                    Some(index) => &mut fields.schemas[index],
                    None => continue,
                },
            };
            *field = Some(value.place());
        }
        fields
    }
}

/// As of JSON values: the order of keys does not matter.
impl PartialEq for Tool {
    fn eq(&self, other: &Self) -> bool {
        self.tree == other.tree
    }
}

impl Tool {
    /// A tool from its JSON object; the error says why it is none.
    pub fn from_value(value: &Value) -> Result<Self, String> {
        Self::from_tree(Tree::from_value(value).map_err(|unfit| unfit.to_string())?)
    }

    /// A tool from its JSON object; the error says why it is none.
    pub fn from_tree(tree: Tree) -> Result<Self, String> {
        let root = tree.root();
        if !root.is_object() {
            return Err(format!("a tool is a JSON object, this is {}", root.kind()));
        }
        let fields = Fields::of(root);
        match fields.name.map(|name| tree.at(name)) {
            Some(name) if name.is_string() => Ok(Self { tree, fields }),
            Some(other) => Err(format!("the tool's name is {}, not a string", other.kind())),
            None => Err("the tool has no name".to_owned()),
        }
    }

    /// The name by which it is called.
    pub fn name(&self) -> &str {
        self.text(self.fields.name).unwrap_or_default()
    }

    /// The display title: `title`, else `annotations.title` (MCP 2025-06-18, Tool).
    pub fn title(&self) -> Option<&str> {
        self.text(self.fields.title)
            .or_else(|| self.annotations()?.get("title")?.as_str())
    }

    /// The description, where it is a string.
    pub fn description(&self) -> Option<&str> {
        self.text(self.fields.description)
    }

    /// The input schema, whatever its JSON type; `inputSchema` or the older `input_schema` and `parameters`.
    pub fn input_schema(&self) -> Option<Node<'_>> {
        self.schema().map(|(_, schema)| schema)
    }

    /// The key under which the input schema stands, for pointers.
    pub fn schema_key(&self) -> Option<&'static str> {
        self.schema().map(|(key, _)| key)
    }

    /// The properties of the input schema, where it is one of an object.
    pub fn properties(&self) -> Option<Node<'_>> {
        self.input_schema()?.get("properties")?.as_object()
    }

    /// The declared annotations: claims, never proof.
    pub fn annotations(&self) -> Option<Node<'_>> {
        self.tree.at(self.fields.annotations?).as_object()
    }

    /// A declared boolean hint; `None` when absent, which is not the same as false.
    pub fn hint(&self, name: &str) -> Option<bool> {
        self.annotations()?.get(name)?.as_bool()
    }

    /// What it was made from.
    pub fn into_tree(self) -> Tree {
        self.tree
    }

    /// The whole definition as it was read: an object.
    pub const fn root(&self) -> Node<'_> {
        self.tree.root()
    }

    /// The whole definition as a map of its own, for whoever changes it.
    pub fn to_map(&self) -> Map<String, Value> {
        self.root().to_map()
    }

    fn schema(&self) -> Option<(&'static str, Node<'_>)> {
        let at = |(key, place): (_, Option<Place>)| Some((key, self.tree.at(place?)));
        let mut schemas = SCHEMA_KEYS.into_iter().zip(self.fields.schemas).filter_map(at);
        schemas.find(|(_, schema)| !schema.is_null())
    }

    fn text(&self, field: Option<Place>) -> Option<&str> {
        self.tree.at(field?).as_str()
    }

    /// Fields of a wrong type, which are read as absent.
    fn defects(&self, pointer: &str) -> Vec<Problem> {
        let mut found = Vec::new();
        let mut expect = |key: &str, wanted: &str| {
            let kind = self.root().get(key).map_or("null", Node::kind);
            if kind != "null" && kind != wanted {
                let message = format!("{key} is {kind}, not {wanted}; it is read as absent");
                found.push(Problem::new(format!("{pointer}/{key}"), message));
            }
        };
        expect("description", "a string");
        expect("title", "a string");
        expect("inputSchema", "an object");
        expect("annotations", "an object");
        if self.name().trim().is_empty() {
            found.push(Problem::new(format!("{pointer}/name"), "the tool's name is empty"));
        }
        found
    }
}

/// The JSON type of a value, with its article, for messages.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

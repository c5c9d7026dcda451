//! The `mcpclass.lock` format: what was reviewed, sorted, one fact a line, meant to be committed and read in a
//! diff. Owns its shape, its version and its bytes. Refuses what it cannot vouch for: an unknown version, a
//! definition whose digest is not its own. Never holds a secret: of environments and headers, only names.

use std::fmt::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::assessment::Assessment;
use crate::baseline::compare::Reviewed;
use crate::baseline::facts::Facts;
use crate::baseline::origin::Origin;
use crate::classify::Classifier;
use crate::digest::{self, LEFT_OUT};
use crate::manifest::{self, Manifest, Tool};
use crate::report::Assessed;
use crate::text::escape::is_hidden;

/// The version of the format.
pub const SCHEMA: &str = "mcpclass-lock/1";

/// Where it stands unless said otherwise.
pub const FILE: &str = "mcpclass.lock";

/// Nesting beyond which a lock is not read.
const DEPTH: usize = 256;

/// What was reviewed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lock {
    /// [`SCHEMA`].
    pub schema: String,
    /// Which program and rule book decided.
    pub mcpclass: Producer,
    /// How the servers were named, so that they can be listed again: one entry a command line.
    pub origins: Vec<Origin>,
    /// The servers, by name.
    pub servers: Vec<Server>,
}

/// Which program and rule book decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Producer {
    /// The program's version.
    pub version: String,
    /// Digest of the rule book.
    pub rules: String,
}

/// One reviewed server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// Its name: what listings are matched by.
    pub name: String,
    /// The version that it declared.
    #[serde(default)]
    pub version: Option<String>,
    /// Where the listing came from, for people.
    pub origin: String,
    /// What it tells a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Its tools, by name.
    pub tools: Vec<Pinned>,
}

/// One reviewed tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pinned {
    /// Its name.
    pub name: String,
    /// Digest of its definition.
    pub digest: String,
    /// What was decided about it.
    #[serde(flatten)]
    pub facts: Facts,
    /// The definition, keys sorted, without pictures and bookkeeping.
    pub definition: Map<String, Value>,
}

/// Why a text is no lock that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not JSON, or not of this shape.
    #[error("not a lock: {0}")]
    Malformed(String),
    /// It is of a version that this program does not know.
    #[error("a lock of version {0:?}; this program reads {SCHEMA:?}")]
    Version(String),
    /// A definition is not what its digest says.
    #[error("the definition of {tool:?} of {server:?} is not the one that its digest names: the lock was edited")]
    Edited {
        /// The server.
        server: String,
        /// The tool.
        tool: String,
    },
}

impl Lock {
    /// A lock without servers, by this program and this rule book.
    pub fn empty(rules: &str) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            mcpclass: Producer {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                rules: rules.to_owned(),
            },
            origins: Vec::new(),
            servers: Vec::new(),
        }
    }

    /// Adds what was read from `origin`; a server of a known name takes its place.
    pub fn pin(&mut self, origin: Origin, servers: &[Assessed]) {
        let pinned: Vec<Server> = servers.iter().map(Server::of).collect();
        self.servers
            .retain(|old| !pinned.iter().any(|new| new.name == old.name));
        self.servers.extend(pinned);
        self.servers.sort_by(|a, b| a.name.cmp(&b.name));
        if !self.origins.contains(&origin) {
            self.origins.push(origin);
            self.origins.sort();
        }
    }

    /// Reads a lock.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let malformed = |error: serde_json::Error| Unreadable::Malformed(error.to_string());
        if deeper_than(text, DEPTH) {
            return Err(Unreadable::Malformed(format!("nested deeper than {DEPTH} levels")));
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        reader.disable_recursion_limit();
        let value = Value::deserialize(&mut reader).map_err(malformed)?;
        reader.end().map_err(malformed)?;
        match value.get("schema").and_then(Value::as_str) {
            Some(SCHEMA) => {}
            Some(other) => return Err(Unreadable::Version(other.to_owned())),
            None => return Err(Unreadable::Malformed("it has no \"schema\"".to_owned())),
        }
        let lock: Self = serde_json::from_value(value).map_err(malformed)?;
        for server in &lock.servers {
            for tool in &server.tools {
                let own = tool
                    .tool()
                    .is_some_and(|t| digest::of_tool(&t) == tool.digest && t.name() == tool.name);
                if !own {
                    return Err(Unreadable::Edited {
                        server: server.name.clone(),
                        tool: tool.name.clone(),
                    });
                }
            }
        }
        Ok(lock)
    }

    /// The bytes of the file: two spaces, a line feed at the end, hidden characters as escapes.
    pub fn to_text(&self) -> String {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        let mut safe = String::with_capacity(text.len() + 1);
        for c in text.chars() {
            if is_hidden(c) || (c.is_control() && c != '\n') {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a string cannot fail.
                    let _ = write!(safe, "\\u{unit:04x}");
                }
            } else {
                safe.push(c);
            }
        }
        safe.push('\n');
        safe
    }

    /// What its origins name, with paths from here.
    pub fn words(&self, folder: &Path) -> Vec<String> {
        self.origins
            .iter()
            .flat_map(|origin| origin.args(folder).servers)
            .collect()
    }

    /// How many tools it holds.
    pub fn tools(&self) -> usize {
        self.servers.iter().map(|server| server.tools.len()).sum()
    }
}

impl Server {
    fn of(assessed: &Assessed) -> Self {
        let server = &assessed.manifest.server;
        let pairs = assessed.manifest.tools.iter().zip(&assessed.assessments);
        let mut tools: Vec<Pinned> = pairs.map(|(tool, assessment)| Pinned::of(tool, assessment)).collect();
        tools.sort_by(|a, b| (&a.name, &a.digest).cmp(&(&b.name, &b.digest)));
        Self {
            name: server.name.clone(),
            version: server.version.clone(),
            origin: server.origin.clone(),
            instructions: server.instructions.clone(),
            tools,
        }
    }

    /// The server as it was pinned, judged by today's rules: what policies are written from, so that they follow
    /// from the lock alone and not from the order in which a server lists its tools.
    pub fn assessed(&self, classifier: &Classifier) -> Assessed {
        let tools = self.tools.iter().filter_map(Pinned::tool).collect();
        let server = manifest::Server {
            version: self.version.clone(),
            instructions: self.instructions.clone(),
            ..manifest::Server::from_file(&self.name, &self.origin)
        };
        classifier.assess_all(Manifest {
            server,
            tools,
            problems: Vec::new(),
        })
    }

    /// Its tools, each judged again by today's rules.
    pub fn reviewed(&self, classifier: &Classifier) -> Vec<Reviewed> {
        let judge = |pinned: &Pinned| {
            let tool = pinned.tool()?;
            let assessment = classifier.assess(&tool, Some(&self.name));
            Some(Reviewed {
                name: pinned.name.clone(),
                digest: pinned.digest.clone(),
                definition: pinned.definition.clone(),
                recorded: pinned.facts.clone(),
                judged: Facts::of(&assessment),
            })
        };
        self.tools.iter().filter_map(judge).collect()
    }
}

impl Pinned {
    fn of(tool: &Tool, assessment: &Assessment) -> Self {
        let mut definition = tool.to_map();
        definition.retain(|key, _| !LEFT_OUT.contains(&key.as_str()));
        sort(&mut definition);
        Self {
            name: assessment.name.clone(),
            digest: assessment.digest.clone(),
            facts: Facts::of(assessment),
            definition,
        }
    }

    fn tool(&self) -> Option<Tool> {
        Tool::from_value(&Value::Object(self.definition.clone())).ok()
    }
}

fn sort(object: &mut Map<String, Value>) {
    object.sort_keys();
    object.values_mut().for_each(sort_value);
}

fn sort_value(value: &mut Value) {
    match value {
        Value::Object(object) => sort(object),
        Value::Array(items) => items.iter_mut().for_each(sort_value),
        _ => {}
    }
}

/// Whether brackets nest deeper than this, seen without recursion.
fn deeper_than(text: &str, limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::classify::Annotations;
    use crate::policy::decide::DecisionTable;
    use crate::rules::RuleBook;

    fn lock(tools: Value) -> Lock {
        let classifier = Classifier::new(
            RuleBook::embedded().expect("our own rules"),
            DecisionTable::default(),
            Annotations::Weigh,
        );
        let Value::Array(tools) = tools else { panic!("an array") };
        let server = manifest::Server::from_file("s", "tools.json");
        let assessed = classifier.assess_all(Manifest::from_values(server, tools));
        let mut lock = Lock::empty(classifier.rules_digest());
        lock.pin(Origin::default(), &[assessed]);
        lock
    }

    #[test]
    fn what_is_written_reads_back_and_shows_what_hides() {
        let lock = lock(
            json!([{"name": "b", "description": "x\u{200b}y\u{e0041}", "inputSchema": {"z": 1, "a": 0.1}},
                               {"name": "a", "icons": [], "n": 1e300}]),
        );
        let text = lock.to_text();
        assert!(text.contains("x\\u200by\\udb40\\udc41"), "{text}");
        assert!(!text.contains("icons"));
        assert_eq!(Lock::parse(&text).expect("our own lock"), lock);
        assert!(text.find("\"name\": \"a\"") < text.find("\"name\": \"b\""));
    }

    #[test]
    fn strange_locks_are_refused() {
        let text = lock(json!([{"name": "a", "description": "Reads."}])).to_text();
        let edited = text.replace("Reads.", "Deletes.");
        assert!(matches!(Lock::parse(&edited), Err(Unreadable::Edited { .. })));
        let newer = text.replace(SCHEMA, "mcpclass-lock/2");
        assert_eq!(
            Lock::parse(&newer),
            Err(Unreadable::Version("mcpclass-lock/2".to_owned()))
        );
        for text in ["", "[]", "{}", "{\"schema\":\"mcpclass-lock/1\"}", &"[".repeat(100_000)] {
            assert!(
                matches!(Lock::parse(text), Err(Unreadable::Malformed(_))),
                "{}",
                &text[..text.len().min(20)]
            );
        }
    }
}

//! `mcpclass generate`, hidden: a corpus of any size for measuring. Servers and tools that nobody wrote, from a seed,
//! with lengths and a mix of actions as real listings have them. The same seed gives the same bytes.

use std::io::{BufWriter, Write as _};

use serde_json::{Map, Value, json};

use crate::cli::Global;
use crate::error::{Outcome, Result};

/// Arguments of `mcpclass generate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many tools
    #[arg(long, value_name = "N", default_value_t = 515_000)]
    tools: u64,
    /// Another seed gives another corpus
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// A record of a server a line, or a tool a line
    #[arg(long, value_name = "SHAPE", default_value = "servers")]
    shape: Shape,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Shape {
    /// `{"server", "tools"}`
    Servers,
    /// A tool with its server
    Tools,
}

/// Generates.
pub fn run(args: &Args, _global: &Global) -> Result<Outcome> {
    let mut out = BufWriter::with_capacity(1 << 18, std::io::stdout().lock());
    let mut left = args.tools;
    let mut number = 0;
    while left > 0 {
        number += 1;
        let mut dice = Dice::new(args.seed, number);
        let (name, tools) = server(&mut dice, number, left);
        left -= tools.len() as u64;
        match args.shape {
            Shape::Servers => {
                let server = json!({"name": name, "version": format!("1.{}.{}", dice.below(20), dice.below(10))});
                serde_json::to_writer(&mut out, &json!({"server": server, "tools": tools}))
                    .map_err(std::io::Error::from)?;
                out.write_all(b"\n")?;
            }
            Shape::Tools => {
                for mut tool in tools {
                    if let Value::Object(tool) = &mut tool {
                        tool.insert("server".to_owned(), Value::from(name.as_str()));
                    }
                    serde_json::to_writer(&mut out, &tool).map_err(std::io::Error::from)?;
                    out.write_all(b"\n")?;
                }
            }
        }
    }
    out.flush()?;
    Ok(Outcome::Done)
}

/// Numbers that look random and follow from a seed (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn new(seed: u64, stream: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ stream.wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}

/// A verb as a name spells it and as a sentence begins with it, and how often tools are called so.
const ACTIONS: &[(&str, &str, usize)] = &[
    ("get", "Returns", 14),
    ("list", "Lists", 14),
    ("search", "Searches for", 10),
    ("describe", "Describes", 4),
    ("count", "Counts", 2),
    ("validate", "Checks", 2),
    ("create", "Creates", 12),
    ("update", "Updates", 10),
    ("add", "Adds", 5),
    ("set", "Sets", 4),
    ("upload", "Uploads", 2),
    ("archive", "Archives", 1),
    ("send", "Sends", 4),
    ("run", "Runs", 4),
    ("start", "Starts", 2),
    ("deploy", "Deploys", 2),
    ("execute", "Executes", 2),
    ("delete", "Permanently deletes", 5),
    ("remove", "Removes", 2),
    ("purge", "Purges", 1),
];

const OBJECTS: &[&str] = &[
    "invoice",
    "customer",
    "ticket",
    "repository",
    "branch",
    "calendar event",
    "contact",
    "document",
    "spreadsheet row",
    "database table",
    "dashboard",
    "alert rule",
    "build",
    "container",
    "volume",
    "secret",
    "access token",
    "webhook",
    "message",
    "channel",
    "campaign",
    "order",
    "shipment",
    "sensor",
    "recording",
    "transcript",
    "page",
    "comment",
    "report",
    "workspace",
    "environment",
    "pipeline",
    "dataset",
    "query",
    "note",
    "task",
    "project",
    "template",
];

const QUALIFIERS: &[&str] = &[
    "of the current workspace",
    "that belongs to the signed-in account",
    "in the given region",
    "by its identifier",
    "with all of its children",
    "matching the filters",
    "for the chosen period",
    "across every project",
    "of a team",
];

const SENTENCES: &[&str] = &[
    "Results come in pages of fifty; pass the cursor of the last answer to go on.",
    "Use this before any change, to learn the identifiers that other tools ask for.",
    "The caller needs the editor role, otherwise the answer is an error with a reason.",
    "Times are in UTC and follow RFC 3339, with a trailing Z.",
    "Fields that are left out keep the value that they have.",
    "Nothing is sent to the people concerned unless notify is true.",
    "The operation cannot be taken back, so ask the person first.",
    "An empty list means that nothing matches, and is no error.",
    "Large answers are cut after two hundred entries; narrow the filters to see the rest.",
    "Names are unique within a workspace and may hold letters, digits and hyphens.",
    "The answer is JSON with the identifier, the state and a link for people.",
    "It may take up to a minute until the change is visible to other tools.",
    "Prefer the bulk variant when more than ten entries are concerned.",
];

const PARAMETERS: &[(&str, &str, &str)] = &[
    ("id", "string", "Identifier of the entry, as list tools return it"),
    (
        "workspace",
        "string",
        "Workspace in which to look; the default one where it is left out",
    ),
    (
        "limit",
        "integer",
        "How many entries to return at most, between 1 and 200",
    ),
    ("cursor", "string", "Where to go on, from the answer before"),
    (
        "filter",
        "string",
        "Condition in the query language of the service, for example state = open",
    ),
    ("name", "string", "Name that people see"),
    ("notify", "boolean", "Whether the people concerned get a message"),
    (
        "labels",
        "array",
        "Labels to put on the entry, each up to forty characters",
    ),
    ("since", "string", "Only what changed after this time"),
    ("force", "boolean", "Go on even if the entry is in use"),
    (
        "path",
        "string",
        "Path of a file, relative to the root of the workspace",
    ),
    ("body", "string", "Text in Markdown, up to sixty thousand characters"),
    ("region", "string", "Region of the service, such as west or east"),
    ("dry_run", "boolean", "Say what would happen and change nothing"),
];

const VENDORS: &[&str] = &[
    "alder", "birch", "cedar", "dogwood", "elm", "fir", "hazel", "juniper", "larch", "maple", "oak", "pine",
];

/// A server of a few tools; most have about a dozen, some many.
fn server(dice: &mut Dice, number: u64, most: u64) -> (String, Vec<Value>) {
    let name = format!(
        "{}-{}-{number}",
        dice.pick(VENDORS),
        dice.pick(OBJECTS).replace(' ', "-")
    );
    let wanted = match dice.below(100) {
        0..=19 => 1 + dice.below(3),
        20..=89 => 5 + dice.below(14),
        _ => 20 + dice.below(30),
    };
    let count = (wanted as u64).min(most);
    let camel = dice.percent(25);
    let tools = (0..count).map(|index| tool(dice, index, camel)).collect();
    (name, tools)
}

fn tool(dice: &mut Dice, index: u64, camel: bool) -> Value {
    let all: usize = ACTIONS.iter().map(|(_, _, often)| often).sum();
    let mut mark = dice.below(all);
    let mut action = ACTIONS[0];
    for candidate in ACTIONS {
        if mark < candidate.2 {
            action = *candidate;
            break;
        }
        mark -= candidate.2;
    }
    let object = dice.pick(OBJECTS);
    let plural = if dice.percent(40) { "s" } else { "" };
    let snake = format!("{}_{}{plural}", action.0, object.replace(' ', "_"));
    let mut name = if camel { camel_case(&snake) } else { snake };
    if index > 12 {
        name = format!("{name}_{index}");
    }
    let mut description = format!("{} {}{plural} {}.", action.1, object, dice.pick(QUALIFIERS));
    for _ in 0..=dice.below(6) {
        description.push(' ');
        description.push_str(dice.pick(SENTENCES));
    }
    let mut properties = Map::new();
    for _ in 0..2 + dice.below(8) {
        let (name, kind, text) = PARAMETERS[dice.below(PARAMETERS.len())];
        properties.insert(name.to_owned(), json!({"type": kind, "description": text}));
    }
    if dice.percent(12) {
        let values = ["list", "create", "delete", "restart"];
        properties.insert(
            "action".to_owned(),
            json!({"type": "string", "enum": values[..2 + dice.below(3)]}),
        );
    }
    let required: Vec<&String> = properties.keys().take(1).collect();
    let schema =
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
    let mut tool = json!({"name": name, "description": description, "inputSchema": schema});
    if dice.percent(30) {
        tool["annotations"] = json!({"readOnlyHint": dice.percent(50), "destructiveHint": dice.percent(20)});
    }
    tool
}

fn camel_case(snake: &str) -> String {
    let mut parts = snake.split('_');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (first, rest) = part.split_at(part.len().min(1));
        name.push_str(&first.to_ascii_uppercase());
        name.push_str(rest);
    }
    name
}

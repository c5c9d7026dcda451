//! `mcpclass classify`: a filter. A tool a line in, an assessment a line out, in the same order. Each line is
//! assessed alone, so the answer does not depend on its neighbours or on how the input was split.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::mem::ManuallyDrop;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;
use serde_json::Value;

use crate::classify::{Classifier, Workspace};
use crate::cli::Global;
use crate::error::{Error, Outcome};
use crate::manifest::{Problem, Tool};
use crate::output::json;
use crate::settings::Settings;
use crate::source::json::{SyntaxError, parse};
use crate::stream::{self, Failure, Line};
use crate::tree::Tree;
use crate::ui;

/// Arguments of `mcpclass classify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each line is a tool as `tools/list` gives it, optionally with \"server\" (a name, or an object with one) and \"id\" \
(anything). Each line out is an assessment with the same \"id\" and the server's name, or \
{\"id\":…,\"line\":N,\"error\":\"…\"} where a line is no tool. What was mended in a line, such as half of a surrogate \
pair, stands in \"problems\" behind its assessment. Blank lines are counted and give nothing. \
Exit status: 0 every line was a tool; 4 some were not; 3 there was no line.")]
pub struct Args {
    /// JSON Lines; standard input where it is left out, or `-`
    file: Option<PathBuf>,
    /// Longest line to read; a longer one gets an error in its place
    #[arg(long, value_name = "BYTES", default_value_t = 16 * 1024 * 1024)]
    max_line_bytes: usize,
}

/// Filters.
pub fn run(args: &Args, global: &Global) -> Result<Outcome, Error> {
    let settings = Settings::load(global)?;
    let filter = Filter {
        classifier: settings.classifier(global)?,
        longest: args.max_line_bytes,
        tools: AtomicUsize::new(0),
        mended: AtomicUsize::new(0),
        refused: AtomicUsize::new(0),
    };
    let input = open(args.file.as_deref(), global)?;
    let work = |number, line: Line<'_>, room: &mut Room, out: &mut Vec<u8>| filter.line(number, line, room, out);
    match stream::filter(input, io::stdout(), args.max_line_bytes, work) {
        Err(Failure::Write(error)) => return Err(error.into()),
        Err(failure @ Failure::Read(_)) => return Err(Error::new(failure.to_string())),
        Ok(()) => {}
    }
    let (tools, refused) = (filter.tools.into_inner(), filter.refused.into_inner());
    if let mended @ 1.. = filter.mended.into_inner() {
        let message = format!(
            "{mended} of {} lines were mended; \"problems\" says how",
            tools + refused
        );
        ui::warn(global, &message);
    }
    match (tools, refused) {
        (0, 0) => {
            Err(Error::nothing("there was no line to classify").help("a tool a line: mcpclass classify tools.jsonl"))
        }
        (_, 0) => Ok(Outcome::Done),
        (0, _) => {
            let hint = "no line is a tool; for a listing rather than a tool a line: mcpclass scan FILE";
            ui::warn(global, hint);
            Ok(Outcome::Partial)
        }
        (_, refused) => {
            ui::warn(global, &format!("{refused} of {} lines are no tools", tools + refused));
            Ok(Outcome::Partial)
        }
    }
}

/// The input: a file, or standard input. At a terminal, says what is awaited.
fn open(path: Option<&Path>, global: &Global) -> Result<Box<dyn Read>, Error> {
    match path {
        Some(path) if path != Path::new("-") => {
            let failed = |error| Error::io("cannot read", path, &error);
            let file = File::open(path).map_err(failed)?;
            if file.metadata().map_err(failed)?.is_dir() {
                return Err(Error::new(format!("{} is a folder", path.display()))
                    .help("classify reads a tool a line; for a folder of listings: mcpclass scan DIR"));
            }
            Ok(Box::new(file))
        }
        _ => {
            if io::stdin().is_terminal() {
                ui::note(
                    global,
                    "reading tools from the terminal, a JSON object a line; end with Ctrl-D",
                );
            }
            Ok(Box::new(io::stdin()))
        }
    }
}

const MEMORY: &str = "writing JSON to memory cannot fail";

/// What each line is put through.
struct Filter {
    classifier: ManuallyDrop<Classifier>,
    longest: usize,
    tools: AtomicUsize,
    /// Of these, how many could be read only after something was mended.
    mended: AtomicUsize,
    refused: AtomicUsize,
}

/// What stands before an assessment in its line.
#[derive(Serialize)]
struct Head<'a> {
    id: &'a Value,
    server: Option<&'a str>,
}

/// What stands behind an assessment in its line.
#[derive(Serialize)]
struct Problems<'a> {
    /// What was mended in the line.
    problems: &'a [Problem],
}

/// What stands in the place of a line that is no tool.
#[derive(Serialize)]
struct Refused<'a> {
    id: &'a Value,
    line: usize,
    error: &'a str,
}

/// Room that is used again from line to line.
#[derive(Default)]
struct Room {
    tree: Tree,
    workspace: Workspace,
}

impl Filter {
    fn line(&self, number: usize, line: Line<'_>, room: &mut Room, out: &mut Vec<u8>) {
        let text = match line {
            Line::TooLong => {
                let error = format!("the line is longer than {} bytes (--max-line-bytes)", self.longest);
                return self.refuse(&Value::Null, number, &error, out);
            }
            // A byte order mark belongs to a file, not to a line; files may have been joined.
            Line::Text(text) => text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text),
        };
        if text.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        let written = out.len();
        // A mistake of ours in one line must not cost the others.
        let caught = panic::catch_unwind(AssertUnwindSafe(|| self.tool(number, text, room, out)));
        if caught.is_err() {
            out.truncate(written);
            *room = Room::default();
            let error = "internal error: this definition could not be assessed; please report it";
            self.refuse(&Value::Null, number, error, out);
        }
    }

    fn tool(&self, number: usize, text: &[u8], room: &mut Room, out: &mut Vec<u8>) {
        let read = match Wrapped::read(text, &mut room.tree) {
            Ok(read) => read,
            Err(error) => return self.refuse(&Value::Null, number, &unreadable(&error), out),
        };
        let Wrapped {
            tool,
            id,
            server,
            problems,
        } = read;
        match tool {
            Ok(tool) => {
                let server = server_name(&server);
                let assessment = self.classifier.assess_in(&tool, server, &mut room.workspace);
                let head = Head { id: &id, server };
                json::joined(&head, &assessment, out).expect(MEMORY);
                if !problems.is_empty() {
                    self.mended.fetch_add(1, Ordering::Relaxed);
                    let problems = Problems { problems: &problems };
                    json::append(&problems, out).expect(MEMORY);
                }
                out.push(b'\n');
                room.tree = tool.into_tree();
                self.tools.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => self.refuse(&id, number, &error, out),
        }
    }

    fn refuse(&self, id: &Value, line: usize, error: &str, out: &mut Vec<u8>) {
        json::compact(&Refused { id, line, error }, &mut *out).expect(MEMORY);
        out.push(b'\n');
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}

/// Why a line is no JSON, and where; the number of the line stands beside it.
fn unreadable(error: &SyntaxError) -> String {
    match error.line {
        0 => error.message.clone(),
        _ => format!("not JSON: column {}: {}", error.column.max(1), error.message),
    }
}

/// A line, read.
struct Wrapped {
    /// The tool, or why the line holds none.
    tool: Result<Tool, String>,
    id: Value,
    server: Value,
    /// What was mended.
    problems: Vec<Problem>,
}

impl Wrapped {
    /// Keys that wrap a tool and are no part of it.
    const KEYS: [&'static str; 2] = ["id", "server"];

    /// Whatever a scan of the same text would read and mend, this reads and mends. Most lines need no mending.
    fn read(text: &[u8], room: &mut Tree) -> Result<Self, SyntaxError> {
        let strict = std::str::from_utf8(text).ok();
        let room = std::mem::take(room);
        if let Some((tree, wrapping)) = strict.and_then(|text| Tree::read_into(room, text, Self::KEYS)) {
            return Ok(Self::new(Tool::from_tree(tree), wrapping, Vec::new()));
        }
        let mut document = parse(text)?;
        let wrapping = Self::KEYS.map(|key| document.value.as_object_mut()?.shift_remove(key));
        Ok(Self::new(
            Tool::from_value(&document.value),
            wrapping,
            document.problems,
        ))
    }

    fn new(tool: Result<Tool, String>, wrapping: [Option<Value>; 2], problems: Vec<Problem>) -> Self {
        let [id, server] = wrapping.map(Option::unwrap_or_default);
        Self {
            tool,
            id,
            server,
            problems,
        }
    }
}

/// The server's name: the value itself, or its `name`.
fn server_name(server: &Value) -> Option<&str> {
    server.as_str().or_else(|| server.get("name")?.as_str())
}

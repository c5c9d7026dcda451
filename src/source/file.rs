//! Files, folders and standard input: bytes in, [`Item`]s out. Decides whether a file is one document or one a line,
//! and which files of a folder are ours.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Chain, Cursor, Read as _};
use std::path::{Path, PathBuf};

use super::Failure;
use super::document::{self, Item, Source};
use super::expand::Environment;
use super::json;
use super::jsonl::Lines;
use super::live::Limits;
use super::recognise::Regard;
use crate::error::Error;
use crate::manifest::Manifest;

/// What surrounds every file that is read.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// The limits of one server.
    pub limits: &'a Limits,
    /// Where variables come from.
    pub environment: &'a Environment,
}

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Folder {
    /// What was read.
    pub items: Vec<Item>,
    /// How many files are something else.
    pub others: usize,
}

/// Reads a file that the user named.
pub fn read(path: &Path, around: Around<'_>) -> Vec<Item> {
    read_file(path, Regard::Named, around)
}

fn read_file(path: &Path, regard: Regard, around: Around<'_>) -> Vec<Item> {
    let shown = path.display().to_string();
    let origin = shown.strip_prefix("./").unwrap_or(&shown).to_owned();
    match File::open(path) {
        Ok(file) => read_from(BufReader::new(file), &origin, path, regard, around),
        Err(error) => vec![Item::Failure(unreadable(path, &error))],
    }
}

/// Reads standard input.
pub fn read_stdin(around: Around<'_>) -> Vec<Item> {
    let stdin = BufReader::new(std::io::stdin());
    read_from(stdin, "stdin", Path::new("stdin"), Regard::Named, around)
}

/// Reads every file below a folder that is ours, in the order of their paths. Symbolic links are not followed.
pub fn read_folder(folder: &Path, around: Around<'_>) -> Folder {
    let mut found = Folder::default();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        let kind = match std::fs::symlink_metadata(&path) {
            Ok(metadata) => metadata.file_type(),
            Err(error) => {
                found.items.push(Item::Failure(unreadable(&path, &error)));
                continue;
            }
        };
        // The folder that was named may itself be a link.
        if kind.is_dir() || path == folder {
            match children(&path) {
                Ok(children) => open.extend(children.into_iter().rev()),
                Err(error) => found.items.push(Item::Failure(unreadable(&path, &error))),
            }
        } else if kind.is_file() && may_be_ours(&path) {
            for item in read_file(&path, Regard::Found, around) {
                match item {
                    Item::Foreign(_) => found.others += 1,
                    item => found.items.push(item),
                }
            }
        } else {
            found.others += 1;
        }
    }
    found
}

/// Streams the listings of a reader of JSONL, in constant memory whatever its length.
pub fn stream<'a, R: BufRead + 'a>(
    reader: R,
    origin: &'a str,
    around: Around<'a>,
) -> impl Iterator<Item = Result<Manifest, Failure>> + 'a {
    let source = Source::at(Path::new(origin), origin, around.limits, around.environment);
    Lines::new(reader, source).manifests()
}

/// Reads what a reader holds as if it stood in a file of this name.
pub fn read_from<R: BufRead>(
    mut reader: R,
    origin: &str,
    path: &Path,
    regard: Regard,
    around: Around<'_>,
) -> Vec<Item> {
    let source = || Source {
        regard,
        ..Source::at(path, origin, around.limits, around.environment)
    };
    let limit = around.limits.max_bytes;
    let head = match first_line(&mut reader, limit) {
        Ok(head) => head,
        Err(error) => return vec![Item::Failure(unreadable(path, &error))],
    };
    // A whole document in the first line and something behind it: a document a line.
    if head.more && is_document(&head.bytes) {
        return merge(Lines::new(head.chain(reader), source()));
    }
    let mut bytes = head.bytes;
    let rest = limit.saturating_sub(bytes.len() as u64).saturating_add(1);
    if let Err(error) = reader.take(rest).read_to_end(&mut bytes) {
        return vec![Item::Failure(unreadable(path, &error))];
    }
    if bytes.len() as u64 > limit {
        let failure = source().failure(
            &format!("it is larger than the limit of {limit} bytes"),
            "raise it with --max-bytes, or save a server a line: JSONL may be of any length",
        );
        return vec![Item::Failure(failure)];
    }
    let json = document::looks_like_json(&String::from_utf8_lossy(&bytes[..bytes.len().min(256)]));
    let text = match json::decode(bytes) {
        Ok(text) => text,
        Err(error) => {
            let failure = source().syntax(&error, "UTF-8 text");
            return vec![if json {
                Item::Failure(failure)
            } else {
                Item::Foreign(failure)
            }];
        }
    };
    // Lines of which the first is broken are still lines.
    let second = text.lines().filter(|line| !line.trim().is_empty()).nth(1);
    if second.is_some_and(|line| line.starts_with('{') && is_document(line.as_bytes())) {
        return merge(Lines::new(Cursor::new(text), source()));
    }
    document::read(text, &source())
}

/// The first line that is not blank, and whether anything stands behind it.
struct Head {
    bytes: Vec<u8>,
    more: bool,
}

impl Head {
    /// The whole text again.
    fn chain<R: BufRead>(self, reader: R) -> Chain<Cursor<Vec<u8>>, R> {
        Cursor::new(self.bytes).chain(reader)
    }
}

fn first_line(reader: &mut impl BufRead, limit: u64) -> std::io::Result<Head> {
    let mut bytes = Vec::new();
    while bytes.iter().all(u8::is_ascii_whitespace) {
        let room = limit.saturating_sub(bytes.len() as u64).saturating_add(1);
        if reader.by_ref().take(room).read_until(b'\n', &mut bytes)? == 0 || bytes.len() as u64 > limit {
            break;
        }
    }
    // Blank lines behind it decide nothing; they are kept so that line numbers stay right.
    let mut more = false;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() || bytes.len() as u64 > limit {
            break;
        }
        if buffer.iter().any(|b| !b.is_ascii_whitespace()) {
            more = true;
            break;
        }
        let length = buffer.len();
        bytes.extend_from_slice(buffer);
        reader.consume(length);
    }
    Ok(Head { bytes, more })
}

fn is_document(bytes: &[u8]) -> bool {
    let start = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    start.starts_with(b"{") && json::parse(bytes).is_ok()
}

/// The items of lines, with tools of one server that stand in several places brought together.
fn merge<R: BufRead>(lines: Lines<'_, R>) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for item in lines {
        if let Item::Manifest(manifest) = item {
            let place = *places.entry(manifest.server.name.clone()).or_insert(items.len());
            match items.get_mut(place) {
                Some(Item::Manifest(first)) if first.server == manifest.server => {
                    first.tools.extend(manifest.tools);
                    first.problems.extend(manifest.problems);
                }
                _ => items.push(Item::Manifest(manifest)),
            }
        } else {
            items.push(item);
        }
    }
    items
}

/// Whether a file of a folder is worth reading whole: its beginning says that it is JSON, or it is small text that
/// names what only configurations of clients name.
fn may_be_ours(path: &Path) -> bool {
    const LARGEST: u64 = 1 << 20;
    const WORDS: [&str; 4] = ["mcpServers", "mcp_servers", "context_servers", "extensions:"];
    let Ok(mut file) = File::open(path) else { return true };
    let mut head = [0; 512];
    let length = file.read(&mut head).unwrap_or_default();
    let start = String::from_utf8_lossy(&head[..length]);
    if length == 0 || start.contains('\0') {
        return false;
    }
    if document::looks_like_json(&start) {
        return true;
    }
    let small = file.metadata().is_ok_and(|metadata| metadata.len() <= LARGEST);
    small && std::fs::read_to_string(path).is_ok_and(|text| WORDS.iter().any(|word| text.contains(word)))
}

/// What is in a folder, sorted, without what version control and package managers keep there.
fn children(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    const LEFT_OUT: [&str; 2] = [".git", "node_modules"];
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let left_out = path
            .file_name()
            .is_some_and(|name| LEFT_OUT.iter().any(|left_out| name == *left_out));
        if !left_out {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let source = path.display().to_string();
    let known = Error::io("cannot read", path, error);
    let error = match error.kind() {
        std::io::ErrorKind::NotFound => {
            Error::partial(format!("cannot read {source}: there is no such file or folder"))
                .help("to start a command, put it behind two hyphens: mcpclass scan -- COMMAND")
        }
        _ => Error::partial(known.message().to_owned()),
    };
    Failure { source, error }
}

//! A server on its way into the catalogue: everything that costs work is done here, by whichever thread read the
//! server, so that the one that writes only writes. Pure.

use std::io;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::assessment::Assessment;
use crate::label::{Category, Decision, Label, Risk};
use crate::manifest::{Manifest, Problem, Server, Tool, Transport};
use crate::report::Assessed;
use crate::text::escape::is_hidden;

/// Compression of stored definitions and assessments: speed counts, and they shrink to a seventh as it is.
const LEVEL: i32 = 1;
/// A stored blob is no larger than this when it is read again.
const LARGEST: usize = 1 << 30;

/// 16 bytes of a SHA-256: enough to tell sources and contents apart.
pub type Short = [u8; 16];

/// A server, ready to be written.
#[derive(Debug)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Where it was found, without a version: with the name, which server this is.
    pub place: String,
    /// Where its listing came from.
    pub origin: String,
    /// The version it declares.
    pub version: Option<String>,
    /// How it was read.
    pub transport: &'static str,
    /// Digest of the bytes that it was read from.
    pub source: Short,
    /// Digest of what it says.
    pub content: Short,
    /// What is asked about each tool.
    pub rows: Vec<Row>,
    pub(super) head: Vec<u8>,
    pub(super) definitions: Vec<u8>,
    pub(super) assessments: Vec<u8>,
}

/// What is asked about one tool.
#[derive(Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its label.
    pub label: Label,
    /// What the policy does with it.
    pub decision: Decision,
    /// Thousandths.
    pub confidence: u16,
    /// Annotations that its definition contradicts.
    pub conflicts: usize,
    /// Ids of its signals, a space between them.
    pub signals: String,
    /// Digest of its definition.
    pub digest: String,
    pub(super) words: Words,
}

/// What full text search knows of a tool.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) tool: String,
    pub(super) description: String,
    pub(super) rationale: String,
    pub(super) facets: String,
}

/// What stands beside the tools.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    server: Server,
    #[serde(default)]
    instructions: Option<String>,
    problems: Vec<Problem>,
}

/// Digest of the bytes that a server is read from. The name of the source belongs to it, for an undeclared name
/// comes from there.
pub fn source_digest(source: &str, bytes: &[u8]) -> Short {
    short(Sha256::new().chain_update(source).chain_update([0]).chain_update(bytes))
}

fn short(hasher: Sha256) -> Short {
    let mut digest = [0; 16];
    digest.copy_from_slice(&hasher.finalize()[..16]);
    digest
}

impl Entry {
    /// Prepares a server. `source` is the digest of the bytes it was read from; without one, where it was found and what
    /// it says count.
    pub fn new(assessed: Assessed, source: Option<Short>) -> io::Result<Self> {
        let Assessed { manifest, assessments } = assessed;
        let content = content(&manifest, &assessments);
        let Manifest {
            mut server,
            tools,
            problems,
        } = manifest;
        let raw: Vec<_> = tools.iter().map(Tool::raw).collect();
        let definitions = pack(&raw)?;
        let packed = pack(&assessments)?;
        let rows = tools
            .iter()
            .zip(assessments)
            .map(|(tool, a)| Row::new(tool, a))
            .collect();
        let instructions = server.instructions.take();
        let head = Head {
            server,
            instructions,
            problems,
        };
        let bytes = serde_json::to_vec(&head)?;
        let server = head.server;
        Ok(Self {
            place: without_version(&server.origin).to_owned(),
            source: source.unwrap_or_else(|| source_digest(&server.origin, &content)),
            name: server.name,
            origin: server.origin,
            version: server.version,
            transport: transport(server.transport),
            content,
            rows,
            head: bytes,
            definitions,
            assessments: packed,
        })
    }
}

impl Row {
    fn new(tool: &Tool, assessment: Assessment) -> Self {
        let label = assessment.label();
        let mut signals = String::new();
        for signal in &assessment.signals {
            if !signals.is_empty() {
                signals.push(' ');
            }
            signals.push_str(&signal.id);
        }
        let mut name = spaced(&assessment.name);
        if let Some(title) = tool.title() {
            name.push(' ');
            name.push_str(title);
        }
        let mut facets = format!(
            "{} {}",
            facet("c", label.category.name()),
            facet("r", label.risk.name())
        );
        for signal in &assessment.signals {
            facets.push(' ');
            facets.push_str(&facet("s", &signal.id));
        }
        if !assessment.conflicts.is_empty() {
            facets.push_str(" xconflict");
        }
        Self {
            label,
            decision: assessment.decision,
            confidence: (assessment.confidence * 1000.0).round() as u16,
            conflicts: assessment.conflicts.len(),
            signals,
            digest: assessment.digest,
            words: Words {
                tool: name,
                description: tool.description().unwrap_or_default().to_owned(),
                rationale: assessment.rationale,
                facets,
            },
            name: assessment.name,
        }
    }
}

/// A property as one word of the search index.
pub(super) fn facet(kind: &str, value: &str) -> String {
    let plain = value.chars().filter(char::is_ascii_alphanumeric);
    format!("x{kind}{}", plain.collect::<String>().to_ascii_lowercase())
}

/// A name, and behind it its words where only capitals tell them apart.
pub(super) fn spaced(name: &str) -> String {
    let mut words = String::new();
    let mut before = ' ';
    for c in name.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            words.push(' ');
        }
        words.push(c);
        before = c;
    }
    if words.len() == name.len() {
        words
    } else {
        format!("{name} {words}")
    }
}

/// An origin without the version of a package at its end.
fn without_version(origin: &str) -> &str {
    match origin.rsplit_once('@') {
        Some((before, version))
            if !before.is_empty() && !before.contains("://") && version.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            before
        }
        _ => origin,
    }
}

/// Digest of what a server says; how it was read and when make no difference.
fn content(manifest: &Manifest, assessments: &[Assessment]) -> Short {
    let mut hasher = Sha256::new();
    let server = &manifest.server;
    let facts = [
        Some(&server.name),
        server.version.as_ref(),
        server.instructions.as_ref(),
    ];
    for text in facts {
        hasher.update(text.map_or("", String::as_str));
        hasher.update([0]);
    }
    hasher.update([u8::from(server.complete)]);
    for assessment in assessments {
        hasher.update(&assessment.name);
        hasher.update([0]);
        hasher.update(&assessment.digest);
    }
    for problem in &manifest.problems {
        hasher.update(&problem.pointer);
        hasher.update(&problem.message);
    }
    short(hasher)
}

const fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::Stdio => "stdio",
        Transport::Http => "http",
        Transport::Sse => "sse",
        Transport::File => "file",
    }
}

fn pack(value: &impl Serialize) -> io::Result<Vec<u8>> {
    compress(&serde_json::to_vec(value)?)
}

pub(super) fn compress(json: &[u8]) -> io::Result<Vec<u8>> {
    zstd::bulk::compress(json, LEVEL)
}

fn unpack<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> io::Result<T> {
    let size = zstd::zstd_safe::get_frame_content_size(bytes)
        .ok()
        .flatten()
        .unwrap_or(0);
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if size > LARGEST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a stored listing is too large",
        ));
    }
    Ok(serde_json::from_slice(&zstd::bulk::decompress(bytes, size)?)?)
}

/// The manifest that was stored.
pub(super) fn read_manifest(head: &[u8], definitions: &[u8]) -> io::Result<Manifest> {
    let head: Head = serde_json::from_slice(head)?;
    let values: Vec<serde_json::Value> = unpack(definitions)?;
    let mut server = head.server;
    server.instructions = head.instructions;
    let tools = values.into_iter().map(Tool::from_value);
    let tools = tools
        .collect::<Result<_, _>>()
        .map_err(|message| io::Error::new(io::ErrorKind::InvalidData, message))?;
    Ok(Manifest {
        server,
        tools,
        problems: head.problems,
    })
}

/// The assessments that were stored.
pub(super) fn read_assessments(bytes: &[u8]) -> io::Result<Vec<Assessment>> {
    unpack(bytes)
}

/// What was stored about a server: every tool with its assessment.
pub(super) fn read(head: &[u8], definitions: &[u8], assessments: &[u8]) -> io::Result<Assessed> {
    let manifest = read_manifest(head, definitions)?;
    let assessments = read_assessments(assessments)?;
    let fits = |(tool, assessment): (&Tool, &Assessment)| tool.name() == assessment.name;
    if manifest.tools.len() != assessments.len() || !manifest.tools.iter().zip(&assessments).all(fits) {
        let message = "the stored assessments are about other tools than those that are stored";
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    if !assessments.iter().all(is_ours) {
        let message = "the stored assessments hold characters that act on a terminal, which no assessment of ours does";
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(Assessed { manifest, assessments })
}

/// Whether the texts of an assessment can be ours. They are shown as they are; what a server says is escaped wherever it
/// is shown. A catalogue may come from a stranger, too.
fn is_ours(assessment: &Assessment) -> bool {
    let signals = assessment.signals.iter();
    let evidence = assessment
        .evidence
        .iter()
        .chain(assessment.signals.iter().flat_map(|signal| &signal.evidence));
    let conflicts = assessment.conflicts.iter();
    let mut texts = [&*assessment.rationale, &*assessment.digest]
        .into_iter()
        .chain(assessment.override_reason.as_deref())
        .chain(signals.flat_map(|signal| [&*signal.id, &*signal.title]))
        .chain(evidence.map(|evidence| &*evidence.rule))
        .chain(conflicts.flat_map(|conflict| [&*conflict.hint, &*conflict.message]));
    texts.all(|text| !text.chars().any(|c| c.is_control() || is_hidden(c)))
}

/// A label as a column.
pub(super) const fn label_to_number(label: Label) -> i64 {
    label.category as i64 * 4 + label.risk as i64
}

/// A label from a column.
pub(super) fn label_from_number(number: i64) -> Option<Label> {
    let category = *Category::ALL.get(usize::try_from(number / 4).ok()?)?;
    let risk = *Risk::ALL.get(usize::try_from(number % 4).ok()?)?;
    Some(Label::new(category, risk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_their_words() {
        assert_eq!(spaced("readFile"), "readFile read File");
        assert_eq!(spaced("read_file"), "read_file");
        assert_eq!(facet("s", "open-command"), "xsopencommand");
    }

    #[test]
    fn a_version_is_no_part_of_which_server_it_is() {
        assert_eq!(without_version("npm:@a/b@1.2.3"), "npm:@a/b");
        assert_eq!(without_version("npm:@a/b"), "npm:@a/b");
        assert_eq!(without_version("https://u@1.example/mcp"), "https://u@1.example/mcp");
    }

    #[test]
    fn what_no_assessment_of_ours_holds_is_refused() {
        use crate::classify::Annotations;
        use crate::policy::decide::DecisionTable;
        let book = crate::rules::RuleBook::embedded().expect("the embedded book");
        let classifier = crate::classify::Classifier::new(book, DecisionTable::default(), Annotations::default());
        let tool = |name: &str| serde_json::json!({"name": name, "description": "Deletes\u{1b}[2J \u{202e}notes."});
        let server = Server::from_file("a", "a.json");
        let manifest = Manifest::from_values(server, vec![tool("delete_\u{1b}"), tool("b")]);
        let honest = classifier.assess_all(manifest);
        let stored = |assessed: &Assessed| {
            let entry = Entry::new(assessed.clone(), None).expect("it can be stored");
            read(&entry.head, &entry.definitions, &entry.assessments)
        };
        // Whatever a server says, what we say of it can be read again.
        assert_eq!(stored(&honest).expect("ours").assessments.len(), 2);
        let spoil = |change: fn(&mut Vec<Assessment>)| {
            let mut spoilt = honest.clone();
            change(&mut spoilt.assessments);
            stored(&spoilt).expect_err("not ours").to_string()
        };
        assert!(spoil(|all| all[1].rationale.push_str("\u{1b}[2J")).contains("terminal"));
        assert!(spoil(|all| all[0].digest.push('\u{202e}')).contains("terminal"));
        assert!(spoil(|all| all.truncate(1)).contains("other tools"));
        assert!(spoil(|all| all.swap(0, 1)).contains("other tools"));
    }

    #[test]
    fn labels_survive_their_number() {
        for &category in Category::ALL {
            for &risk in Risk::ALL {
                let label = Label::new(category, risk);
                assert_eq!(label_from_number(label_to_number(label)), Some(label));
            }
        }
        assert_eq!(label_from_number(3), None);
        assert_eq!(label_from_number(-1), None);
    }
}

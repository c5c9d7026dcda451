//! A server as it is kept, in a catalogue or in memory: what was read and what was decided, as compressed JSON a tenth
//! of the size of the values. Packs and unpacks; where it is kept is not its concern.

use std::collections::BTreeSet;
use std::{fmt, io};

use serde::de::{Deserializer as _, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::assessment::Assessment;
use crate::manifest::{Manifest, Problem, Server, Tool};
use crate::report::Assessed;
use crate::text::escape::is_hidden;

/// Compression of definitions and assessments: speed counts, and they shrink to a seventh as it is.
const LEVEL: i32 = 1;
/// A stored blob is no larger than this when it is read again.
const LARGEST: usize = 1 << 30;

/// One server, packed.
#[derive(Debug)]
pub struct Packed {
    /// What stands beside the tools, as plain JSON.
    pub(super) head: Vec<u8>,
    pub(super) definitions: Vec<u8>,
    pub(super) assessments: Vec<u8>,
}

/// What stands beside the tools.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    server: Server,
    #[serde(default)]
    instructions: Option<String>,
    problems: Vec<Problem>,
}

impl Packed {
    /// Packs a server.
    pub fn new(assessed: &Assessed) -> io::Result<Self> {
        let manifest = &assessed.manifest;
        let raw: Vec<_> = manifest.tools.iter().map(Tool::root).collect();
        let head = Head {
            // Its instructions are left out when it is written.
            server: manifest.server.clone(),
            instructions: manifest.server.instructions.clone(),
            problems: manifest.problems.clone(),
        };
        Ok(Self {
            head: serde_json::to_vec(&head)?,
            definitions: pack(&raw)?,
            assessments: pack(&assessed.assessments)?,
        })
    }

    /// The server again.
    pub fn unpack(&self) -> io::Result<Assessed> {
        read(&self.head, &self.definitions, &self.assessments)
    }
}

/// The manifest that was packed.
pub(super) fn manifest(head: &[u8], definitions: &[u8]) -> io::Result<Manifest> {
    let head: Head = serde_json::from_slice(head)?;
    let values: Vec<serde_json::Value> = unpack(definitions)?;
    let mut server = head.server;
    server.instructions = head.instructions;
    let tools = values.iter().map(Tool::from_value);
    let tools = tools
        .collect::<Result<_, _>>()
        .map_err(|message| io::Error::new(io::ErrorKind::InvalidData, message))?;
    Ok(Manifest {
        server,
        tools,
        problems: head.problems,
    })
}

/// The assessments that were packed.
pub(super) fn assessments(bytes: &[u8]) -> io::Result<Vec<Assessment>> {
    unpack(bytes)
}

/// What was packed of a server: every tool with its assessment.
pub(super) fn read(head: &[u8], definitions: &[u8], assessments: &[u8]) -> io::Result<Assessed> {
    let manifest = manifest(head, definitions)?;
    let assessments: Vec<Assessment> = unpack(assessments)?;
    let fits = |(tool, assessment): (&Tool, &Assessment)| tool.name() == assessment.name;
    if manifest.tools.len() != assessments.len() || !manifest.tools.iter().zip(&assessments).all(fits) {
        let message = "the stored assessments are about other tools than those that are stored";
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    if !assessments.iter().all(is_ours) {
        return Err(not_ours());
    }
    Ok(Assessed { manifest, assessments })
}

/// The server, and its assessments at some positions; what stands at others is passed over.
pub(super) fn some(
    head: &[u8],
    assessments: &[u8],
    positions: &BTreeSet<usize>,
) -> io::Result<(Server, Vec<(usize, Assessment)>)> {
    let head: Head = serde_json::from_slice(head)?;
    let json = decompress(assessments)?;
    let mut reader = serde_json::Deserializer::from_slice(&json);
    let found = reader.deserialize_seq(At(positions))?;
    if !found.iter().all(|(_, assessment)| is_ours(assessment)) {
        return Err(not_ours());
    }
    Ok((head.server, found))
}

/// Reads of an array what stands at some positions.
struct At<'a>(&'a BTreeSet<usize>);

impl<'de> Visitor<'de> for At<'_> {
    type Value = Vec<(usize, Assessment)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of assessments")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::with_capacity(self.0.len());
        for position in 0.. {
            if self.0.contains(&position) {
                let Some(assessment) = array.next_element()? else { break };
                found.push((position, assessment));
            } else if array.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
        }
        Ok(found)
    }
}

fn not_ours() -> io::Error {
    let message = "the stored assessments hold characters that act on a terminal, which no assessment of ours does";
    io::Error::new(io::ErrorKind::InvalidData, message)
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

fn pack(value: &impl Serialize) -> io::Result<Vec<u8>> {
    compress(&serde_json::to_vec(value)?)
}

pub(super) fn compress(json: &[u8]) -> io::Result<Vec<u8>> {
    zstd::bulk::compress(json, LEVEL)
}

fn unpack<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> io::Result<T> {
    Ok(serde_json::from_slice(&decompress(bytes)?)?)
}

fn decompress(bytes: &[u8]) -> io::Result<Vec<u8>> {
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
    zstd::bulk::decompress(bytes, size)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let packed = Packed::new(assessed).expect("it can be stored");
            packed.unpack()
        };
        // Whatever a server says, what we say of it can be read again.
        assert_eq!(stored(&honest).expect("ours").assessments.len(), 2);
        let stored_at = |assessed: &Assessed, positions: &[usize]| {
            let packed = Packed::new(assessed).expect("it can be stored");
            some(&packed.head, &packed.assessments, &positions.iter().copied().collect())
        };
        let (server, found) = stored_at(&honest, &[7, 1]).expect("ours");
        assert_eq!((&*server.name, found.len(), found[0].0), ("a", 1, 1));
        assert_eq!(found[0].1, honest.assessments[1]);
        let spoil = |change: fn(&mut Vec<Assessment>)| {
            let mut spoilt = honest.clone();
            change(&mut spoilt.assessments);
            stored(&spoilt).expect_err("not ours").to_string()
        };
        assert!(spoil(|all| all[1].rationale.push_str("\u{1b}[2J")).contains("terminal"));
        let mut spoilt = honest.clone();
        spoilt.assessments[1].digest.push('\u{202e}');
        assert!(stored_at(&spoilt, &[0]).is_ok() && stored_at(&spoilt, &[1]).is_err());
        assert!(spoil(|all| all[0].digest.push('\u{202e}')).contains("terminal"));
        assert!(spoil(|all| all.truncate(1)).contains("other tools"));
        assert!(spoil(|all| all.swap(0, 1)).contains("other tools"));
    }
}

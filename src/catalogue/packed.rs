//! A server as it is kept, in a catalogue or in memory: what was read and what was decided, as compressed JSON a tenth
//! of the size of the values. Packs and unpacks; where it is kept is not its concern.

use std::io;

use serde::{Deserialize, Serialize};

use crate::assessment::Assessment;
use crate::manifest::{Manifest, Problem, Server, Tool};
use crate::report::Assessed;

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
        let raw: Vec<_> = manifest.tools.iter().map(Tool::raw).collect();
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
        Ok(Assessed {
            manifest: manifest(&self.head, &self.definitions)?,
            assessments: assessments(&self.assessments)?,
        })
    }
}

/// The manifest that was packed.
pub(super) fn manifest(head: &[u8], definitions: &[u8]) -> io::Result<Manifest> {
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

/// The assessments that were packed.
pub(super) fn assessments(bytes: &[u8]) -> io::Result<Vec<Assessment>> {
    unpack(bytes)
}

fn pack(value: &impl Serialize) -> io::Result<Vec<u8>> {
    zstd::bulk::compress(&serde_json::to_vec(value)?, LEVEL)
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

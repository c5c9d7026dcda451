//! A server as a catalogue hands it out: what was read, what was decided, when, and what changed since it was first
//! seen. Pages, the site, searches and exports are functions of [`Record`]s; where they are kept is not their concern.

use jiff::Timestamp;
use rayon::prelude::*;

use super::packed::Packed;
use crate::error::Result;
use crate::label::Label;
use crate::manifest::Server;
use crate::report::Assessed;

/// One server of a catalogue. A record of facts only has tools without descriptions: their assessments still stand.
#[derive(Clone, Debug)]
pub struct Record {
    /// What was read and decided.
    pub assessed: Assessed,
    /// When the listing was read; `None` where nobody noted it.
    pub read_at: Option<Timestamp>,
    /// What changed, oldest first; empty where the server was read once.
    pub history: Vec<Change>,
}

impl Record {
    /// A record of something just read, without a past.
    pub const fn new(assessed: Assessed) -> Self {
        Self {
            assessed,
            read_at: None,
            history: Vec::new(),
        }
    }
}

/// A change of one tool between two readings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When it was noticed.
    pub at: Timestamp,
    /// The tool's name.
    pub tool: String,
    /// Its label before; `None` where the tool is new.
    pub was: Option<Label>,
    /// Its label after; `None` where the tool is gone.
    pub is: Option<Label>,
    /// The digest of the definition after the change; of the last known one where the tool is gone.
    pub digest: String,
    /// Whether the rule book changed, not the server.
    pub by_rules: bool,
}

/// Where records come from: a catalogue on disk, the embedded one, or servers just read. May be walked more than
/// once, so that an output can look up relations between servers without holding every definition in memory.
pub trait Shelf {
    /// Every record, sorted by server name, then origin.
    fn records(&self) -> Result<Box<dyn Iterator<Item = Result<Record>> + '_>>;
}

/// Servers just read. Each is kept packed, so that thousands fit.
#[derive(Debug, Default)]
pub struct InMemory(Vec<Shelved>);

/// A server and what it is sorted by.
#[derive(Debug)]
struct Shelved {
    name: String,
    origin: String,
    packed: Packed,
}

impl InMemory {
    /// A shelf of these servers, in any order.
    pub fn new(servers: impl ParallelIterator<Item = Assessed>) -> Result<Self> {
        let shelve = |assessed: Assessed| -> std::io::Result<Shelved> {
            let packed = Packed::new(&assessed)?;
            let Server { name, origin, .. } = assessed.manifest.server;
            Ok(Shelved { name, origin, packed })
        };
        let mut shelved: Vec<Shelved> = servers.map(shelve).collect::<std::io::Result<_>>()?;
        shelved.sort_by(|a, b| (&a.name, &a.origin).cmp(&(&b.name, &b.origin)));
        Ok(Self(shelved))
    }

    /// Whether there is no server.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Shelf for InMemory {
    fn records(&self) -> Result<Box<dyn Iterator<Item = Result<Record>> + '_>> {
        let record = |shelved: &Shelved| Ok(Record::new(shelved.packed.unpack()?));
        Ok(Box::new(self.0.iter().map(record)))
    }
}

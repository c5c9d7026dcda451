//! A server as a catalogue hands it out: what was read, what was decided, when, and what changed since it was first
//! seen. Pages, the site, searches and exports are functions of [`Record`]s; where they are kept is not their concern.

use jiff::Timestamp;

use crate::error::Result;
use crate::label::Label;
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

/// Records held in memory.
#[derive(Debug, Default)]
pub struct InMemory(Vec<Record>);

impl InMemory {
    /// A shelf of these records, in any order.
    pub fn new(mut records: Vec<Record>) -> Self {
        records.sort_by(|a, b| {
            let key = |record: &Record| {
                let server = &record.assessed.manifest.server;
                (server.name.clone(), server.origin.clone())
            };
            key(a).cmp(&key(b))
        });
        Self(records)
    }
}

impl Shelf for InMemory {
    fn records(&self) -> Result<Box<dyn Iterator<Item = Result<Record>> + '_>> {
        Ok(Box::new(self.0.iter().cloned().map(Ok)))
    }
}

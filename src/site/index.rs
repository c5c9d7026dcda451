//! What the whole catalogue must know while one page is written: names, places, labels and signals of every tool,
//! and nothing of their definitions. Built by a first walk over the shelf; small enough for any catalogue.

use std::collections::BTreeMap;

use crate::catalogue::record::{Record, Shelf};
use crate::error::Result;
use crate::label::{Category, Decision, Label, Risk};
use crate::page::model::{self, UNSURE, shown};
use crate::page::references::words;
use crate::page::server::Weight;
use crate::page::slug::Slugs;
use crate::page::tool::RelatedTool;
use crate::rules::RuleBook;

/// A server's entry.
#[derive(Clone, Debug)]
pub struct ServerEntry {
    /// Its name, as shown text.
    pub name: Box<str>,
    /// Its folder.
    pub slug: Box<str>,
    /// The first of its tools.
    pub first: u32,
    /// How many tools it has.
    pub tools: u32,
    /// Tools by category.
    pub categories: [u32; 4],
    /// Tools by risk.
    pub risks: [u32; 3],
    /// Tokens of its definitions.
    pub tokens: u32,
}

/// A tool's entry.
#[derive(Clone, Debug)]
pub struct ToolEntry {
    /// Its server.
    pub server: u32,
    /// Its name, as shown text.
    pub name: Box<str>,
    /// Its file, without extension.
    pub slug: Box<str>,
    /// The first sentence of its description, cut short.
    pub says: Box<str>,
    /// Its label.
    pub label: Label,
    /// What the policy does with it.
    pub decision: Decision,
    /// Its signals, a bit each, in the order of [`Index::signals`].
    pub signals: u64,
    /// Whether a person should look again.
    pub unsure: bool,
}

/// Every server and tool of a catalogue.
#[derive(Debug, Default)]
pub struct Index {
    /// Sorted by name.
    pub servers: Vec<ServerEntry>,
    /// Each server's tools in its order.
    pub tools: Vec<ToolEntry>,
    /// Signals with their titles.
    pub signals: Vec<(String, String)>,
    /// Tools by the words of their name.
    pub by_word: BTreeMap<Box<str>, Vec<u32>>,
    /// Tools by their name without case and separators.
    by_name: BTreeMap<Box<str>, Vec<u32>>,
}

/// Characters of a description that lists and search results show.
const SAYS: usize = 110;
/// Related tools that a page shows.
const RELATED: usize = 6;
/// A word that more tools share says nothing about any of them.
const COMMON: usize = 4000;

impl Index {
    /// Walks over the shelf once.
    pub fn of(shelf: &dyn Shelf, book: &RuleBook) -> Result<Self> {
        let mut index = Self {
            signals: book
                .signals()
                .iter()
                .map(|s| (s.id.to_string(), s.title.to_string()))
                .collect(),
            ..Self::default()
        };
        let mut folders = Slugs::default();
        for record in shelf.records()? {
            index.add(&record?, &mut folders);
        }
        Ok(index)
    }

    fn add(&mut self, record: &Record, folders: &mut Slugs) {
        let assessed = &record.assessed;
        let server = &assessed.manifest.server;
        let number = self.servers.len() as u32;
        let summary = assessed.summary();
        self.servers.push(ServerEntry {
            name: shown(&server.name).into(),
            slug: folders.take(&server.name).into(),
            first: self.tools.len() as u32,
            tools: summary.tools as u32,
            categories: Category::ALL
                .iter()
                .map(|c| assessed.assessments.iter().filter(|a| a.category == *c).count() as u32)
                .collect::<Vec<_>>()
                .try_into()
                .unwrap_or_default(),
            risks: [summary.risk.low, summary.risk.medium, summary.risk.critical].map(|n| n as u32),
            tokens: Weight::of(&assessed.manifest.tools).tokens as u32,
        });
        let mut files = Slugs::default();
        for (position, assessment) in assessed.assessments.iter().enumerate() {
            let id = self.tools.len() as u32;
            let mut signals = 0;
            for signal in &assessment.signals {
                if let Some(bit) = self
                    .signals
                    .iter()
                    .position(|(id, _)| *id == *signal.id)
                    .filter(|bit| *bit < 64)
                {
                    signals |= 1 << bit;
                }
            }
            let says = assessed.manifest.tools.get(position).map(model::first_sentence);
            let parts = words(&assessment.name);
            for word in &parts {
                let ids = self.by_word.entry(word.as_str().into()).or_default();
                if ids.last() != Some(&id) {
                    ids.push(id);
                }
            }
            self.by_name.entry(parts.concat().into()).or_default().push(id);
            self.tools.push(ToolEntry {
                server: number,
                name: shown(&assessment.name).into(),
                slug: files.take(&assessment.name).into(),
                says: model::shorten(&says.unwrap_or_default(), SAYS).into(),
                label: assessment.label(),
                decision: assessment.decision,
                signals,
                unsure: assessment.confidence < UNSURE,
            });
        }
    }

    /// A server's tools.
    pub fn tools_of(&self, server: u32) -> &[ToolEntry] {
        let entry = &self.servers[server as usize];
        &self.tools[entry.first as usize..(entry.first + entry.tools) as usize]
    }

    /// `FOLDER/FILE` of a tool, without extension.
    pub fn path(&self, tool: u32) -> String {
        let entry = &self.tools[tool as usize];
        format!("{}/{}", self.servers[entry.server as usize].slug, entry.slug)
    }

    /// Tools of the same name on other servers, those of another label first.
    pub fn same(&self, tool: u32) -> Vec<RelatedTool> {
        let own = &self.tools[tool as usize];
        let key = words(&own.name).concat();
        if key.is_empty() {
            return Vec::new();
        }
        let others = self.by_name.get(key.as_str()).map_or(&[][..], Vec::as_slice);
        let mut found = self.elsewhere(own, others.iter().copied());
        found.sort_by_key(|id| self.tools[*id as usize].label == own.label);
        found.truncate(RELATED);
        found.into_iter().map(|id| self.related(own, id)).collect()
    }

    /// Tools on other servers that share the two rarest words of the name and the category.
    pub fn similar(&self, tool: u32) -> Vec<RelatedTool> {
        let own = &self.tools[tool as usize];
        let parts = words(&own.name);
        let key = parts.concat();
        let mut lists: Vec<&Vec<u32>> = parts
            .iter()
            .filter_map(|word| self.by_word.get(word.as_str()))
            .filter(|ids| ids.len() > 1)
            .collect();
        lists.sort_by_key(|ids| ids.len());
        lists.dedup_by(|a, b| std::ptr::eq(*a, *b));
        let [rare, next, ..] = lists.as_slice() else {
            return Vec::new();
        };
        if rare.len() > COMMON {
            return Vec::new();
        }
        let both = rare.iter().copied().filter(|id| next.binary_search(id).is_ok());
        let alike = both.filter(|id| {
            let other = &self.tools[*id as usize];
            other.label.category == own.label.category && words(&other.name).concat() != key
        });
        let mut found = self.elsewhere(own, alike);
        found.truncate(RELATED);
        found.into_iter().map(|id| self.related(own, id)).collect()
    }

    /// One tool a server, none of the own server's.
    fn elsewhere(&self, own: &ToolEntry, ids: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut found: Vec<u32> = Vec::new();
        for id in ids {
            let server = self.tools[id as usize].server;
            let known = found
                .last()
                .is_some_and(|last| self.tools[*last as usize].server == server);
            if server != own.server && !known {
                found.push(id);
            }
        }
        found
    }

    fn related(&self, own: &ToolEntry, id: u32) -> RelatedTool {
        let entry = &self.tools[id as usize];
        RelatedTool {
            name: entry.name.to_string(),
            server: self.servers[entry.server as usize].name.to_string(),
            href: self.path(id),
            label: entry.label.into(),
            differs: entry.label != own.label,
        }
    }

    /// How many tools have each category.
    pub fn count_category(&self, category: Category) -> usize {
        self.tools.iter().filter(|t| t.label.category == category).count()
    }

    /// How many tools have each risk.
    pub fn count_risk(&self, risk: Risk) -> usize {
        self.tools.iter().filter(|t| t.label.risk == risk).count()
    }
}

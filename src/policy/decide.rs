//! The decision table: which label gets which decision, and how many calls a minute a limit allows.
//! A pure lookup; users change it in the `[decisions]` section of `mcpclass.toml`.

use std::collections::BTreeMap;

use crate::label::{Category, Decision, Label, Risk};

/// A decision for one tool, set by a person against the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The server it is for; `None` for every server.
    pub server: Option<String>,
    /// The tool's exact name.
    pub tool: String,
    /// What to do with it.
    pub decision: Decision,
    /// Why; shown in every output.
    pub reason: String,
}

/// Which label gets which decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionTable {
    cells: BTreeMap<(Category, Risk), Decision>,
    rates: BTreeMap<Category, u32>,
    overrides: Vec<Override>,
}

impl Default for DecisionTable {
    fn default() -> Self {
        use Category::{Destructive, Execute, Read, Write};
        use Decision::{Allow, Ask, Hide, Limit};
        use Risk::{Critical, Low, Medium};
        let cells = [
            (Read, Low, Allow),
            (Read, Medium, Limit),
            (Read, Critical, Ask),
            (Write, Medium, Limit),
            (Write, Critical, Ask),
            (Execute, Medium, Limit),
            (Execute, Critical, Ask),
            (Destructive, Medium, Limit),
            (Destructive, Critical, Hide),
        ];
        let rates = [(Read, 60), (Write, 30), (Execute, 10), (Destructive, 10)];
        Self {
            cells: cells.into_iter().map(|(c, r, d)| ((c, r), d)).collect(),
            rates: rates.into_iter().collect(),
            overrides: Vec::new(),
        }
    }
}

impl DecisionTable {
    /// The decision for a label. A label outside the table (a low Write cannot occur) is asked about.
    pub fn decide(&self, label: Label) -> Decision {
        self.cells
            .get(&(label.category, label.risk))
            .copied()
            .unwrap_or(Decision::Ask)
    }

    /// Calls a minute that a limit on this category allows.
    pub fn rate(&self, category: Category) -> u32 {
        self.rates.get(&category).copied().unwrap_or(10)
    }

    /// What a person decided for this tool, if anything; an entry naming the server wins over one that does not.
    pub fn override_for(&self, server: Option<&str>, tool: &str) -> Option<&Override> {
        let fits = |o: &&Override| o.tool == tool && (o.server.is_none() || o.server.as_deref() == server);
        self.overrides.iter().filter(fits).max_by_key(|o| o.server.is_some())
    }

    /// Changes one cell.
    pub fn set(&mut self, label: Label, decision: Decision) {
        self.cells.insert((label.category, label.risk), decision);
    }

    /// Changes the calls a minute of one category.
    pub fn set_rate(&mut self, category: Category, calls_a_minute: u32) {
        self.rates.insert(category, calls_a_minute);
    }

    /// Adds a person's decision for one tool.
    pub fn add_override(&mut self, entry: Override) {
        self.overrides.push(entry);
    }

    /// Every override, in the order they were written.
    pub fn overrides(&self) -> &[Override] {
        &self.overrides
    }
}

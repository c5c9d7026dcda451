//! The vocabulary of the labelling guide between words and labels: what a verb does to a kind of object.
//! Rules name effects; each effect has one label. Nothing here looks at text.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::label::{Category, Label, Risk};

/// What an operation does. `S0`…`S5` are the steps of the labelling guide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// S5: looks something up or works something out.
    Look,
    /// Fetches an address that the caller chooses.
    Fetch,
    /// Runs a read-only query over a whole store.
    Query,
    /// Hands over a whole store or people's records in bulk.
    Dump,
    /// Hands out a secret.
    Secret,
    /// Says too little by itself.
    Vague,
    /// S4: changes a record.
    Change,
    /// Grants or widens access.
    Access,
    /// Makes, replaces or takes a credential.
    Credential,
    /// Weakens or reconfigures a protection.
    Weaken,
    /// Reaches an audience without bounds.
    Broadcast,
    /// S3: makes a process, a page or a device act.
    Act,
    /// Interrupts, replaces or reconfigures a running host, service or cluster.
    Operate,
    /// Moves money or binds to a purchase.
    Money,
    /// Acts on physical safety.
    Physical,
    /// Hands a free task to an agent.
    Delegate,
    /// S1: runs what the caller passes.
    Open,
    /// S1: runs a statement that the caller passes.
    Statement,
    /// S2: only what can be built again is lost.
    Rebuildable,
    /// S2: what was there is gone.
    End,
}

impl Effect {
    /// Every effect, mildest label first.
    pub const ALL: [Self; 20] = [
        Self::Look,
        Self::Fetch,
        Self::Query,
        Self::Dump,
        Self::Secret,
        Self::Vague,
        Self::Change,
        Self::Access,
        Self::Credential,
        Self::Weaken,
        Self::Broadcast,
        Self::Act,
        Self::Operate,
        Self::Money,
        Self::Physical,
        Self::Delegate,
        Self::Open,
        Self::Statement,
        Self::Rebuildable,
        Self::End,
    ];

    /// Number of effects, for tables.
    pub const COUNT: usize = Self::ALL.len();

    /// Position in tables.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The label of an operation with this effect; `None` for a vague one.
    pub const fn label(self) -> Option<Label> {
        use Category::{Destructive, Execute, Read, Write};
        use Risk::{Critical, Low, Medium};
        Some(match self {
            Self::Look => Label::new(Read, Low),
            Self::Fetch | Self::Query | Self::Dump => Label::new(Read, Medium),
            Self::Secret => Label::new(Read, Critical),
            Self::Vague => return None,
            Self::Change => Label::new(Write, Medium),
            Self::Access | Self::Credential | Self::Weaken | Self::Broadcast => Label::new(Write, Critical),
            Self::Act => Label::new(Execute, Medium),
            Self::Operate | Self::Money | Self::Physical | Self::Delegate | Self::Open | Self::Statement => {
                Label::new(Execute, Critical)
            }
            Self::Rebuildable => Label::new(Destructive, Medium),
            Self::End => Label::new(Destructive, Critical),
        })
    }

    /// The category it speaks for.
    pub const fn category(self) -> Option<Category> {
        match self.label() {
            Some(label) => Some(label.category),
            None => None,
        }
    }

    /// Severity in the guide's order of operations; a vague one has none.
    pub const fn severity(self) -> u8 {
        match self.label() {
            Some(label) => label.severity(),
            None => 0,
        }
    }

    /// The name in rule files and weights.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Fetch => "fetch",
            Self::Query => "query",
            Self::Dump => "dump",
            Self::Secret => "secret",
            Self::Vague => "vague",
            Self::Change => "change",
            Self::Access => "access",
            Self::Credential => "credential",
            Self::Weaken => "weaken",
            Self::Broadcast => "broadcast",
            Self::Act => "act",
            Self::Operate => "operate",
            Self::Money => "money",
            Self::Physical => "physical",
            Self::Delegate => "delegate",
            Self::Open => "open",
            Self::Statement => "statement",
            Self::Rebuildable => "rebuildable",
            Self::End => "end",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

//! The scales of the domain: what a tool does ([`Category`]), how much is at stake ([`Risk`]) and what to
//! do about it ([`Decision`]). Owns their order, names and parsing; knows nothing of how they are found.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What one successful call does to anything outside the call. Ordered from mild to severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Category {
    /// Changes nothing outside the call.
    Read,
    /// Changes a record.
    Write,
    /// Makes something act: a process, a device, a payment, an agent.
    Execute,
    /// Ends something that cannot be brought back through the same API.
    Destructive,
}

/// How much is at stake. Ordered from mild to severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Only a Read can be low.
    Low,
    /// The usual risk of a change.
    Medium,
    /// Loss, reach or authority that a person should decide about.
    Critical,
}

/// What the recommended policy does with a tool. Ordered from permissive to strict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// May be called freely.
    Allow,
    /// May be called a number of times a minute.
    Limit,
    /// Every call needs a person's approval.
    Ask,
    /// Calls are refused.
    Deny,
    /// The agent does not see the tool.
    Hide,
}

macro_rules! names {
    ($type:ident, $what:literal, $($variant:ident = $name:literal),+ $(,)?) => {
        impl $type {
            /// Every value, mildest first.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name used in every output.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|v| v.name().eq_ignore_ascii_case(text)).ok_or_else(|| {
                    let known: Vec<_> = Self::ALL.iter().map(|v| v.name()).collect();
                    format!("{text:?} is no {}; one of {}", $what, known.join(", "))
                })
            }
        }
    };
}

names!(
    Category,
    "category",
    Read = "Read",
    Write = "Write",
    Execute = "Execute",
    Destructive = "Destructive"
);
names!(Risk, "risk", Low = "low", Medium = "medium", Critical = "critical");
names!(
    Decision,
    "decision",
    Allow = "allow",
    Limit = "limit",
    Ask = "ask",
    Deny = "deny",
    Hide = "hide"
);

impl Category {
    /// Position in tables indexed by category.
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// A category with its risk: what the labels of a tool come down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Label {
    /// What it does.
    pub category: Category,
    /// What is at stake.
    pub risk: Risk,
}

impl Label {
    /// A label of these two.
    pub const fn new(category: Category, risk: Risk) -> Self {
        Self { category, risk }
    }

    /// Severity as the labelling guide orders operations of one tool: Destructive, then critical Execute,
    /// then other Execute, then Write, then Read; the higher risk first within each.
    pub const fn severity(self) -> u8 {
        let base = match self.category {
            Category::Read => 0,
            Category::Write => 10,
            Category::Execute => 20,
            Category::Destructive => 30,
        };
        base + self.risk as u8
    }

    /// Order for lists that people read: critical first, then by severity.
    pub const fn urgency(self) -> (Risk, u8) {
        (self.risk, self.severity())
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.category, self.risk)
    }
}

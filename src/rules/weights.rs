//! The scorecard: an integer for each feature and category, in hundredths of a nat. Hand-readable, fitted by
//! `mcpclass rules fit`, the same on every platform. Owns the list of features.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::effect::Effect;
use crate::error::{Error, Result};
use crate::label::Category;

use super::book::{CUES, ParamKind};

/// Where in a definition an operation was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// The head verb of the name.
    Name,
    /// A verb beside it: `create_or_update`.
    NameSecond,
    /// The head verb of the description's first main clause, or of the title.
    Main,
    /// A verb coordinated with it: "create, update or delete".
    Coordinated,
    /// The head of a later sentence in the third person.
    Later,
    /// The head of a later sentence in the imperative, which may speak to the model.
    Order,
    /// "… will be deleted".
    Passive,
    /// In a condition, a purpose or a manner: "if set, deletes", "to delete", "by deleting".
    Side,
    /// In sections about arguments, examples and advice.
    Aside,
    /// A value of a parameter that chooses among operations.
    Operation,
    /// The main verb of a description in another language than English.
    Foreign,
}

impl Slot {
    /// Every slot.
    pub const ALL: [Self; 11] = [
        Self::Name,
        Self::NameSecond,
        Self::Main,
        Self::Coordinated,
        Self::Later,
        Self::Order,
        Self::Passive,
        Self::Side,
        Self::Aside,
        Self::Operation,
        Self::Foreign,
    ];

    /// Whether what stands here is what the tool offers, not what it says in passing.
    pub const fn is_strong(self) -> bool {
        matches!(
            self,
            Self::Name | Self::NameSecond | Self::Main | Self::Coordinated | Self::Operation | Self::Foreign
        )
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::NameSecond => "name-second",
            Self::Main => "main",
            Self::Coordinated => "coordinated",
            Self::Later => "later",
            Self::Order => "order",
            Self::Passive => "passive",
            Self::Side => "side",
            Self::Aside => "aside",
            Self::Operation => "operation",
            Self::Foreign => "foreign",
        }
    }
}

/// What kind of work the verbs speak of, for features that join a parameter with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// No telling.
    Unknown,
    /// Reading verbs.
    Reads,
    /// Verbs that change.
    Writes,
    /// Verbs that make something act, or end it.
    Acts,
}

impl Manner {
    const ALL: [Self; 4] = [Self::Unknown, Self::Reads, Self::Writes, Self::Acts];

    const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Acts => "acts",
        }
    }
}

/// Features that stand alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Always there: the prior.
    Always,
    /// The name has no verb.
    NameSilent,
    /// The name's verb is as often a noun.
    NameWeak,
    /// The name ends in what a Read returns: status, details, schema.
    NameFact,
    /// The description has no main verb.
    MainSilent,
    /// The description begins with what a Read returns.
    MainFact,
    /// There is no description.
    NoDescription,
    /// The description is under five words.
    Thin,
    /// The verbs are in another language than English.
    Foreign,
    /// There are no parameters.
    NoParameters,
    /// The operations include a Read.
    ReadsToo,
    /// The tool has several operations.
    SeveralOperations,
    /// Name and description rest on the same category.
    Agree,
    /// The description says what is returned.
    Returns,
}

impl Mark {
    const ALL: [Self; 14] = [
        Self::Always,
        Self::NameSilent,
        Self::NameWeak,
        Self::NameFact,
        Self::MainSilent,
        Self::MainFact,
        Self::NoDescription,
        Self::Thin,
        Self::Foreign,
        Self::NoParameters,
        Self::ReadsToo,
        Self::SeveralOperations,
        Self::Agree,
        Self::Returns,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::NameSilent => "name-silent",
            Self::NameWeak => "name-weak",
            Self::NameFact => "name-fact",
            Self::MainSilent => "main-silent",
            Self::MainFact => "main-fact",
            Self::NoDescription => "no-description",
            Self::Thin => "thin",
            Self::Foreign => "foreign",
            Self::NoParameters => "no-parameters",
            Self::ReadsToo => "reads-too",
            Self::SeveralOperations => "several-operations",
            Self::Agree => "agree",
            Self::Returns => "returns",
        }
    }
}

/// What a feature rests on, and so how freely its weight may be fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The verbs of what the tool offers.
    Verbs,
    /// What is said in passing, phrases, parameters, marks of the whole.
    Passing,
    /// What the name and the description speak of together: a second look at the verbs.
    Repeated,
}

/// A feature, by its place in the scorecard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Feature(u16);

const SLOTS: usize = Slot::ALL.len() * Effect::COUNT;
const MARKS: usize = SLOTS + Mark::ALL.len();
const KINDS: usize = MARKS + CUES.len();
const PARAMS: usize = KINDS + ParamKind::ALL.len() * Manner::ALL.len();
/// Number of features.
pub const FEATURES: usize = PARAMS + Manner::ALL.len() * Manner::ALL.len();

impl Feature {
    /// An operation found in a slot.
    pub const fn operation(slot: Slot, effect: Effect) -> Self {
        Self((slot as usize * Effect::COUNT + effect.index()) as u16)
    }

    /// A mark.
    pub const fn mark(mark: Mark) -> Self {
        Self((SLOTS + mark as usize) as u16)
    }

    /// A phrase cue, by its index in the list of cues.
    pub(crate) const fn cue(index: usize) -> Self {
        Self((MARKS + index) as u16)
    }

    /// A parameter beside verbs of one manner.
    pub(crate) const fn param(kind: ParamKind, manner: Manner) -> Self {
        Self((KINDS + kind as usize * Manner::ALL.len() + manner as usize) as u16)
    }

    /// What the name and the description speak of together.
    pub const fn both(name: Manner, main: Manner) -> Self {
        Self((PARAMS + name as usize * Manner::ALL.len() + main as usize) as u16)
    }

    /// What it rests on.
    pub fn standing(self) -> Standing {
        let index = self.index();
        if index < SLOTS && Slot::ALL[index / Effect::COUNT].is_strong() {
            Standing::Verbs
        } else if index < PARAMS {
            Standing::Passing
        } else {
            Standing::Repeated
        }
    }

    /// Position in the scorecard.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Every feature, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..FEATURES as u16).map(Self)
    }

    /// The name in `rules/weights.toml`.
    pub fn name(self) -> String {
        let index = self.index();
        if index < SLOTS {
            format!(
                "{}/{}",
                Slot::ALL[index / Effect::COUNT].name(),
                Effect::ALL[index % Effect::COUNT]
            )
        } else if index < MARKS {
            format!("mark/{}", Mark::ALL[index - SLOTS].name())
        } else if index < KINDS {
            format!("cue/{}", CUES[index - MARKS])
        } else if index < PARAMS {
            let at = index - KINDS;
            format!(
                "param/{}/{}",
                ParamKind::ALL[at / Manner::ALL.len()].name(),
                Manner::ALL[at % Manner::ALL.len()].name()
            )
        } else {
            let at = index - PARAMS;
            format!(
                "both/{}/{}",
                Manner::ALL[at / Manner::ALL.len()].name(),
                Manner::ALL[at % Manner::ALL.len()].name()
            )
        }
    }
}

/// A weight for each category, in the order of [`Category`].
pub type Row = [i32; 4];

/// The scorecard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weights {
    rows: Vec<Row>,
}

impl Weights {
    /// Every weight 0.
    pub fn zero() -> Self {
        Self {
            rows: vec![[0; 4]; FEATURES],
        }
    }

    /// A scorecard of these rows, one a feature.
    pub fn from_rows(rows: Vec<Row>) -> Self {
        Self { rows }
    }

    /// The scorecard of a `[weights]` table: `"name/look" = [Read, Write, Execute, Destructive]`.
    pub fn from_table(table: &BTreeMap<String, Row>) -> Result<Self> {
        let mut weights = Self::zero();
        let mut unknown: BTreeSet<&str> = table.keys().map(String::as_str).collect();
        for feature in Feature::all() {
            let name = feature.name();
            if let Some(row) = table.get(&name) {
                weights.rows[feature.index()] = *row;
                unknown.remove(&*name);
            }
        }
        match unknown.first() {
            None => Ok(weights),
            Some(key) => Err(
                Error::new(format!("rules/weights.toml: {key:?} is no feature of this version"))
                    .help("write the table anew with `mcpclass rules fit`"),
            ),
        }
    }

    /// The row of a feature.
    pub fn row(&self, feature: Feature) -> Row {
        self.rows[feature.index()]
    }

    /// Sums over the fired features.
    pub fn scores(&self, fired: &[Feature]) -> Row {
        let mut sums = [0; 4];
        for feature in fired {
            for (sum, weight) in sums.iter_mut().zip(self.row(*feature)) {
                *sum += weight;
            }
        }
        sums
    }

    /// The file's `[weights]` table, features without weight left out.
    pub fn to_toml(&self) -> String {
        let mut text = String::from("[weights]\n");
        for feature in Feature::all() {
            let row = self.row(feature);
            if row != [0; 4] {
                let [read, write, execute, destructive] = row;
                let _ = writeln!(
                    text,
                    "{:?} = [{read}, {write}, {execute}, {destructive}]",
                    feature.name()
                );
            }
        }
        text
    }
}

/// Categories in the order of a [`Row`].
pub const ROW_ORDER: [Category; 4] = [
    Category::Read,
    Category::Write,
    Category::Execute,
    Category::Destructive,
];

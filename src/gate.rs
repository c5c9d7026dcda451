//! Gates: what makes a run fail. Parsed from `--fail-on`, checked against assessments; knows nothing of how the
//! result is printed or which command asks.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use crate::assessment::Assessment;
use crate::classify::exposure::Exposure;
use crate::label::{Category, Decision, Risk};
use crate::report::Assessed;
use crate::text::suggest;

/// Confidence under which a person should look again.
pub const SURE: f64 = 0.7;

/// One condition that fails a run when a tool meets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// A tool of this risk or a higher one.
    Risk(Risk),
    /// A tool of this category.
    Category(Category),
    /// A tool with a signal of this id, or a server whose instructions have it.
    Signal(String),
    /// A tool about which this was decided.
    Decision(Decision),
    /// A tool that contradicts one of its own annotations.
    Conflict,
    /// A tool whose label is uncertain.
    Unsure,
    /// A listing with something in it that could not be used.
    Problem,
}

/// A gate that tripped, and what tripped it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tripped {
    /// Which gate.
    pub gate: Gate,
    /// `SERVER/TOOL` of each tool, or the server's name where it is about the listing.
    pub by: Vec<String>,
}

impl Gate {
    /// Whether a tool meets the condition.
    pub fn holds(&self, assessment: &Assessment) -> bool {
        match self {
            Self::Risk(risk) => assessment.risk >= *risk,
            Self::Category(category) => assessment.category == *category,
            Self::Signal(id) => assessment.has_signal(id),
            Self::Decision(decision) => assessment.decision == *decision,
            Self::Conflict => !assessment.conflicts.is_empty(),
            Self::Unsure => assessment.confidence < SURE,
            Self::Problem => false,
        }
    }

    /// What trips this gate in the given servers, of which `exposures` tells what concerns more than one tool.
    pub fn check(&self, servers: &[Assessed], exposures: &[Exposure]) -> Option<Tripped> {
        let mut by = Vec::new();
        for (server, exposure) in servers.iter().zip(exposures) {
            let name = &server.manifest.server.name;
            let as_a_whole = match self {
                Self::Problem => !server.manifest.problems.is_empty(),
                Self::Signal(id) => exposure.instructions().any(|signal| *signal.id == **id),
                _ => false,
            };
            if as_a_whole {
                by.push(name.clone());
            }
            let mistaken: HashSet<&str> = match self {
                Self::Signal(id) => exposure.raised_by_names(id).collect(),
                _ => HashSet::new(),
            };
            let met = server
                .assessments
                .iter()
                .filter(|a| self.holds(a) || mistaken.contains(&*a.name));
            by.extend(met.map(|a| format!("{name}/{}", a.name)));
        }
        (!by.is_empty()).then(|| Tripped { gate: self.clone(), by })
    }
}

/// Every gate that trips, in the order they were asked for.
pub fn check_all(gates: &[Gate], servers: &[Assessed], exposures: &[Exposure]) -> Vec<Tripped> {
    gates.iter().filter_map(|gate| gate.check(servers, exposures)).collect()
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Risk(risk) => write!(f, "risk:{risk}"),
            Self::Category(category) => write!(f, "category:{category}"),
            Self::Signal(id) => write!(f, "signal:{id}"),
            Self::Decision(decision) => write!(f, "decision:{decision}"),
            Self::Conflict => f.write_str("conflict"),
            Self::Unsure => f.write_str("unsure"),
            Self::Problem => f.write_str("problem"),
        }
    }
}

impl fmt::Display for Tripped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 5;
        let shown = self.by[..self.by.len().min(SHOWN)].join(", ");
        write!(f, "gate {} tripped by {shown}", self.gate)?;
        match self.by.len().checked_sub(SHOWN) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, " and {more} more"),
        }
    }
}

/// Words that stand alone; the rest is `KIND:VALUE`.
const ALONE: [&str; 6] = ["conflict", "unsure", "problem", "low", "medium", "critical"];
/// What stands before a colon.
const KINDS: [&str; 4] = ["risk", "category", "signal", "decision"];

impl FromStr for Gate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some((kind, value)) = text.split_once(':') {
            return match kind {
                "risk" => value.parse().map(Self::Risk),
                "category" => value.parse().map(Self::Category),
                "decision" => value.parse().map(Self::Decision),
                "signal" if !value.is_empty() => Ok(Self::Signal(value.to_owned())),
                _ => Err(unknown(text)),
            };
        }
        match text {
            "conflict" => Ok(Self::Conflict),
            "unsure" => Ok(Self::Unsure),
            "problem" => Ok(Self::Problem),
            _ => text
                .parse()
                .map(Self::Risk)
                .or_else(|_| text.parse().map(Self::Category))
                .map_err(|_: String| unknown(text)),
        }
    }
}

fn unknown(text: &str) -> String {
    let categories = Category::ALL.iter().map(|c| c.name());
    let known = format!(
        "{}, {}",
        ALONE.join(", "),
        KINDS.map(|kind| format!("{kind}:…")).join(", ")
    );
    match suggest::nearest(text, ALONE.into_iter().chain(KINDS).chain(categories)) {
        Some(word) if KINDS.contains(&word) => format!("no such gate; did you mean `{word}:…`? (one of {known})"),
        Some(word) => format!("no such gate; did you mean `{word}`? (one of {known})"),
        None => format!("no such gate; one of {known}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gate_reads_back_what_it_prints() {
        let gates = [
            Gate::Risk(Risk::Critical),
            Gate::Category(Category::Destructive),
            Gate::Signal("secrets".to_owned()),
            Gate::Decision(Decision::Hide),
            Gate::Conflict,
            Gate::Unsure,
            Gate::Problem,
        ];
        for gate in gates {
            assert_eq!(gate.to_string().parse(), Ok(gate));
        }
        assert_eq!("critical".parse(), Ok(Gate::Risk(Risk::Critical)));
        assert_eq!("destructive".parse(), Ok(Gate::Category(Category::Destructive)));
    }

    #[test]
    fn a_slip_is_named() {
        let error = "critcal".parse::<Gate>().expect_err("a typo");
        assert!(error.contains("did you mean `critical`?"), "{error}");
        let error = "categry:Read".parse::<Gate>().expect_err("a typo");
        assert!(error.contains("category:…"), "{error}");
        assert!("signal:".parse::<Gate>().is_err());
    }
}

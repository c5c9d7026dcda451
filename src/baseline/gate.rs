//! `--fail-on`: which changes fail a check. A list of kinds, each alone or narrowed to a risk or a category.

use std::fmt;
use std::str::FromStr;

use crate::baseline::compare::{Change, Kind};
use crate::label::{Category, Risk};

/// One word of `--fail-on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    kind: Kind,
    narrowed: Option<Narrowed>,
}

/// What a gate is narrowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Narrowed {
    /// At least this risk.
    Risk(Risk),
    /// This category.
    Category(Category),
}

/// The gates of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gates(pub Vec<Gate>);

impl Default for Gates {
    fn default() -> Self {
        Self(vec![
            Gate {
                kind: Kind::Worse,
                narrowed: None,
            },
            Gate {
                kind: Kind::New,
                narrowed: Some(Narrowed::Risk(Risk::Critical)),
            },
        ])
    }
}

impl Gates {
    /// Whether any of them trips on this change.
    pub fn trip(&self, change: &Change) -> bool {
        self.0.iter().any(|gate| gate.trips(change))
    }
}

impl Gate {
    fn trips(self, change: &Change) -> bool {
        let label = change.label();
        change.kind == self.kind
            && match self.narrowed {
                None => true,
                // What deceives is as bad as it gets, however harmless it claims to be.
                Some(Narrowed::Risk(risk)) => label.is_none_or(|l| l.risk >= risk) || change.deceives(),
                Some(Narrowed::Category(category)) => label.is_none_or(|l| l.category == category),
            }
    }
}

impl FromStr for Gates {
    type Err = String;

    /// `worse,new:critical`, or `none`.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == "none" {
            return Ok(Self(Vec::new()));
        }
        text.split(',')
            .map(|word| word.trim().parse())
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl FromStr for Gate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, narrowed) = match text.split_once(':') {
            Some((word, rest)) => (word, Some(rest)),
            None => (text, None),
        };
        let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| kind.name() == word)
            .ok_or_else(|| format!("{word:?} is none of {}, none", known.join(", ")))?;
        let narrowed = narrowed.map(narrow).transpose()?;
        Ok(Self { kind, narrowed })
    }
}

fn narrow(text: &str) -> Result<Narrowed, String> {
    let bare = text
        .strip_prefix("category:")
        .or_else(|| text.strip_prefix("risk:"))
        .unwrap_or(text);
    let risk = || bare.parse().map(Narrowed::Risk);
    let category = || bare.parse().map(Narrowed::Category);
    risk()
        .or_else(|_: String| category())
        .map_err(|_: String| format!("{text:?} is no risk (low, medium, critical) and no category (Read, Write, …)"))
}

impl fmt::Display for Gates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (index, gate) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{}", gate.kind.name())?;
            match gate.narrowed {
                None => {}
                Some(Narrowed::Risk(risk)) => write!(f, ":{risk}")?,
                Some(Narrowed::Category(category)) => write!(f, ":{category}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_read_as_they_are_written() {
        for text in [
            "worse,new:critical",
            "worse,new,gone,milder,wording,rules",
            "new:Destructive",
            "none",
        ] {
            assert_eq!(text.parse::<Gates>().expect(text).to_string(), text);
        }
        assert_eq!(Gates::default().to_string(), "worse,new:critical");
        assert_eq!(
            "new:category:destructive"
                .parse::<Gates>()
                .expect("long form")
                .to_string(),
            "new:Destructive"
        );
        for text in ["", "worst", "new:huge", "worse,"] {
            assert!(text.parse::<Gates>().is_err(), "{text}");
        }
    }
}

//! One difference between two sides of a tool: what it is, what it means, its stable id and its words. Owns the
//! vocabulary that every report, acceptance and SARIF rule shares. Refuses to escape what a server wrote: a
//! [`Phrase`] keeps it apart, and each format escapes it in its own way.

use crate::baseline::edit::Edit;
use crate::baseline::phrase::Phrase;
use crate::label::{Category, Decision, Label, Risk};

/// What a difference means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// The tool may do more, or hides more.
    Worse,
    /// The tool may do less.
    Milder,
    /// Neither.
    Neutral,
}

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// What differs.
    pub what: Difference,
    /// What it means.
    pub effect: Effect,
}

/// What differs between two sides of a tool.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// Characters that do not show.
    Hidden {
        /// Where.
        pointer: String,
        /// Which.
        characters: Vec<char>,
    },
    /// A declared annotation has another value.
    Annotation {
        /// Which.
        hint: String,
        /// As reviewed.
        was: Option<bool>,
        /// As listed now.
        is: Option<bool>,
    },
    /// Another category.
    Category {
        /// As reviewed.
        was: Category,
        /// As listed now.
        is: Category,
    },
    /// Another risk.
    Risk {
        /// As reviewed.
        was: Risk,
        /// As listed now.
        is: Risk,
    },
    /// An operation that appeared, went away or has another label.
    Operation {
        /// The parameter that chooses it.
        parameter: String,
        /// The value that chooses it.
        value: String,
        /// Its label as reviewed.
        was: Option<Label>,
        /// Its label now.
        is: Option<Label>,
    },
    /// A parameter takes anything, or no longer does.
    Open {
        /// Which.
        parameter: String,
        /// Whether it does now.
        appeared: bool,
    },
    /// A signal appeared or went away.
    Signal {
        /// Which.
        id: String,
        /// Its line for people, where it is known.
        title: String,
        /// The words it rests on.
        words: Vec<String>,
        /// Whether it is there now.
        appeared: bool,
    },
    /// A declared annotation is contradicted by the definition, or no longer is.
    Conflict {
        /// Which.
        hint: String,
        /// What stands against it.
        message: String,
        /// Whether it is contradicted now.
        appeared: bool,
    },
    /// The definition differs.
    Edit(Edit),
    /// Another decision for the same label.
    Decision {
        /// As reviewed.
        was: Decision,
        /// As listed now.
        is: Decision,
    },
    /// The same definition under another name.
    Renamed {
        /// The other name.
        other: String,
        /// Whether that name was reviewed.
        reviewed: bool,
    },
    /// Nothing but the order of list members.
    Order,
}

impl Difference {
    /// Stable id: the word in SARIF, in JSON and in acceptances.
    pub fn id(&self) -> String {
        let id = match self {
            Self::Hidden { .. } => "hidden-text",
            Self::Annotation { .. } => "annotation",
            Self::Category { .. } => "category",
            Self::Risk { .. } => "risk",
            Self::Operation { .. } => "operation",
            Self::Open { .. } => "open-parameter",
            Self::Signal { id, .. } => return format!("signal:{id}"),
            Self::Conflict { .. } => "conflict",
            Self::Edit(_) | Self::Order => "wording",
            Self::Decision { .. } => "decision",
            Self::Renamed { .. } => "renamed",
        };
        id.to_owned()
    }

    /// The difference in words.
    pub fn phrase(&self) -> Phrase {
        let declared = |value: &Option<bool>| value.map_or("absent".to_owned(), |v| v.to_string());
        match self {
            Self::Hidden { pointer, characters } => {
                let mut codes: Vec<String> = characters.iter().map(|c| format!("U+{:04X}", *c as u32)).collect();
                codes.sort_unstable();
                codes.dedup();
                codes.truncate(8);
                let plural = if characters.len() == 1 { "" } else { "s" };
                Phrase::new(format!(
                    "{} hidden character{plural} ({}) at ",
                    characters.len(),
                    codes.join(", ")
                ))
                .name(pointer.clone())
            }
            Self::Annotation { hint, was, is } => Phrase::new("annotation ").name(hint.clone()).ours(format!(
                " is now {}, was {}",
                declared(is),
                declared(was)
            )),
            Self::Category { was, is } => Phrase::new(format!("{is}, was {was}")),
            Self::Risk { was, is } => Phrase::new(format!("risk {is}, was {was}")),
            Self::Operation {
                parameter,
                value,
                was,
                is,
            } => {
                let subject = Phrase::new("operation ").name(format!("{parameter}={value}"));
                match (was, is) {
                    (None, Some(is)) => subject.ours(format!(" appeared ({is})")),
                    (Some(was), None) => subject.ours(format!(" is gone ({was})")),
                    (Some(was), Some(is)) => subject.ours(format!(" is {is}, was {was}")),
                    (None, None) => subject,
                }
            }
            Self::Open {
                parameter,
                appeared: true,
            } => Phrase::new("parameter ")
                .name(parameter.clone())
                .ours(" carries anything to run"),
            Self::Open { parameter, .. } => Phrase::new("parameter ")
                .name(parameter.clone())
                .ours(" no longer carries anything to run"),
            Self::Signal {
                id,
                title,
                words,
                appeared: true,
            } => {
                let phrase = Phrase::new(format!("{id}: {title}"));
                match words.first() {
                    Some(words) => phrase.ours(" ").quote(words),
                    None => phrase,
                }
            }
            Self::Signal { id, .. } => Phrase::new(format!("no longer {id}")),
            Self::Conflict {
                hint,
                message,
                appeared: true,
            } => Phrase::new("contradicts its ")
                .name(hint.clone())
                .ours(": ")
                .quote(message),
            Self::Conflict { hint, .. } => Phrase::new("no longer contradicts its ").name(hint.clone()),
            Self::Edit(edit) => edit.phrase(),
            Self::Decision { was, is } => Phrase::new(format!("decision {is}, was {was}")),
            Self::Renamed { other, reviewed: true } => Phrase::new("the definition reviewed as ").name(other.clone()),
            Self::Renamed { other, .. } => Phrase::new("now called ").name(other.clone()),
            Self::Order => Phrase::new("the order of list members"),
        }
    }

    /// Where it stands in the definition, where that is one place.
    pub fn pointer(&self) -> Option<String> {
        match self {
            Self::Hidden { pointer, .. } => Some(pointer.clone()),
            Self::Annotation { hint, .. } | Self::Conflict { hint, .. } => Some(format!("/annotations/{hint}")),
            Self::Edit(edit) => Some(edit.pointer.clone()),
            _ => None,
        }
    }

    /// Order of telling: what explains a change best comes first.
    pub(super) const fn rank(&self) -> u8 {
        match self {
            Self::Hidden { .. } => 0,
            Self::Annotation { .. } => 1,
            Self::Renamed { .. } => 2,
            Self::Operation { .. } => 3,
            Self::Open { .. } => 4,
            Self::Edit(_) => 5,
            Self::Signal { .. } => 6,
            Self::Conflict { .. } => 7,
            Self::Category { .. } => 8,
            Self::Risk { .. } => 9,
            Self::Decision { .. } => 10,
            Self::Order => 11,
        }
    }
}

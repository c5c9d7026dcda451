//! What was read in a definition before anything is decided: operations with their places ([`Mention`]), phrases,
//! parameters. Data only.

use std::borrow::Cow;

use crate::effect::Effect;
use crate::rules::book::RuleId;
use crate::rules::weights::Slot;

/// A place in a definition: a JSON Pointer and bytes in the string there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) pointer: Cow<'static, str>,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// An operation that the definition speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) slot: Slot,
    pub(crate) effect: Effect,
    pub(crate) rule: RuleId,
    pub(crate) place: Place,
    /// The object that a pair rests on, in the same string.
    pub(crate) object: Option<(u32, u32)>,
    /// The verb is as often a noun.
    pub(crate) weak: bool,
    /// It is offered in one breath with the head verb: "get or update".
    pub(crate) joined: bool,
    /// The verb in its base form, by number, for the rationale; 0 in other languages.
    pub(crate) verb: u32,
}

/// A phrase or parameter that says something beside the operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) rule: RuleId,
    pub(crate) place: Place,
}

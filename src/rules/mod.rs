//! The rule book: data under `rules/`, its file format, and what the classifier makes of it.

pub(crate) mod asked;
pub mod book;
mod build;
pub mod file;
pub(crate) mod foreign;
pub(crate) mod grounds;
mod inflect;
pub(crate) mod lexicon;
pub mod listed;
pub(crate) mod pairs;
pub mod sources;
pub(crate) mod texts;
pub mod weights;
pub(crate) mod word_sets;
pub mod words;

pub use book::RuleBook;
pub use listed::{Rule, RuleKind};

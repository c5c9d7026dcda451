//! The commands, one file each: arguments, and a `run` that joins sources, the classifier and an output.

pub mod accept;
pub mod baseline;
pub mod check;
pub mod classify;
pub mod completions;
pub mod eval;
pub mod explain;
pub mod export;
pub mod generate;
pub mod index;
pub mod man;
pub mod page;
pub mod parse;
pub mod policies;
pub mod policy;
mod progress;
pub mod rerun;
pub mod rules;
pub mod scan;
pub mod search;
pub mod show;
pub mod site;
pub mod stats;

//! `mcpclass` decides what an agent may do with the tools of an MCP server.
//!
//! ```text
//! source ─▶ Manifest ─▶ Tool ─▶ classify ─▶ Assessment ─▶ policy · page · report · row
//!  (I/O)                        (pure)                            (output)
//! ```
//!
//! The middle is pure: no I/O, no clock, no globals; the same input gives the same bytes.

pub mod assessment;
pub mod baseline;
pub mod catalogue;
pub mod classify;
pub mod cli;
pub mod command;
pub mod digest;
pub mod effect;
pub mod error;
pub mod eval;
pub mod fsio;
pub mod gate;
pub mod label;
pub mod locate;
pub mod manifest;
pub mod output;
pub mod page;
pub mod policy;
pub mod report;
pub mod rules;
#[cfg(test)]
mod samples;
pub mod settings;
pub mod site;
pub mod source;
pub mod stream;
pub mod text;
pub mod tree;
pub mod ui;

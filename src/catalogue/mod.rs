//! The catalogue: many servers with what was decided about their tools, kept and searched.
//!
//! ```text
//! Assessed ─▶ Entry ─▶ Writer ─▶ catalogue.db ─▶ Store ─┬▶ Shelf of Records: pages, site, export
//!            (pure)                             └▶ ask: search, stats
//! ```

pub mod ask;
pub mod entry;
pub mod facts;
pub mod intake;
pub mod packed;
pub mod place;
pub mod probe;
pub mod query;
pub mod record;
mod schema;
pub mod starter;
pub mod store;
pub mod table;
pub mod write;

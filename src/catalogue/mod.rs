//! The catalogue: many servers with what was decided about their tools, kept and searched.

pub mod record;

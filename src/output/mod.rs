//! Output formats: one file each, a function of the report.

pub mod check;
pub mod file;

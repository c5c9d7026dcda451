//! Output formats: one file each, a function of the report.

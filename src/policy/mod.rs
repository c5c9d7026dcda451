//! From labels to decisions to policies. [`decide`] owns the table, [`native`] the `policy.json` form;
//! [`plan`] what every format is written from;
//! targets of other programs each stand in a file of their own.

pub mod decide;
pub mod merge;
pub mod native;
pub mod plan;
pub mod target;
pub mod write;

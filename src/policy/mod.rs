//! From labels to decisions to policies. [`decide`] owns the table, [`native`] the `policy.json` form;
//! targets of other programs each stand in a file of their own.

pub mod decide;
pub mod native;
pub mod target;

//! Text that strangers wrote: made safe to show ([`escape`]) and, for the classifier, taken apart.

pub mod cells;
pub mod escape;
pub mod excerpt;
pub mod hidden;
pub mod markdown;
pub mod plain;
pub mod suggest;
pub mod words;

//! Text that strangers wrote: made safe to show ([`escape`]) and, for the classifier, taken apart.

pub mod escape;
pub mod words;

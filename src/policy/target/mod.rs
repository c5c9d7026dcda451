//! Policies in the formats of other programs: one file a target, with its formatter, its capabilities and its tests.

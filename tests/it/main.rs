//! The integration tests: one binary, a module an area. Nothing here needs a network or anything installed.

mod common;
mod guard;
mod scan;

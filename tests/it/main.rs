//! The integration tests: one binary, a module an area. Nothing here needs a network or anything installed.

mod action;
mod common;
mod guard;
mod scan;

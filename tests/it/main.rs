//! The integration tests: one binary, a module an area. Nothing here needs a network or anything installed.

mod classify;
mod clients;
mod common;
mod config;
mod output;
mod scan;
mod source;

//! The integration tests: one binary, a module an area. Nothing here needs a network or anything installed.

mod action;
mod catalogue;
mod classify;
mod clients;
mod common;
mod config;
#[cfg(target_os = "linux")]
mod disk;
mod guard;
mod hostile;
mod http_server;
mod labelled;
mod live_http;
mod live_stdio;
mod names;
mod output;
mod pages;
mod promises;
mod properties;
mod readme;
mod reports;
mod scan;
mod source;

//! `mcpclass.toml`.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = mcpclass::settings::file::parse(text, Path::new("mcpclass.toml"));
});

//! Any file that may hold listings, tools or a registry's records: JSON, JSONL, TOML, YAML, told apart by content.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use mcpclass::source::document::{self, Source};
use mcpclass::source::expand::Environment;
use mcpclass::source::live::Limits;
use mcpclass::source::{json, jsonl};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let environment = Environment::process(Default::default());
    let source = || Source::at(Path::new("tools.json"), "tools.json", &limits, &environment);
    if let Ok(text) = json::decode(bytes.to_vec()) {
        let read = document::read(text.clone(), &source());
        let again = document::read(text, &source());
        assert_eq!(read.len(), again.len());
    }
    jsonl::Lines::new(bytes, source()).manifests().for_each(drop);
});

//! A client's configuration, in JSON with comments, TOML and YAML; and what of it is shown.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use mcpclass::source::document::{self, Item, Source};
use mcpclass::source::expand::Environment;
use mcpclass::source::live::Limits;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let limits = Limits::default();
    let environment = Environment::process(Default::default());
    for name in ["mcp.json", "config.toml", "config.yaml"] {
        let source = Source::at(Path::new(name), name, &limits, &environment);
        for item in document::read(text.to_owned(), &source) {
            if let Item::Server(candidate) = item {
                std::hint::black_box((candidate.label(), candidate.secrets()));
            }
        }
    }
});

//! What a started server writes: JSON-RPC a line, and everything else.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcpclass::source::live::probe;

fuzz_target!(|bytes: &[u8]| {
    let (answers, requests) = probe::messages(bytes);
    assert!(answers + requests <= bytes.len());
});

//! Server-sent events: where a stream is cut in two does not matter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcpclass::source::live::probe;

fuzz_target!(|bytes: &[u8]| {
    let [split, stream @ ..] = bytes else { return };
    let whole = probe::events(stream, 0);
    assert_eq!(whole, probe::events(stream, usize::from(*split)));
});

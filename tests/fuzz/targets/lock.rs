//! A lock. What can be read is written so that it reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcpclass::baseline::lock::Lock;

fuzz_target!(|text: &str| {
    if let Ok(lock) = Lock::parse(text) {
        let written = lock.to_text();
        let again = Lock::parse(&written).expect("what was written can be read");
        assert_eq!(again.to_text(), written);
    }
});

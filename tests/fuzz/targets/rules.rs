//! A file of rules, beside the embedded ones or in place of one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcpclass::rules::book::RuleBook;

fuzz_target!(|text: &str| {
    if let Ok(book) = RuleBook::from_files(vec![("own.toml".to_owned(), text.to_owned())]) {
        assert!(!book.digest().is_empty());
    }
});

//! A line of `classify`: one tool. The same line gives the same bytes, and every span slices back to its text.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mcpclass::classify::{Annotations, Classifier};
use mcpclass::manifest::Tool;
use mcpclass::policy::decide::DecisionTable;
use mcpclass::rules::book::RuleBook;
use mcpclass::source::json;
use mcpclass::tree::Node;

static CLASSIFIER: LazyLock<Classifier> = LazyLock::new(|| {
    let book = RuleBook::embedded().expect("the embedded book");
    Classifier::new(book, DecisionTable::default(), Annotations::Weigh)
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = json::parse(bytes) else { return };
    let Ok(tool) = Tool::from_value(&document.value) else { return };
    let assessment = CLASSIFIER.assess(&tool, Some("server"));
    let again = CLASSIFIER.assess(&tool, Some("server"));
    assert_eq!(
        serde_json::to_string(&assessment).expect("JSON"),
        serde_json::to_string(&again).expect("JSON")
    );
    let all = assessment.evidence.iter().chain(assessment.signals.iter().flat_map(|s| &s.evidence));
    let whole = tool.root();
    for evidence in all {
        if let Some(text) = whole.pointer(&evidence.pointer).and_then(Node::as_str) {
            assert_eq!(text.get(evidence.start..evidence.end), Some(&*evidence.text), "{evidence:?}");
        }
    }
});

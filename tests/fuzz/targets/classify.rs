//! A line of `classify`: one tool. However it is read, it means the same; the same line gives the same bytes, and every
//! span slices back to its text.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mcpclass::classify::{Annotations, Classifier};
use mcpclass::manifest::Tool;
use mcpclass::policy::decide::DecisionTable;
use mcpclass::rules::book::RuleBook;
use mcpclass::source::json;
use mcpclass::tree::{Node, Tree};

static CLASSIFIER: LazyLock<Classifier> = LazyLock::new(|| {
    let book = RuleBook::embedded().expect("the embedded book");
    Classifier::new(book, DecisionTable::default(), Annotations::Weigh)
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = json::parse(bytes) else { return };
    // What the filter reads in one go is what a listing would have read.
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some((tree, [])) = Tree::read(text, [])
    {
        assert_eq!(tree.root().to_value(), document.value);
    }
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

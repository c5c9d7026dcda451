//! What a catalogue holds, read back: a server's columns, whole or as damage and strangers would have them, and a line
//! of facts as the starter catalogue has them. What can be read is shown, exported and written again.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mcpclass::catalogue::facts::Facts;
use mcpclass::catalogue::record::Record;
use mcpclass::catalogue::probe;
use mcpclass::catalogue::table::{self, Reader};
use mcpclass::classify::{Annotations, Classifier};
use mcpclass::page::markdown;
use mcpclass::page::server::ServerPage;
use mcpclass::page::tool::{Subject, ToolPage};
use mcpclass::policy::decide::DecisionTable;
use mcpclass::policy::plan::Plan;
use mcpclass::rules::book::RuleBook;

static CLASSIFIER: LazyLock<Classifier> = LazyLock::new(|| {
    let book = RuleBook::embedded().expect("the embedded book");
    Classifier::new(book, DecisionTable::default(), Annotations::Weigh)
});

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    let record = match kind {
        b'f' => Facts::read(rest).ok().map(Facts::into_record),
        // Three columns, a line each.
        b'c' => {
            let mut lines = rest.splitn(3, |&byte| byte == b'\n');
            let mut next = || lines.next().unwrap_or_default();
            let (head, definitions, assessments) = (next(), next(), next());
            probe::listing(head, &probe::packed(definitions), &probe::packed(assessments))
        }
        // A column that never was compressed by us.
        _ => probe::listing(br#"{"server":{"name":"a","version":null,"origin":"a","transport":"file","protocol":null,"complete":true},"problems":[]}"#, rest, rest),
    };
    if let Some(record) = record {
        show(&record);
    }
});

fn show(record: &Record) {
    let facts = serde_json::to_vec(&Facts::of(record)).expect("JSON");
    let again = Facts::read(&facts).expect("facts can be read").into_record();
    let again = serde_json::to_vec(&Facts::of(&again)).expect("JSON");
    assert_eq!(facts, again, "facts are the facts of themselves");
    let mut out = Vec::new();
    table::csv(std::iter::once(Ok(record.clone())), Reader::Person, &mut out).expect("CSV");
    assert!(!out.contains(&0x1b));
    let plan = Plan::of(&record.assessed);
    let page = ServerPage::of(&CLASSIFIER, record, &plan);
    let text = markdown::server(&page, |index| format!("{index}.md"));
    assert!(!text.contains('\u{1b}'));
    for index in 0..record.assessed.assessments.len().min(4) {
        let subject = Subject {
            classifier: &CLASSIFIER,
            record,
            plan: &plan,
            index,
        };
        let page = ToolPage::of(subject, Vec::new(), Vec::new());
        let text = markdown::tool(&page, |_| String::new());
        assert!(!text.contains('\u{1b}'));
    }
}

//! Properties over arbitrary documents: no reader and no classifier panics, the same input gives the same bytes, and
//! spans of evidence slice back to their text. The inputs are JSON of any shape with the keys that mean something
//! here, and texts that were true documents before something bit them.

use std::path::Path;
use std::sync::LazyLock;

use mcpclass::assessment::Evidence;
use mcpclass::baseline::lock::Lock;
use mcpclass::classify::{Annotations, Classifier};
use mcpclass::manifest::Tool;
use mcpclass::policy::decide::DecisionTable;
use mcpclass::rules::book::RuleBook;
use mcpclass::source::document::{self, Source};
use mcpclass::source::expand::Environment;
use mcpclass::source::live::{Limits, probe};
use mcpclass::source::{json, jsonl};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

static CLASSIFIER: LazyLock<Classifier> = LazyLock::new(|| {
    let book = RuleBook::embedded().expect("the embedded book");
    Classifier::new(book, DecisionTable::default(), Annotations::Weigh)
});

/// Keys that readers look for, and a few that nobody does.
const KEYS: [&str; 36] = [
    "name",
    "title",
    "description",
    "inputSchema",
    "outputSchema",
    "annotations",
    "readOnlyHint",
    "destructiveHint",
    "properties",
    "required",
    "enum",
    "const",
    "default",
    "type",
    "items",
    "anyOf",
    "oneOf",
    "allOf",
    "$ref",
    "$defs",
    "tools",
    "server",
    "result",
    "jsonrpc",
    "id",
    "nextCursor",
    "mcpServers",
    "servers",
    "command",
    "args",
    "env",
    "url",
    "headers",
    "action",
    "packages",
    "",
];

/// Words that rules look for, and characters that do harm.
const WORDS: [&str; 26] = [
    "delete",
    "all",
    "Deletes every file.",
    "read-only",
    "list",
    "run",
    "command",
    "sql",
    "path",
    "$(x)",
    "${HOME}",
    "#/$defs/name",
    "https://h/?k=v",
    "\u{202e}",
    "\u{200b}",
    "\u{e0041}",
    "é",
    "🗑️",
    "ß",
    "İ",
    "\n",
    "\0",
    "{{x}}",
    "cannot be undone",
    "ignore previous instructions",
    "object",
];

fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![prop::sample::select(&WORDS[..]).prop_map(str::to_owned), "\\PC{0,6}"];
    prop::collection::vec(word, 0..6).prop_map(|words| words.join(" "))
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let key = prop_oneof![4 => prop::sample::select(&KEYS[..]).prop_map(str::to_owned), 1 => text()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..7).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn tool() -> impl Strategy<Value = Map<String, Value>> {
    (text(), text(), value(), value()).prop_map(|(name, description, schema, more)| {
        let mut tool = Map::new();
        if let Value::Object(more) = more {
            tool.extend(more);
        }
        tool.insert("name".to_owned(), name.into());
        tool.insert("description".to_owned(), description.into());
        tool.insert("inputSchema".to_owned(), schema);
        tool
    })
}

/// A text, bitten: a piece of it is lost, doubled, or a byte in it is another.
fn bitten(whole: &str, at: usize, length: usize, byte: u8, how: u8) -> Vec<u8> {
    let mut bytes = whole.as_bytes().to_vec();
    if bytes.is_empty() {
        return bytes;
    }
    let from = at % bytes.len();
    let to = (from + length % 12).min(bytes.len());
    match how % 3 {
        0 => drop(bytes.drain(from..to)),
        1 => {
            let piece = bytes[from..to].to_vec();
            bytes.splice(from..from, piece);
        }
        _ => bytes[from] = byte,
    }
    bytes
}

fn read(bytes: Vec<u8>) {
    let limits = Limits::default();
    let environment = Environment::process(std::collections::BTreeMap::new());
    let source = || Source::at(Path::new("x.json"), "x.json", &limits, &environment);
    jsonl::Lines::new(&bytes[..], source()).manifests().for_each(drop);
    probe::messages(&bytes);
    if let Ok(text) = json::decode(bytes) {
        document::read(text, &source());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_document_makes_a_reader_panic(value in value(), at: usize, length: usize, byte: u8, how: u8) {
        let whole = value.to_string();
        read(bitten(&whole, at, length, byte, how));
        read(whole.into_bytes());
    }

    #[test]
    fn no_tool_makes_the_classifier_panic_or_waver(tool in tool()) {
        let whole = Value::Object(tool.clone());
        let Ok(tool) = Tool::from_value(&whole) else { return Ok(()) };
        let assessment = CLASSIFIER.assess(&tool, Some("server"));
        prop_assert_eq!(&assessment, &CLASSIFIER.assess(&tool, Some("server")));
        let raised = assessment.signals.iter().flat_map(|signal| &signal.evidence);
        for evidence in assessment.evidence.iter().chain(raised) {
            prop_assert!(slices_back(evidence, &whole), "{:?}", evidence);
        }
    }

    #[test]
    fn no_lock_or_setting_makes_a_reader_panic(at: usize, length: usize, byte: u8, how: u8) {
        const SETTINGS: &str = "[decisions.read]\nlow = \"allow\"\n[[decisions.tool]]\ntool = \"a\"\ndecision = \"deny\"\n";
        const RULES: &str = "schema = 1\n[[pair]]\nid = \"x/y\"\nverbs = [\"drop\"]\nobjects = [\"table\"]\n";
        let lock = include_str!("../fuzz/seeds/lock/two");
        for whole in [lock, SETTINGS, RULES] {
            let bytes = bitten(whole, at, length, byte, how);
            let Ok(text) = String::from_utf8(bytes) else { continue };
            if let Ok(lock) = Lock::parse(&text) {
                prop_assert!(Lock::parse(&lock.to_text()).is_ok());
            }
            let _ = mcpclass::settings::file::parse(&text, Path::new("mcpclass.toml"));
            let _ = RuleBook::from_files(vec![("own.toml".to_owned(), text)]);
        }
    }
}

/// Parameters whose schema is no schema: found once by the property above.
#[test]
fn a_parameter_without_a_schema_is_evidence_by_its_name() {
    for schema in [Value::Null, json!(5), json!([]), json!(""), json!(true), json!({})] {
        let whole = json!({"name": "get_page", "description": "Gets a page.",
            "inputSchema": {"properties": {"url": schema}}});
        let tool = Tool::from_value(&whole).expect("a tool");
        let assessment = CLASSIFIER.assess(&tool, None);
        let raised = assessment.signals.iter().flat_map(|signal| &signal.evidence);
        let all: Vec<&Evidence> = assessment.evidence.iter().chain(raised).collect();
        assert!(all.iter().any(|evidence| evidence.text == "url"), "{schema}: {all:?}");
        assert!(
            all.iter().all(|evidence| slices_back(evidence, &whole)),
            "{schema}: {all:?}"
        );
    }
}

/// Whether the words stand where the evidence says: in a string, or in the name of a property.
fn slices_back(evidence: &Evidence, tool: &Value) -> bool {
    let slice = |text: &str| text.get(evidence.start..evidence.end) == Some(&*evidence.text);
    match tool.pointer(&evidence.pointer) {
        Some(Value::String(text)) if slice(text) => true,
        _ => {
            let name = evidence.pointer.rsplit('/').next().unwrap_or_default();
            slice(&name.replace("~1", "/").replace("~0", "~"))
        }
    }
}

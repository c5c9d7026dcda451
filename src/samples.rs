//! What property tests are fed with: any JSON value, and texts with what is written in a way of its own.

use proptest::prelude::*;
use serde_json::{Map, Value};

/// A text, plain or with what JSON and terminals make something of.
pub(crate) fn text() -> BoxedStrategy<String> {
    let special = "[\"\\\\/\u{0}-\u{1f}\u{7e}-\u{a0}\u{ad}\u{200b}-\u{202e}\u{feff}\u{fffd}\u{e0041}\u{10ffff}]";
    prop_oneof![
        "[ -~]{0,40}",
        any::<String>(),
        prop::collection::vec(prop_oneof![special, "[ -~]{1,8}", "\\PC"], 0..12).prop_map(|parts| parts.concat()),
    ]
    .boxed()
}

/// A JSON value with such keys, of which an object has at most `entries`.
pub(crate) fn value(
    key: impl Strategy<Value = String> + Clone + 'static,
    entries: usize,
) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 80, 24, move |inner| {
        let fields = prop::collection::vec((key.clone(), inner.clone()), 0..entries);
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            fields.prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

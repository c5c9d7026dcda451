//! What the classifier must never get wrong: the settled cases of the labelling guide, and changes to a definition
//! that change nothing of what the tool does, so must not make its label milder.

use std::io::Write as _;
use std::process::Stdio;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::{mcpclass, root, stderr, stdout};

/// Assessments of tools, in order.
fn classify(tools: &[Value]) -> Vec<Value> {
    let mut child = mcpclass(&root())
        .arg("classify")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    let lines: Vec<String> = tools.iter().map(ToString::to_string).collect();
    let input = lines.join("\n");
    let feeder = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    feeder.join().expect("joined").expect("written");
    assert!(output.status.success(), "{}", stderr(&output));
    let answers: Vec<Value> = stdout(&output)
        .lines()
        .map(|l| serde_json::from_str(l).expect("JSON"))
        .collect();
    assert_eq!(answers.len(), tools.len());
    answers
}

fn severity(answer: &Value) -> usize {
    let order = ["Read", "Write", "Execute", "Destructive"];
    let category = answer["category"].as_str().expect("a category");
    order.iter().position(|c| *c == category).expect("known")
}

/// The same tools, changed, must keep a label that is at least as severe.
fn not_milder(tools: &[Value], change: impl Fn(&mut Value), what: &str) {
    let mut changed = tools.to_vec();
    changed.iter_mut().for_each(change);
    for (before, after) in classify(tools).iter().zip(classify(&changed)) {
        assert!(
            severity(&after) >= severity(before),
            "{what}: {} was {} and is {}",
            after["name"],
            before["category"],
            after["category"]
        );
    }
}

/// Tools of the fixtures that do more than read.
fn dangerous() -> Vec<Value> {
    let text = std::fs::read_to_string(root().join("fixtures/labelled/settled.jsonl")).expect("there");
    let tools = text.lines().map(|l| serde_json::from_str::<Value>(l).expect("JSON"));
    tools.filter(|t| t["category"] != "Read").collect()
}

fn describe(tool: &mut Value, text: impl Fn(&str) -> String) {
    let before = tool["description"].as_str().expect("described").to_owned();
    tool["description"] = json!(text(&before));
}

#[test]
fn the_settled_cases_and_eight_languages_are_all_right() {
    let output = mcpclass(&root())
        .args(["eval", "fixtures/labelled", "--errors", "--at-least", "1"])
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
    let output = mcpclass(&root())
        .args(["eval", "fixtures/labelled", "--format", "json"])
        .output()
        .expect("the program starts");
    let figures: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(figures["risk_accuracy"], 1.0);
    assert_eq!(figures["missed_danger"], json!([]));
    assert!(figures["macro_f1"].is_number() && figures["coverage"][0]["confident"].is_number());
}

#[test]
fn every_rule_keeps_its_examples() {
    let output = mcpclass(&root())
        .args(["rules", "test"])
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", stdout(&output));
}

#[test]
fn the_table_of_words_is_what_its_facts_give() {
    let dir = tempfile::tempdir().expect("a folder");
    let output = mcpclass(&root())
        .args(["rules", "fit", "fixtures/labelled", "--facts", "fixtures/facts.jsonl"])
        .args(["--folds", "2", "-o"])
        .arg(dir.path())
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", stderr(&output));
    let read = |path: std::path::PathBuf| std::fs::read_to_string(path).expect("a table");
    let (made, kept) = (read(dir.path().join("words.tsv")), read(root().join("rules/words.tsv")));
    assert!(
        made == kept,
        "rules/words.tsv is not what `mcpclass rules fit` makes of fixtures/facts.jsonl"
    );
}

#[test]
fn facts_hold_no_sentence_and_no_word_of_one_server_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let labels = dir.path().join("labels.jsonl");
    let line = |server: &str, word: &str| {
        json!({
            "server": server, "name": format!("{word}_note"), "description": format!("Zorches every {word} note."),
            "inputSchema": {"properties": {"limit": {}, word: {}}}, "category": "Read",
        })
        .to_string()
    };
    std::fs::write(&labels, [line("one", "odd"), line("two", "even")].join("\n")).expect("written");
    let facts = |arguments: &[&str]| {
        let output = mcpclass(dir.path())
            .args(["rules", "facts", "labels.jsonl"])
            .args(arguments)
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let first = facts(&[]);
    let told: Vec<Value> = first
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!((&told[0]["server"], &told[1]["server"]), (&json!("one"), &json!("two")));
    let words = json!({
        "name": ["note"], "first": ["zorches"], "sentence": ["every", "note", "zorches"], "parameter": ["limit"],
    });
    assert!(told.iter().all(|tool| tool["words"] == words), "{first}");
    std::fs::write(dir.path().join("facts.jsonl"), &first).expect("written");
    assert_eq!(facts(&["--facts", "facts.jsonl"]), first, "a definition counts once");
    std::fs::write(dir.path().join("facts.jsonl"), "{}").expect("written");
    let output = mcpclass(dir.path())
        .args(["rules", "facts", "labels.jsonl", "--facts", "facts.jsonl"])
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("facts.jsonl:1: "), "{}", stderr(&output));
}

#[test]
fn a_house_rule_is_tested_alone_and_named_by_its_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("house.toml");
    let test = |text: &str| {
        std::fs::write(&file, text).expect("written");
        let output = mcpclass(dir.path())
            .args([
                "--rules",
                dir.path().to_str().expect("UTF-8"),
                "rules",
                "test",
                "house.toml",
            ])
            .output()
            .expect("the program starts");
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let verb = "schema = 1\n[[verb]]\nid = \"house/zorch\"\neffect = \"end\"\nwords = \"zorch\"\nwhy = \"ours\"\n";
    let (code, out, _) = test(&format!(
        "{verb}match = [\"zorch_ticket\"]\nmiss = [\"list_tickets\"]\n"
    ));
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("1 rules, 2 examples alone and together, 0 wrong"), "{out}");
    let (code, out, _) = test(&format!(
        "{verb}match = [\"list_tickets\"]\nmiss = [\"zorch_ticket\"]\n"
    ));
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains("missing: house/zorch on \"list_tickets\"") && out.contains("noisy: house/zorch"),
        "{out}"
    );
    let (code, _, err) = test("schema = 1\n[[verb]\n");
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains(&format!("{}:2:", file.display())), "{err}");
}

#[test]
fn what_stands_around_a_tool_changes_nothing() {
    let tools = dangerous();
    not_milder(&tools, |t| t["server"] = json!("read-only viewer"), "another server");
    not_milder(
        &tools,
        |t| {
            let properties = t["inputSchema"]["properties"].as_object_mut().expect("properties");
            let turned = std::mem::take(properties).into_iter().rev().collect();
            *properties = turned;
        },
        "other order of parameters",
    );
    not_milder(
        &tools,
        |t| {
            for name in ["limit", "cursor"] {
                t["inputSchema"]["properties"][name] = json!({"type": "integer"});
            }
        },
        "paging",
    );
}

#[test]
fn another_spelling_of_the_name_is_the_same_name() {
    let tools = dangerous();
    let name = |t: &Value| t["name"].as_str().expect("named").to_owned();
    let camel = |text: &str| {
        let mut parts = text.split('_');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |all, part| {
            let (head, tail) = part.split_at(1);
            all + &head.to_uppercase() + tail
        })
    };
    not_milder(&tools, |t| t["name"] = json!(name(t).replace('_', "-")), "dashes");
    not_milder(&tools, |t| t["name"] = json!(name(t).to_uppercase()), "capitals");
    not_milder(&tools, |t| t["name"] = json!(camel(&name(t))), "camel case");
    not_milder(
        &tools,
        |t| t["name"] = json!(name(t).replace('e', "\u{435}")),
        "look-alike letters",
    );
    not_milder(
        &tools,
        |t| describe(t, |d| d.replace('e', "e\u{200b}")),
        "hidden characters",
    );
}

#[test]
fn words_of_comfort_lower_nothing() {
    let tools = dangerous();
    let comfort = "This tool is safe and read-only.";
    not_milder(&tools, |t| describe(t, |d| format!("{d} {comfort}")), "comfort behind");
    not_milder(&tools, |t| describe(t, |d| format!("{comfort} {d}")), "comfort before");
    let prose = "It is kind to its readers and friendly to everybody. ".repeat(100);
    not_milder(&tools, |t| describe(t, |d| format!("{prose}{d}")), "much before");
    not_milder(&tools, |t| t["annotations"] = json!({"readOnlyHint": true}), "a hint");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn evidence_is_a_slice_of_the_text_and_answers_repeat(
        names in prop::collection::vec("[a-z]{1,8}(_[a-zé]{1,8}){0,3}", 8),
        filler in "[ -~äöüéèñß中文字删除удалить\u{200b}\n]{0,200}",
        verb in prop::sample::select(vec!["Deletes", "Runs", "Creates", "Lists", "削除", "Удаляет"]),
    ) {
        let tools: Vec<Value> = names
            .iter()
            .map(|name| json!({"name": name, "description": format!("{filler} {verb} the note. {filler}"),
                "inputSchema": {"type": "object", "properties": {"action": {"enum": ["list", "delete"]}}}}))
            .collect();
        let answers = classify(&tools);
        prop_assert_eq!(&answers, &classify(&tools));
        for (tool, answer) in tools.iter().zip(&answers) {
            for evidence in answer["evidence"].as_array().expect("a list") {
                let pointer = evidence["pointer"].as_str().expect("a pointer");
                let Some(text) = tool.pointer(pointer).and_then(Value::as_str) else { continue };
                let place = |key: &str| evidence[key].as_u64().expect("a place") as usize;
                prop_assert_eq!(text.get(place("start")..place("end")), evidence["text"].as_str());
            }
        }
    }
}

//! `mcpclass classify`: a filter that keeps its order, answers each line alone, and survives any line.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::common::{mcpclass, root, stderr, stdout};

fn classify(input: &[u8], args: &[&str]) -> Output {
    let mut child = mcpclass(&root())
        .arg("classify")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_owned();
    let feeder = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("it ends");
    // A program that refuses its input early closes the pipe.
    let _ = feeder.join();
    output
}

fn lines(output: &Output) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str(line).expect("JSON");
    stdout(output).lines().map(parse).collect()
}

#[test]
fn a_line_in_is_a_line_out_and_bad_lines_say_why() {
    let deep = format!("{{\"name\":{}1{}}}", "[".repeat(600), "]".repeat(600));
    let mut input = Vec::new();
    for line in [
        "{\"name\":\"list_notes\",\"id\":{\"n\":1},\"server\":\"notes\"}",
        "not json",
        "",
        "{\"id\":7,\"description\":\"no name\"}",
        "[1]",
        "{\"name\":\"delete_note\",\"server\":{\"name\":\"notes\",\"x\":1}}\r",
        &deep,
    ] {
        input.extend_from_slice(line.as_bytes());
        input.push(b'\n');
    }
    input.extend_from_slice(b"{\"name\":\"\xff\"}");
    let output = classify(&input, &[]);
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    let lines = lines(&output);
    assert_eq!(lines.len(), 7, "the blank line gives nothing");
    assert_eq!(lines[0]["id"], json!({"n": 1}));
    assert_eq!(lines[0]["server"], "notes");
    assert_eq!(lines[0]["name"], "list_notes");
    assert_eq!(lines[1]["line"], 2);
    assert!(lines[1]["error"].as_str().is_some_and(|e| e.starts_with("not JSON")));
    assert_eq!(lines[2], json!({"id": 7, "line": 4, "error": "the tool has no name"}));
    assert_eq!(lines[3]["line"], 5);
    assert_eq!(lines[4]["server"], "notes");
    assert_eq!(lines[4]["category"], "Destructive");
    assert_eq!(lines[5]["error"], "nested deeper than 96 levels");
    assert!(lines[6]["error"].as_str().is_some_and(|e| e.contains("is not UTF-8")));
    assert!(stderr(&output).contains("5 of 7 lines"), "{}", stderr(&output));
}

#[test]
fn an_answer_depends_on_its_line_alone() {
    let names = ["list_notes", "delete_note", "run_script", "update_note", "clear_filter"];
    let line = |i: usize| {
        let name = names[i % names.len()];
        let filler = "and then ".repeat(i % 50);
        json!({"name": format!("{name}_{i}"), "description": format!("Handles a note {filler}."), "server": "s"})
    };
    let input: Vec<String> = (0..3000).map(|i| format!("{}\n", line(i))).collect();
    let whole = stdout(&classify(input.concat().as_bytes(), &[]));
    assert_eq!(whole.lines().count(), 3000);
    for cut in [1, 777, 1500, 2999] {
        let (first, second) = input.split_at(cut);
        let parts = [first, second].map(|part| stdout(&classify(part.concat().as_bytes(), &[])));
        assert!(parts.concat() == whole, "cut after {cut} lines");
    }
    for (i, answer) in whole.lines().enumerate() {
        let answer: Value = serde_json::from_str(answer).expect("JSON");
        assert_eq!(answer["name"], line(i)["name"]);
    }
}

#[test]
fn keys_of_labelled_sets_change_no_label() {
    let plain = json!({"name": "delete_note", "description": "Deletes a note."});
    let labelled = json!({"name": "delete_note", "description": "Deletes a note.", "category": "Read", "risk": "low",
                          "unclear": true, "also_ok": ["Write"], "stratum": "x"});
    let output = classify(format!("{plain}\n{labelled}\n").as_bytes(), &[]);
    let mut lines = lines(&output);
    for line in &mut lines {
        line["digest"] = Value::Null;
    }
    assert_eq!(lines[0], lines[1]);
}

#[test]
fn the_same_tool_gets_the_same_assessment_from_scan() {
    let notes: Value =
        serde_json::from_slice(&fs::read(root().join("fixtures/manifests/notes.json")).expect("there")).expect("JSON");
    let tools = notes["tools"].as_array().expect("tools");
    let line = |tool: &Value| {
        let mut tool = tool.clone();
        tool["server"] = json!("notes");
        format!("{tool}\n")
    };
    let input = tools.iter().map(line).collect::<Vec<_>>().concat();
    let filtered = stdout(&classify(input.as_bytes(), &[]));
    let scanned = mcpclass(&root())
        .args(["scan", "--format", "jsonl", "fixtures/manifests/notes.json"])
        .output()
        .expect("the program starts");
    let without_id: String = filtered.replace("{\"id\":null,", "{");
    assert_eq!(without_id, stdout(&scanned));
}

#[test]
fn a_long_line_costs_itself_alone() {
    let long = format!("{{\"name\":\"{}\"}}", "x".repeat(300_000));
    let input = format!("{{\"name\":\"a\"}}\n{long}\n{{\"name\":\"b\"}}\n");
    let output = classify(input.as_bytes(), &["--max-line-bytes", "1000"]);
    let lines = lines(&output);
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[1]["line"], 2);
    assert!(lines[1]["error"].as_str().is_some_and(|e| e.contains("1000 bytes")));
    assert_eq!(lines[2]["name"], "b");
}

#[test]
fn nothing_in_is_said_so() {
    for input in ["", "\n\n  \n"] {
        let output = classify(input.as_bytes(), &[]);
        assert_eq!(output.status.code(), Some(3), "{input:?}");
        assert!(stderr(&output).contains("help: "), "{}", stderr(&output));
    }
    let output = classify(b"", &["no/such/file.jsonl"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no/such/file.jsonl"), "{}", stderr(&output));
}

#[test]
fn a_byte_order_mark_is_not_part_of_the_first_line() {
    let output = classify("\u{feff}{\"name\":\"list_notes\"}\n".as_bytes(), &["-"]);
    assert!(output.status.success(), "{}", stdout(&output));
}

/// A line is read as the same text is in a file: what is mended there is mended here, and both say so.
#[test]
fn what_a_scan_mends_is_mended_in_a_line_and_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tools.json");
    let cases: [(&str, &str, &[&str]); 7] = [
        (
            "{\"description\":\"A note.\",\"name\":\"list_\\ud83dnotes\"}",
            "list_\u{fffd}notes",
            &["surrogate"],
        ),
        (
            "{\"description\":\"A note.\",\"name\":\"list_notes\\udc00\"}",
            "list_notes\u{fffd}",
            &["surrogate"],
        ),
        (
            "{\"description\":\"A note.\",\"name\":\"get_note\",\"name\":\"delete_note\"}",
            "delete_note",
            &["given twice"],
        ),
        (
            "{\"description\":\"A note.\",\"name\":\"delete_note\",}",
            "delete_note",
            &[],
        ),
        (
            "{\"description\":\"A note.\",\"name\":\"delete_note\"} // a remark",
            "delete_note",
            &[],
        ),
        (
            "\u{feff}{\"description\":\"A note.\",\"name\":\"delete_note\"}",
            "delete_note",
            &[],
        ),
        (
            "{\"description\":\"A note.\",\"name\":\"\\ud83d\",\"name\":\"list_notes\"}",
            "list_notes",
            &["surrogate", "given twice"],
        ),
    ];
    let input: Vec<String> = cases.iter().map(|(line, ..)| format!("{line}\n")).collect();
    let output = classify(input.concat().as_bytes(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(
        stderr(&output).contains("4 of 7 lines were mended"),
        "{}",
        stderr(&output)
    );
    for ((line, name, told), answer) in cases.iter().zip(lines(&output)) {
        fs::write(&file, line).expect("written");
        let scanned = mcpclass(folder.path())
            .args(["scan", "--format", "json", "tools.json"])
            .output()
            .expect("it runs");
        let scanned: Value = serde_json::from_slice(&scanned.stdout).expect("JSON");
        let tool = &scanned["servers"][0]["tools"][0];
        assert_eq!(answer["name"], *name, "{line}");
        for key in ["name", "category", "risk", "evidence", "digest"] {
            assert_eq!(answer[key], tool[key], "{line}: {key}");
        }
        let problems = |value: &Value| {
            let problems = value["problems"].as_array().into_iter().flatten();
            problems
                .map(|p| p["message"].as_str().unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        };
        let (own, theirs) = (problems(&answer), problems(&scanned["servers"][0]));
        assert_eq!(own.len(), told.len(), "{line}: {own:?}");
        for (message, word) in own.iter().zip(*told) {
            assert!(message.contains(word), "{line}: {own:?}");
            assert!(theirs.contains(message), "{line}: {theirs:?}");
        }
    }
}

/// A program at the other end gets its answer before it sends the next line.
#[test]
fn an_answer_does_not_wait_for_the_next_line() {
    let mut child = mcpclass(&root())
        .arg("classify")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    let mut answers = BufReader::new(child.stdout.take().expect("piped")).lines();
    for id in 0..3 {
        writeln!(stdin, "{{\"name\":\"list_notes\",\"id\":{id}}}").expect("sent");
        let answer: Value = serde_json::from_str(&answers.next().expect("an answer").expect("read")).expect("JSON");
        assert_eq!(answer["id"], id);
    }
    drop(stdin);
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn a_parameter_that_is_run_by_its_own_words_is_open_whatever_the_verb_says() {
    let tool = |name: &str, parameter: &str, schema: Value| {
        let mut properties = serde_json::Map::new();
        properties.insert(parameter.to_owned(), schema);
        json!({"name": name, "inputSchema": {"type": "object", "properties": properties}}).to_string()
    };
    let text = |description: &str| json!({"type": "string", "description": description});
    let choice = json!({"type": "string", "enum": ["wc", "sort"], "description": "Command to run on them."});
    let input = [
        tool("list_files", "command", text("Shell command to run on them.")),
        tool(
            "get_report",
            "script",
            text("Script to EXECUTE, before the report is made."),
        ),
        // Bounded; looked at; kept.
        tool("list_files", "command", choice),
        tool("explain_command", "command", text("Shell command to explain.")),
        tool("save_snippet", "code", text("Code to run later.")),
    ];
    let output = classify(input.join("\n").as_bytes(), &[]);
    let labels: Vec<String> = lines(&output)
        .iter()
        .map(|line| {
            format!(
                "{} {}",
                line["category"].as_str().unwrap_or_default(),
                line["risk"].as_str().unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(
        labels,
        [
            "Execute critical",
            "Execute critical",
            "Read low",
            "Read low",
            "Write medium"
        ],
        "{}",
        stderr(&output)
    );
}

//! The outputs of `scan` and `explain`: what a person sees at any width, what a program reads, what a hostile server
//! can do to either, and how a run ends.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use mcpclass::assessment::Assessment;
use mcpclass::classify::{Annotations, Classifier};
use mcpclass::digest;
use mcpclass::manifest::{Manifest, Server, Tool};
use mcpclass::output::explain::{self, Explained};
use mcpclass::output::place::Places;
use mcpclass::output::{Context, Format, Rows};
use mcpclass::policy::decide::DecisionTable;
use mcpclass::report::Assessed;
use mcpclass::rules::RuleBook;
use serde_json::{Value, json};

use crate::common::{mcpclass, root, stderr, stdout};

const NOTES: &str = "fixtures/manifests/notes.json";

fn run(args: &[&str]) -> Output {
    mcpclass(&root()).args(args).output().expect("the program starts")
}

fn at_width(columns: usize, args: &[&str]) -> String {
    let output = mcpclass(&root())
        .env("COLUMNS", columns.to_string())
        .args(args)
        .output()
        .expect("the program starts");
    stdout(&output)
}

/// A listing with the given tools, saved where the program finds it.
fn saved(dir: &Path, tools: &Value) -> String {
    let path = dir.join("tools.json");
    fs::write(&path, json!({"server": "srv", "tools": tools}).to_string()).expect("written");
    path.display().to_string()
}

/// Columns of the longest line, leaving out the commands to copy.
fn widest(text: &str) -> usize {
    text.lines()
        .filter(|line| !line.contains("mcpclass "))
        .map(mcpclass::text::cells::width)
        .max()
        .unwrap_or(0)
}

/// An assessment as the classifier might make it, so that layouts are tested apart from rules.
fn assessment(name: &str, label: (&str, &str), signals: &[&str], rationale: &str, confidence: f64) -> Assessment {
    let (category, risk) = label;
    let decision = match label {
        ("Destructive", "critical") => "hide",
        (_, "critical") => "ask",
        (_, "medium") => "limit",
        _ => "allow",
    };
    let signals: Vec<Value> = signals
        .iter()
        .map(|id| json!({"id": id, "title": "a property", "evidence": []}))
        .collect();
    serde_json::from_value(json!({
        "name": name, "category": category, "risk": risk, "confidence": confidence, "runner_up": "Write",
        "operations": [], "signals": signals, "evidence": [], "rationale": rationale, "conflicts": [],
        "decision": decision, "policy": {"version": "1", "default": "deny"}, "digest": "sha256:00",
    }))
    .expect("an assessment")
}

fn assessed(assessments: Vec<Assessment>) -> Assessed {
    let tools = assessments.iter().map(|a| json!({"name": a.name})).collect();
    let mut server = Server::from_file("gateway", "tools.json");
    server.version = Some("1.4.0".to_owned());
    Assessed {
        manifest: Manifest::from_values(server, tools),
        assessments,
    }
}

fn classifier() -> Classifier {
    let book = RuleBook::embedded().expect("the rule book is sound");
    Classifier::new(book, DecisionTable::default(), Annotations::Weigh)
}

/// A format's bytes without colour.
fn rendered(format: Format, server: &Assessed, rows: Rows, width: Option<usize>) -> String {
    let classifier = classifier();
    let context = Context {
        places: &Places::default(),
        classifier: &classifier,
        rows,
        width,
        servers: "tools.json",
        elapsed: None,
    };
    let mut out = Vec::new();
    format
        .write(std::slice::from_ref(server), &context, &mut out)
        .expect("memory");
    String::from_utf8(mcpclass::ui::plain(out)).expect("UTF-8")
}

fn gateway() -> Assessed {
    let mut prune = assessment("cache_prune", ("Destructive", "medium"), &[], "Empties a cache.", 0.55);
    prune.conflicts = serde_json::from_value(json!([
        {"hint": "readOnlyHint", "declared": true, "message": "the name begins with a verb that ends something"}
    ]))
    .expect("a conflict");
    assessed(vec![
        assessment("session_list", ("Read", "low"), &[], "Lists session records.", 0.99),
        prune,
        assessment(
            "run_provider_command",
            ("Execute", "critical"),
            &["open-command"],
            "Runs the command that the caller passes. Nothing limits it.",
            0.97,
        ),
        assessment(
            "session_clear_all",
            ("Destructive", "critical"),
            &["bulk", "no-undo"],
            "Deletes every session record of the gateway in one call. It is final.",
            0.98,
        ),
    ])
}

#[test]
fn the_table_shows_the_worst_first_and_what_to_do_next() {
    let text = rendered(Format::Table, &gateway(), Rows::Worst, Some(100));
    let expected = "\
gateway 1.4.0 · file · 4 tools

  critical  Destructive  session_clear_all     bulk +1       deletes every session record of the ga…
  critical  Execute      run_provider_command  open command  runs the command that the caller passes
  medium    Destructive  cache_prune                         empties a cache
  low       Read         session_list                        lists session records

  1 hide · 1 ask · 1 limit · 1 allow
  1 tool wants a second look (confidence under 0.7): cache_prune
  1 annotation contradicts its definition: cache_prune declares readOnlyHint

next  mcpclass explain session_clear_all tools.json
      mcpclass policy --for claude-code tools.json
";
    assert_eq!(text, expected);
}

#[test]
fn a_narrow_terminal_gets_paragraphs() {
    let text = rendered(Format::Table, &gateway(), Rows::Worst, Some(40));
    let expected = "\
gateway 1.4.0 · file · 4 tools

critical Destructive bulk +1
  session_clear_all
  deletes every session record of the
  gateway in one call
critical Execute open command
  run_provider_command
  runs the command that the caller
  passes
medium Destructive
  cache_prune
  empties a cache
low Read
  session_list
  lists session records

  1 hide · 1 ask · 1 limit · 1 allow
  1 tool wants a second look
    (confidence under 0.7): cache_prune
  1 annotation contradicts its
    definition: cache_prune declares
    readOnlyHint

next  mcpclass explain session_clear_all tools.json
      mcpclass policy --for claude-code tools.json
";
    assert_eq!(text, expected);
}

#[test]
fn a_long_list_is_cut_on_a_screen_and_whole_elsewhere() {
    let many = |n: usize| {
        let reads = (0..n).map(|i| assessment(&format!("list_{i}"), ("Read", "low"), &[], "Lists.", 0.9));
        let danger = (0..18).map(|i| assessment(&format!("drop_{i}"), ("Destructive", "critical"), &[], "Drops.", 0.9));
        assessed(reads.chain(danger).collect())
    };
    let text = rendered(Format::Table, &many(30), Rows::Worst, Some(80));
    // Whatever is critical is shown.
    assert_eq!(text.matches("  drop_").count(), 18);
    assert!(text.contains("… 30 more: 30 Read; --all shows them"), "{text}");
    let text = rendered(Format::Table, &many(30), Rows::All, None);
    assert_eq!(text.matches("  list_").count(), 30);
    assert!(!text.contains("more:"), "{text}");
}

#[test]
fn nothing_is_wider_than_the_terminal() {
    for columns in [20, 33, 40, 71, 72, 100, 200] {
        let table = at_width(columns, &["scan", NOTES]);
        assert!(widest(&table) <= columns, "{columns} columns:\n{table}");
        let sheet = at_width(columns, &["explain", "delete_notebook", NOTES]);
        assert!(widest(&sheet) <= columns, "{columns} columns:\n{sheet}");
    }
}

#[test]
fn the_reckoning_marks_the_words_in_place() {
    let description = "Keeps a log. Delete all session records of one provider. Ask first.";
    let definition = json!({
        "name": "session_clear_all", "description": description,
        "inputSchema": {"type": "object", "properties": {"provider": {"type": "string"}, "force": {"type": "boolean"}}},
    });
    let evidence = |rule: &str, pointer: &str, text: &str, start: usize, says: Option<&str>, weight: i32| {
        json!({"rule": rule, "pointer": pointer, "start": start, "end": start + text.len(), "text": text,
               "says": says, "weight": weight})
    };
    let start = |word: &str| description.find(word).expect("there");
    let mut found = assessment(
        "session_clear_all",
        ("Destructive", "critical"),
        &[],
        "Deletes every session record in one call. Nothing offers a way back.",
        0.98,
    );
    found.evidence = serde_json::from_value(json!([
        evidence(
            "destructive/clear-all",
            "/name",
            "clear_all",
            8,
            Some("Destructive"),
            96
        ),
        evidence(
            "verb/delete",
            "/description",
            "Delete",
            start("Delete"),
            Some("Destructive"),
            80
        ),
        evidence(
            "param/force",
            "/inputSchema/properties/force",
            "force",
            0,
            Some("Destructive"),
            12
        ),
    ]))
    .expect("evidence");
    found.signals = serde_json::from_value(json!([{
        "id": "bulk", "title": "Bulk operation: affects many targets",
        "evidence": [evidence("bulk/all", "/description", "all", start("all"), None, 0)],
    }]))
    .expect("signals");
    let tool = Tool::from_value(&definition).expect("a tool");
    found.digest = digest::of_tool(&tool);
    found.policy.hide.push("session_clear_all".to_owned());

    let classifier = classifier();
    let context = Context {
        places: &Places::default(),
        classifier: &classifier,
        rows: Rows::All,
        width: Some(96),
        servers: "",
        elapsed: None,
    };
    let explained = Explained {
        server: &Server::from_file("gateway", "tools.json"),
        definition: &tool,
        assessment: &found,
    };
    let mut out = Vec::new();
    explain::write(&[explained], &context, &mut out).expect("memory");
    let text = String::from_utf8(mcpclass::ui::plain(out)).expect("UTF-8");
    let expected = "\
session_clear_all · gateway                              Destructive, critical · confidence 0.98

  name         session_clear_all
                       ^^^^^^^^^ destructive/clear-all                           +96 Destructive
  description  … Delete all session records of one provider. …
                 ^^^^^^ verb/delete                                              +80 Destructive
                        ^^^ bulk/all                                                 signal bulk
  parameters   force (boolean, optional)
               ^^^^^ param/force                                                 +12 Destructive
               provider (string, optional)
  signals      bulk: Bulk operation: affects many targets

  Deletes every session record in one call. Nothing offers a way back.

  runner-up    Write
  decision     hide
  policy.json  \"hide\": [\"session_clear_all\"]
";
    let (sheet, digest_line) = text.split_at(text.find("  digest").expect("a digest"));
    assert_eq!(sheet, expected);
    assert!(digest_line.contains(&found.digest), "{digest_line}");
}

#[test]
fn a_hostile_server_cannot_reach_the_terminal() {
    let dir = tempfile::tempdir().expect("a folder");
    let hostile = "wipe\u{1b}[2J\u{202e}\u{9b}31m\nforged line";
    let tools = json!([
        {"name": hostile, "description": "Deletes \u{1b}]0;title\u{7} every record.", "inputSchema": {
            "properties": {"\u{1b}[31mred": {"type": "string", "description": "\u{202e}x"}}}},
        {"name": "$(touch owned)", "description": "Deletes all."},
        {"name": 7},
    ]);
    let file = saved(dir.path(), &tools);
    for args in [
        &["scan", &file][..],
        &["scan", "--format", "markdown", &file],
        &["scan", "--format", "json", &file],
        &["scan", "--format", "jsonl", &file],
        &["explain", hostile, &file],
        &["explain", "no such \u{1b}[2J tool", &file],
    ] {
        let output = run(args);
        let both = stdout(&output) + &stderr(&output);
        let bad = both
            .chars()
            .find(|&c| (c.is_control() && c != '\n') || mcpclass::text::escape::is_hidden(c));
        assert_eq!(bad, None, "{args:?}:\n{both}");
        assert!(!both.lines().any(|line| line.starts_with("forged line")), "{args:?}");
    }
    // A command to paste holds no words of the server that a shell or a terminal would act on.
    let table = stdout(&run(&["scan", &file]));
    assert!(
        !table.contains("mcpclass explain $(") && !table.contains("explain 'wipe"),
        "{table}"
    );
    assert!(
        table.contains("problem at /tools/2: the tool's name is a number, not a string"),
        "{table}"
    );
}

#[test]
fn markdown_keeps_a_servers_words_as_text() {
    let dir = tempfile::tempdir().expect("a folder");
    let name = "del | `x` </details> @team [a](https://b.example)";
    let file = saved(dir.path(), &json!([{"name": name, "description": "Deletes."}]));
    let text = stdout(&run(&["scan", "--format", "markdown", &file]));
    let row = text.lines().find(|line| line.contains("del ")).expect("a row");
    assert!(
        row.contains("``del \\| `x` </details> @team [a](https://b.example)``"),
        "{row}"
    );
    assert!(text.starts_with("## srv\n"), "{text}");
}

#[test]
fn json_and_jsonl_agree_and_repeat_byte_for_byte() {
    let json = stdout(&run(&["scan", "--format", "json", NOTES]));
    assert_eq!(json, stdout(&run(&["scan", "--format", "json", NOTES])));
    let document: Value = serde_json::from_str(&json).expect("JSON");
    let server = &document["servers"][0];
    assert_eq!(document["schema"], "mcpclass/1");
    assert_eq!(server["server"]["transport"], "file");
    assert_eq!(server["server"]["version"], Value::Null);
    assert_eq!(server["summary"]["tools"], 4);
    assert_eq!(server["policy"]["version"], "1");
    assert_eq!(server["problems"], json!([]));

    let lines = stdout(&run(&["scan", "--format", "jsonl", NOTES]));
    let tools: Vec<Value> = lines
        .lines()
        .map(|line| {
            let mut tool: Value = serde_json::from_str(line).expect("JSON");
            let taken = tool.as_object_mut().and_then(|o| o.shift_remove("server"));
            assert_eq!(taken, Some(json!("notes")));
            tool
        })
        .collect();
    assert_eq!(Value::from(tools), server["tools"]);
}

#[test]
fn results_go_to_files_whole_and_without_colour() {
    let dir = tempfile::tempdir().expect("a folder");
    let (table, policy) = (dir.path().join("table.txt"), dir.path().join("policy.json"));
    let output = mcpclass(&root())
        .args(["scan", NOTES, "--color", "always", "-o"])
        .arg(&table)
        .arg("--policy")
        .arg(&policy)
        .output()
        .expect("the program starts");
    assert!(
        output.status.success() && output.stdout.is_empty(),
        "{}",
        stderr(&output)
    );
    let text = fs::read_to_string(&table).expect("written");
    assert!(text.contains("delete_notebook") && !text.contains('\u{1b}'), "{text}");
    let policy = fs::read_to_string(&policy).expect("written");
    assert!(
        policy.starts_with("{\n  \"version\": \"1\",\n  \"default\": \"deny\",\n"),
        "{policy}"
    );
    assert!(policy.ends_with("}\n"), "{policy}");
    assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 2);

    let missing = dir.path().join("no/such.txt");
    let output = run(&["scan", NOTES, "-o", &missing.display().to_string()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("cannot write"), "{}", stderr(&output));
}

#[test]
fn gates_decide_the_exit_status() {
    let status = |gate: &str| run(&["scan", NOTES, "--fail-on", gate]).status.code();
    assert_eq!(status("critical"), Some(1));
    assert_eq!(status("category:Destructive"), Some(1));
    assert_eq!(status("decision:hide,conflict"), Some(1));
    assert_eq!(status("signal:no-such-signal"), Some(0));
    assert_eq!(status("decision:deny"), Some(0));
    let output = run(&["scan", NOTES, "--fail-on", "category:Destructive"]);
    assert!(stderr(&output).contains("gate category:Destructive tripped by notes/delete_notebook"));
    assert!(
        stdout(&output).contains("delete_notebook"),
        "the result is printed all the same"
    );
    let output = run(&["scan", NOTES, "--fail-on", "critcal"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("did you mean `critical`?"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn one_tool_and_none() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = saved(
        dir.path(),
        &json!([{"name": "list_notes", "description": "Lists notes."}]),
    );
    let output = run(&["scan", &file]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("srv · file · 1 tool\n"), "{}", stdout(&output));
    let file = saved(dir.path(), &json!([]));
    let output = run(&["scan", &file]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("help: "), "{}", stderr(&output));
}

#[test]
fn slips_in_commands_and_options_are_named() {
    let output = run(&["scna", NOTES]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("'scan'"), "{}", stderr(&output));
    let output = run(&["scan", "--formt", "json", NOTES]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--format"), "{}", stderr(&output));
    let output = run(&["scan", "--format", "yaml", NOTES]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("markdown"), "{}", stderr(&output));
}

#[test]
fn explain_names_the_tool_that_was_meant() {
    let output = run(&["explain", "delete_notebok", NOTES]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("did you mean `delete_notebook`?"),
        "{}",
        stderr(&output)
    );
    let output = run(&["explain", NOTES]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("the tool to explain comes first"),
        "{}",
        stderr(&output)
    );
    let output = run(&["explain", "delete_notebook", NOTES, "--format", "json"]);
    let document: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(document["explained"][0]["assessment"]["category"], "Destructive");
    assert_eq!(document["explained"][0]["definition"]["name"], "delete_notebook");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = mcpclass(&root())
        .args(["classify"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let stdin = child.stdin.take().expect("piped");
    drop(child.stdout.take());
    let feeder = std::thread::spawn(move || {
        let mut stdin = stdin;
        // Ends when the program has ended.
        while stdin.write_all(b"{\"name\":\"list_notes\"}\n").is_ok() {}
    });
    let output = child.wait_with_output().expect("it ends");
    feeder.join().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_scan_is_a_report_for_code_scanning() {
    let scan = |format: &str| {
        let output = mcpclass(&root())
            .args(["scan", "fixtures/manifests/notes.json", "--format", format])
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let log: Value = serde_json::from_str(&scan("sarif")).expect("JSON");
    let run = &log["runs"][0];
    let results = run["results"].as_array().expect("results");
    let of = |tool: &str| -> Vec<&Value> {
        let logical = |r: &&Value| r["locations"][0]["logicalLocations"][0]["name"] == tool;
        results.iter().filter(logical).collect()
    };
    // The reader that deletes and claims not to; never the harmless one.
    let deletes = of("delete_notebook");
    assert!(deletes.iter().any(|r| r["ruleId"] == "conflict"), "{log:#}");
    assert!(of("list_notes").is_empty());
    for result in results {
        let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().expect("a rule") as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(rule["help"]["text"].as_str().is_some_and(|text| text.len() > 20));
    }
    // The place is the tool's own definition in the file.
    let place = &deletes[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "fixtures/manifests/notes.json");
    let text = fs::read_to_string(root().join("fixtures/manifests/notes.json")).expect("the fixture");
    let line = place["region"]["startLine"].as_u64().expect("a line") as usize;
    assert!(
        text.lines()
            .nth(line - 1)
            .is_some_and(|line| line.contains("delete_notebook"))
    );

    let annotations = scan("github");
    assert!(
        annotations
            .lines()
            .all(|line| line.starts_with("::warning file=fixtures/manifests/notes.json,line="))
    );
    assert!(annotations.contains("title=delete_notebook"), "{annotations}");
}

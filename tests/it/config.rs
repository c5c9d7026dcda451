//! `mcpclass.toml`: where it is found, what it changes, and what is said when it is wrong.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::common::{mcpclass, root, stderr, stdout};

/// Scans the notes fixture as JSON in a folder with the given configuration.
fn scan(dir: &Path, config: &str, args: &[&str]) -> Output {
    fs::write(dir.join("mcpclass.toml"), config).expect("written");
    let notes = root().join("fixtures/manifests/notes.json");
    let mut command = mcpclass(dir);
    command
        .arg("scan")
        .arg(notes)
        .args(args)
        .output()
        .expect("the program starts")
}

fn tool<'a>(report: &'a Value, name: &str) -> &'a Value {
    let tools = report["servers"][0]["tools"].as_array().expect("tools");
    tools.iter().find(|tool| tool["name"] == name).expect("the tool")
}

#[test]
fn the_table_and_its_rates_can_be_changed() {
    let dir = tempfile::tempdir().expect("a folder");
    let config = "[decisions]\nread.low = \"limit\"\ndestructive.critical = \"ask\"\n[decisions.rate]\nread = 5\n";
    let output = scan(dir.path(), config, &["--format", "json"]);
    let report: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let listed = tool(&report, "list_notes");
    assert_eq!(listed["decision"], "limit");
    assert_eq!(listed["policy"]["tools"]["list_notes"]["limits"][0]["max"], 5);
    assert_eq!(tool(&report, "delete_notebook")["decision"], "ask");
    // What permits more than usual is said.
    assert!(
        stderr(&output).contains("Destructive, critical is ask, by default hide"),
        "{}",
        stderr(&output)
    );
    assert!(!stderr(&output).contains("Read, low"), "{}", stderr(&output));

    let output = scan(dir.path(), config, &["--format", "json", "--no-config"]);
    let report: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(tool(&report, "delete_notebook")["decision"], "hide");
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_decision_for_one_tool_shows_its_reason_everywhere() {
    let dir = tempfile::tempdir().expect("a folder");
    let config = "[[decisions.tool]]\nserver = \"notes\"\ntool = \"delete_notebook\"\ndecision = \"allow\"\n\
                  reason = \"the owner clears it nightly\"\n";
    let output = scan(dir.path(), config, &["--format", "json"]);
    let report: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(tool(&report, "delete_notebook")["decision"], "allow");
    for args in [
        &["--format", "json"][..],
        &["--format", "jsonl"],
        &["--format", "markdown"],
        &[],
    ] {
        let output = scan(dir.path(), config, args);
        assert!(stdout(&output).contains("the owner clears it nightly"), "{args:?}");
    }
}

#[test]
fn a_decision_that_matches_nothing_is_warned_about() {
    let dir = tempfile::tempdir().expect("a folder");
    let entry = |server: &str, tool: &str| {
        format!("[[decisions.tool]]\nserver = {server:?}\ntool = {tool:?}\ndecision = \"ask\"\nreason = \"r\"\n")
    };
    let output = scan(dir.path(), &entry("notes", "delete_notebok"), &[]);
    assert!(output.status.success());
    assert!(
        stderr(&output).contains("did you mean \"delete_notebook\"?"),
        "{}",
        stderr(&output)
    );
    let output = scan(dir.path(), &entry("ntoes", "delete_notebook"), &[]);
    assert!(
        stderr(&output).contains("did you mean server \"notes\"?"),
        "{}",
        stderr(&output)
    );
    // Another server's entry is none of this scan's business.
    let output = scan(dir.path(), &entry("weather", "forecast"), &[]);
    assert_eq!(stderr(&output), "");
    let output = scan(dir.path(), &entry("notes", "delete_notebok"), &["--quiet"]);
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_mistake_is_placed_and_stops_the_run() {
    let dir = tempfile::tempdir().expect("a folder");
    let output = scan(
        dir.path(),
        "[decisions]\nread.low = \"limit\"\n[decsions.rate]\nwrite = 1\n",
        &[],
    );
    assert_eq!(output.status.code(), Some(2));
    let message = stderr(&output);
    assert!(
        message.contains("mcpclass.toml:3:2: unknown field `decsions`"),
        "{message}"
    );
    assert!(message.contains("3 | [decsions.rate]\n  |  ^^^^^^^^"), "{message}");
    assert!(message.contains("did you mean `decisions`?"), "{message}");
    assert_eq!(stdout(&output), "");

    let output = scan(dir.path(), "read.low = ", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("mcpclass.toml:1:"), "{}", stderr(&output));

    let output = scan(dir.path(), "", &["--config", "no-such.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no-such.toml"), "{}", stderr(&output));
}

#[test]
fn the_file_is_found_from_a_folder_below() {
    let dir = tempfile::tempdir().expect("a folder");
    let below = dir.path().join("a/b");
    fs::create_dir_all(&below).expect("made");
    fs::create_dir(dir.path().join(".git")).expect("made");
    fs::write(dir.path().join("mcpclass.toml"), "nonsense").expect("written");
    let run = || {
        let notes = root().join("fixtures/manifests/notes.json");
        mcpclass(&below)
            .arg("scan")
            .arg(notes)
            .output()
            .expect("the program starts")
    };
    assert_eq!(run().status.code(), Some(2));
    // Not beyond the root of the repository.
    fs::create_dir(dir.path().join("a/.git")).expect("made");
    assert_eq!(run().status.code(), Some(0));
}

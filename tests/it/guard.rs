//! `mcpclass baseline`, `check` and `accept`: the pairs of `fixtures/drift`, and the ways in which a check must
//! never pass by accident.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::common::{mcpclass, root, stderr, stdout};

/// `expect.toml` of a pair.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    exit: i32,
    #[serde(default)]
    change: Vec<ExpectedChange>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedChange {
    tool: String,
    kind: String,
    label: Option<String>,
    #[serde(default)]
    finding: Vec<String>,
    says: Option<String>,
}

#[test]
fn every_pair_gets_its_verdict() {
    let mut wrong = Vec::new();
    let mut pairs = 0;
    let mut folders: Vec<_> = std::fs::read_dir(root().join("fixtures/drift"))
        .expect("the suite")
        .collect();
    folders.sort_by_key(|entry| entry.as_ref().map(std::fs::DirEntry::file_name).ok());
    for folder in folders {
        let folder = folder.expect("a readable folder").path();
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        // Judged under two rule books, by a test of its own.
        if name == "rule-book-update" {
            continue;
        }
        pairs += 1;
        if let Err(message) = verdict(&folder) {
            wrong.push(format!("{name}: {message}"));
        }
    }
    assert!(pairs >= 20, "only {pairs} pairs");
    assert!(
        wrong.is_empty(),
        "{} of {pairs} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn verdict(folder: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(folder.join("expect.toml")).map_err(|e| e.to_string())?;
    let expected: Expected = toml::from_str(&text).map_err(|e| e.to_string())?;
    let dir = tempfile::tempdir().map_err(|e| e.to_string())?;
    let (before, after) = (folder.join("before.json"), folder.join("after.json"));
    let pinned = run(dir.path(), &["baseline", &before.to_string_lossy()]);
    if !pinned.status.success() {
        return Err(stderr(&pinned));
    }
    let clean = run(dir.path(), &["check", "--offline"]);
    if !clean.status.success() {
        return Err(format!("the baseline does not match itself: {}", stdout(&clean)));
    }
    let output = run(dir.path(), &["check", "--format", "json", &after.to_string_lossy()]);
    let report: Value = serde_json::from_str(&stdout(&output)).map_err(|e| format!("{e}: {}", stderr(&output)))?;
    let changes = report["servers"][0]["changes"].as_array().cloned().unwrap_or_default();
    if output.status.code() != Some(expected.exit) {
        return Err(format!(
            "exit {:?}, not {}: {}",
            output.status.code(),
            expected.exit,
            shown(&changes)
        ));
    }
    if changes.len() != expected.change.len() {
        return Err(format!(
            "{} changes, not {}: {}",
            changes.len(),
            expected.change.len(),
            shown(&changes)
        ));
    }
    for wanted in &expected.change {
        if !changes.iter().any(|change| fits(change, wanted)) {
            return Err(format!(
                "no {} of {} as expected: {}",
                wanted.kind,
                wanted.tool,
                shown(&changes)
            ));
        }
    }
    Ok(())
}

fn fits(change: &Value, wanted: &ExpectedChange) -> bool {
    let side = if change["is"].is_null() {
        &change["was"]
    } else {
        &change["is"]
    };
    let label = format!("{}, {}", text(&side["category"]), text(&side["risk"]));
    let reasons = change["reasons"].as_array().cloned().unwrap_or_default();
    let has = |finding: &String| reasons.iter().any(|r| r["finding"] == **finding);
    let says = |words: &String| reasons.iter().any(|r| text(&r["message"]).contains(words.as_str()));
    change["tool"] == *wanted.tool
        && change["kind"] == *wanted.kind
        && wanted.label.as_ref().is_none_or(|l| *l == label)
        && wanted.finding.iter().all(has)
        && wanted.says.as_ref().is_none_or(says)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The changes of a failed pair, a line each.
fn shown(changes: &[Value]) -> String {
    let line = |change: &Value| {
        let reasons = change["reasons"].as_array().cloned().unwrap_or_default();
        let told: Vec<String> = reasons
            .iter()
            .map(|r| format!("{}: {}", text(&r["finding"]), text(&r["message"])))
            .collect();
        let label = |side: &Value| format!("{}/{}", text(&side["category"]), text(&side["risk"]));
        let (was, is) = (label(&change["was"]), label(&change["is"]));
        format!(
            "\n    {} {} {was} -> {is} [{}]",
            text(&change["kind"]),
            text(&change["tool"]),
            told.join("; ")
        )
    };
    changes.iter().map(line).collect()
}

/// Runs the program on a fixed day.
fn run(dir: &Path, args: &[&str]) -> Output {
    mcpclass(dir)
        .args(args)
        .env("SOURCE_DATE_EPOCH", "1767225600") // 2026-01-01
        .output()
        .expect("the program starts")
}

fn write(dir: &Path, name: &str, value: &Value) {
    std::fs::write(dir.join(name), value.to_string()).expect("written");
}

/// A folder with a saved manifest and its baseline.
fn pinned(tools: &Value) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), "tools.json", &json!({"server": "notes", "tools": tools}));
    let output = run(dir.path(), &["baseline", "tools.json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    dir
}

fn notes() -> Value {
    json!([{"name": "list_notes", "description": "Lists the notes."}])
}

fn with_wipe() -> Value {
    json!([{"name": "list_notes", "description": "Lists the notes."},
           {"name": "delete_all_notes", "description": "Permanently deletes every note."}])
}

#[test]
fn the_same_listing_gives_the_same_lock_and_a_clean_check() {
    let dir = pinned(&notes());
    let first = std::fs::read(dir.path().join("mcpclass.lock")).expect("a lock");
    assert!(run(dir.path(), &["baseline"]).status.success());
    assert_eq!(std::fs::read(dir.path().join("mcpclass.lock")).expect("a lock"), first);
    let check = run(dir.path(), &["check", "--offline"]);
    assert_eq!(check.status.code(), Some(0), "{}", stderr(&check));
    assert_eq!(stdout(&check), "nothing changed in 1 tool\n");
}

#[test]
fn a_server_that_cannot_be_listed_is_never_clean() {
    let dir = pinned(&notes());
    std::fs::remove_file(dir.path().join("tools.json")).expect("removed");
    let check = run(dir.path(), &["check", "--format", "json"]);
    assert_eq!(check.status.code(), Some(4), "{}", stderr(&check));
    let report: Value = serde_json::from_str(&stdout(&check)).expect("JSON");
    assert_eq!(report["servers"][0]["state"], "unlisted");
    assert_eq!(report["summary"]["unlisted"], 1);
    std::fs::write(dir.path().join("tools.json"), "").expect("written");
    assert_eq!(run(dir.path(), &["check"]).status.code(), Some(4));
}

#[test]
fn an_unreadable_tool_makes_no_baseline_and_no_clean_check() {
    let dir = pinned(&notes());
    write(
        dir.path(),
        "tools.json",
        &json!({"server": "notes", "tools": [notes()[0], {"description": "?"}]}),
    );
    let check = run(dir.path(), &["check"]);
    assert_eq!(check.status.code(), Some(4), "{}", stdout(&check));
    let before = std::fs::read(dir.path().join("mcpclass.lock")).expect("a lock");
    let again = run(dir.path(), &["baseline"]);
    assert_eq!(again.status.code(), Some(4));
    assert!(stderr(&again).contains("nothing was pinned"), "{}", stderr(&again));
    assert_eq!(std::fs::read(dir.path().join("mcpclass.lock")).expect("a lock"), before);
}

#[test]
fn an_edited_or_unknown_lock_is_refused() {
    let dir = pinned(&with_wipe());
    let path = dir.path().join("mcpclass.lock");
    let lock = std::fs::read_to_string(&path).expect("a lock");
    for (from, to, message) in [
        ("mcpclass-lock/1", "mcpclass-lock/9", "mcpclass-lock/9"),
        ("every note.", "no note.", "the lock was edited"),
        ("{", "", "not a lock"),
    ] {
        std::fs::write(&path, lock.replacen(from, to, 1)).expect("written");
        let check = run(dir.path(), &["check"]);
        assert_eq!(check.status.code(), Some(2));
        assert!(stderr(&check).contains(message), "{}", stderr(&check));
    }
    std::fs::remove_file(&path).expect("removed");
    let check = run(dir.path(), &["check"]);
    assert_eq!(check.status.code(), Some(2));
    assert!(stderr(&check).contains("mcpclass baseline"), "{}", stderr(&check));
}

#[test]
fn what_a_lock_starts_needs_consent() {
    let dir = pinned(&notes());
    let path = dir.path().join("mcpclass.lock");
    let mut lock: Value = serde_json::from_str(&std::fs::read_to_string(&path).expect("a lock")).expect("JSON");
    lock["origins"] = json!([{"command": ["touch", "started"]}]);
    std::fs::write(&path, lock.to_string()).expect("written");
    let check = run(dir.path(), &["check"]);
    assert_ne!(check.status.code(), Some(0));
    assert!(stderr(&check).contains("touch started"), "{}", stderr(&check));
    let offline = run(dir.path(), &["check", "--offline", "--yes"]);
    assert_eq!(offline.status.code(), Some(4), "{}", stderr(&offline));
    assert!(!dir.path().join("started").exists());
}

#[test]
fn gates_decide_what_fails() {
    let dir = pinned(&notes());
    write(
        dir.path(),
        "tools.json",
        &json!({"server": "notes", "tools": with_wipe()}),
    );
    for (gates, code) in [
        ("worse", 0),
        ("new", 1),
        ("new:critical", 1),
        ("new:Read", 0),
        ("new:Destructive", 1),
        ("none", 0),
        ("gone,milder,wording,rules", 0),
    ] {
        let check = run(dir.path(), &["check", "--fail-on", gates]);
        assert_eq!(check.status.code(), Some(code), "{gates}: {}", stdout(&check));
    }
    assert_eq!(run(dir.path(), &["check", "--fail-on", "wrose"]).status.code(), Some(2));
}

#[test]
fn several_servers_in_one_lock() {
    let dir = pinned(&notes());
    write(
        dir.path(),
        "other.json",
        &json!({"server": "other", "tools": with_wipe()}),
    );
    assert!(run(dir.path(), &["baseline", "--add", "other.json"]).status.success());
    let lock: Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("mcpclass.lock")).expect("a lock")).expect("JSON");
    assert_eq!(lock["servers"].as_array().map(Vec::len), Some(2));
    assert_eq!(run(dir.path(), &["check"]).status.code(), Some(0));
    let one = run(dir.path(), &["check", "--format", "json", "other.json"]);
    assert_eq!(one.status.code(), Some(0), "{}", stderr(&one));
    let report: Value = serde_json::from_str(&stdout(&one)).expect("JSON");
    assert_eq!(report["servers"][0]["state"], "skipped");
    assert_eq!(report["servers"][1]["state"], "listed");
}

/// Every file below a folder, with its path in it.
fn tree(folder: &Path) -> BTreeMap<String, String> {
    fn walk(at: &Path, root: &Path, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(at).expect("a folder") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                walk(&path, root, found);
            } else {
                let name = path.strip_prefix(root).expect("below it").display().to_string();
                found.insert(name, std::fs::read_to_string(&path).expect("a text"));
            }
        }
    }
    let mut found = BTreeMap::new();
    if folder.exists() {
        walk(folder, folder, &mut found);
    }
    found
}

#[test]
fn policies_stand_beside_the_lock_as_the_policy_command_writes_them() {
    let dir = pinned(&with_wipe());
    std::fs::remove_file(dir.path().join("mcpclass.lock")).expect("removed");
    let both = run(
        dir.path(),
        &["baseline", "tools.json", "--policy-dir", "a/policies", "--for", "all"],
    );
    let alone = run(dir.path(), &["policy", "tools.json", "--for", "all", "-o", "b"]);
    assert_eq!(both.status.code(), alone.status.code(), "{}", stderr(&both));
    assert!(dir.path().join("mcpclass.lock").exists());
    let (both, alone) = (tree(&dir.path().join("a/policies")), tree(&dir.path().join("b")));
    assert!(both.len() > 20, "{:?}", both.keys());
    // The lock sorts the tools by name, and so do its policies: listed in another order, they are the same.
    write(
        dir.path(),
        "tools.json",
        &json!({"server": "notes", "tools": [with_wipe()[1], with_wipe()[0]]}),
    );
    run(dir.path(), &["policy", "tools.json", "--for", "all", "-o", "c"]);
    assert_eq!(both, tree(&dir.path().join("c")));
    assert_eq!(both.keys().collect::<Vec<_>>(), alone.keys().collect::<Vec<_>>());
    run(dir.path(), &["baseline", "--policy-dir", "d", "--for", "all"]);
    assert_eq!(both, tree(&dir.path().join("d")));
}

#[test]
fn policies_cover_every_pinned_server_in_the_named_targets_alone() {
    let dir = pinned(&notes());
    write(
        dir.path(),
        "other.json",
        &json!({"server": "../../etc/passwd\u{202e}", "tools": with_wipe()}),
    );
    let args = ["baseline", "--add", "other.json", "--policy-dir", "policies"];
    let output = run(
        dir.path(),
        &[&args[..], &["--for", "claude-code", "--for", "intercept"]].concat(),
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let files = tree(&dir.path().join("policies"));
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    // The server that was there before is among them, and no name leads out of the folder.
    assert_eq!(
        names,
        [
            "claude-code/managed-settings.json",
            "claude-code/settings.json",
            "intercept/etc-passwd/policy.yaml",
            "intercept/notes/policy.yaml",
        ]
    );
    assert!(files["claude-code/settings.json"].contains("mcp__notes__list_notes"));
    assert!(files["intercept/notes/policy.yaml"].contains("list_notes"));
}

#[test]
fn what_cannot_be_pinned_writes_no_policy() {
    let dir = pinned(&notes());
    write(
        dir.path(),
        "part.json",
        &json!({"server": "notes", "tools": [notes()[0], {"description": "?"}]}),
    );
    let before = std::fs::read(dir.path().join("mcpclass.lock")).expect("a lock");
    for (args, code) in [
        (&["part.json", "--for", "all"][..], 4),
        (&["absent.json", "--for", "all"], 4),
        (&["tools.json", "--for", "nothing-known"], 2),
    ] {
        let output = run(dir.path(), &[&["baseline", "--policy-dir", "policies"], args].concat());
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
        assert!(!dir.path().join("policies").exists(), "{args:?}");
        assert_eq!(std::fs::read(dir.path().join("mcpclass.lock")).expect("a lock"), before);
    }
    let alone = run(dir.path(), &["baseline", "tools.json", "--for", "all"]);
    assert_eq!(alone.status.code(), Some(2));
    assert!(stderr(&alone).contains("--policy-dir"), "{}", stderr(&alone));
}

/// A lock is committed: what was secret on the command line is not in it, and a check that would need it says so.
#[test]
fn a_lock_holds_no_secret_of_the_command_line() {
    let home = tempfile::tempdir().expect("a folder");
    let tools = json!([{"name": "list_notes", "description": "Lists notes."}]);
    let server = crate::http_server::Server::answering(move |request| {
        crate::http_server::json_response(200, &request.legacy(&tools))
    });
    let run = |args: &[&str]| mcpclass(home.path()).args(args).output().expect("it runs");
    let url = format!(
        "http://user:pa55word-1@127.0.0.1:{}/mcp?api_key=query-secret-2",
        server.port
    );
    let pinned = run(&["baseline", "--header", "X-Key: header-secret-3", &url]);
    assert_eq!(pinned.status.code(), Some(0), "{}", stderr(&pinned));
    assert!(
        stderr(&pinned).contains("secrets on the command line are not written"),
        "{}",
        stderr(&pinned)
    );
    let lock = std::fs::read_to_string(home.path().join("mcpclass.lock")).expect("written");
    for secret in ["pa55word-1", "query-secret-2", "header-secret-3"] {
        assert!(!lock.contains(secret), "{secret} is in the lock");
    }
    // Named again it is checked; without, nobody takes the redacted address for the real one.
    assert_eq!(run(&["check", &url]).status.code(), Some(0));
    let asked = server.requests().len();
    let check = run(&["check", "--yes"]);
    assert_eq!(check.status.code(), Some(4), "{}", stdout(&check));
    let said = stdout(&check) + &stderr(&check);
    assert!(said.contains("had a secret in it"), "{said}");
    assert_eq!(server.requests().len(), asked, "nothing was sent");
}

/// The same of a command; the arguments that are no secrets stay.
#[test]
fn a_lock_holds_no_secret_of_a_command() {
    use mcpclass::baseline::origin::Origin;
    let command = ["npx", "srv", "--token", "abc", "--api-key=def", "--level", "info"].map(str::to_owned);
    let args = mcpclass::source::SourceArgs {
        command: command.to_vec(),
        ..Default::default()
    };
    let origin = Origin::of(&args, Path::new(""));
    assert_eq!(
        origin.command,
        [
            "npx",
            "srv",
            "--token",
            "[redacted]",
            "--api-key=[redacted]",
            "--level",
            "info"
        ]
    );
    assert!(origin.is_redacted());
    assert!(!origin.label().contains("abc") && !origin.starts().concat().contains("def"));
}

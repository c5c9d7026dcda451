//! Promises of SECURITY.md that no other topic proves: output files, secrets and `--verbose`, remote references,
//! sizes; and that the table there names tests that exist.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::common::{mcpclass, root, stderr, stdout};
use crate::http_server::Server;

const TOOLS: &str = r#"{"tools":[{"name":"delete_notes","description":"Deletes every note."}]}"#;

fn scan(home: &Path, args: &[&str]) -> Output {
    mcpclass(home).arg("scan").args(args).output().expect("it runs")
}

fn home_with(text: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("tools.json"), text).expect("written");
    home
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_says_so() {
    let home = home_with(TOOLS);
    let full = || {
        std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .expect("a full disk")
    };
    for args in [
        &["scan", "tools.json"][..],
        &["scan", "--format", "json", "tools.json"],
        &["policy", "tools.json"],
        &["explain", "delete_notes", "tools.json"],
        &["rules", "list"],
        &["classify", "line.jsonl"],
    ] {
        std::fs::write(home.path().join("line.jsonl"), "{\"name\":\"a\"}\n").expect("written");
        let output = mcpclass(home.path())
            .args(args)
            .stdout(full())
            .output()
            .expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("no space"), "{args:?}: {}", stderr(&output));
    }
    // A device is written to, not replaced by a file.
    let output = mcpclass(home.path())
        .args(["policy", "-o", "/dev/full", "tools.json"])
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(!std::fs::metadata("/dev/full").expect("still there").is_file());
}

#[test]
fn a_broken_pipe_is_quiet() {
    let home = home_with(TOOLS);
    let mut lines = String::new();
    for n in 0..20_000 {
        let _ = writeln!(lines, "{{\"name\":\"t{n}\"}}");
    }
    std::fs::write(home.path().join("lines.jsonl"), lines).expect("written");
    for args in [
        &["classify", "lines.jsonl"][..],
        &["scan", "tools.json"],
        &["rules", "list"],
    ] {
        let mut child = mcpclass(home.path())
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(stderr(&output), "", "{args:?}");
        assert!(output.status.success(), "{args:?}: {}", output.status);
    }
}

#[test]
fn a_kill_leaves_the_old_file_or_the_new_one() {
    let mut tools = String::from("{\"tools\":[");
    for n in 0..400 {
        let _ = write!(tools, "{}{{\"name\":\"delete_{n}\"}}", if n == 0 { "" } else { "," });
    }
    let home = home_with(&(tools + "]}"));
    let out = home.path().join("lock.json");
    std::fs::write(&out, "old").expect("written");
    let (mut old, mut new) = (0, 0);
    for wait in 0..40 {
        let mut child = mcpclass(home.path())
            .args(["baseline", "-q", "-o", "lock.json", "tools.json"])
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        // Somewhere between its first step and its last.
        std::thread::sleep(Duration::from_millis(wait * 10));
        let _ = child.kill();
        let _ = child.wait();
        let text = std::fs::read_to_string(&out).expect("there is always a file");
        if text == "old" {
            old += 1;
        } else {
            let lock: Value = serde_json::from_str(&text).expect("the new one, whole");
            assert_eq!(lock["servers"][0]["tools"].as_array().map(Vec::len), Some(400));
            new += 1;
            std::fs::write(&out, "old").expect("written");
        }
    }
    assert_eq!(old + new, 40);
}

#[test]
fn verbose_output_shows_no_secret() {
    let server = Server::answering(|request| {
        let tools = json!([{"name": "echo", "description": "Knows very-secret-token."}]);
        crate::http_server::json_response(200, &request.legacy(&tools))
    });
    let home = tempfile::tempdir().expect("a folder");
    let config = json!({"mcpServers": {
        "web": {"url": format!("{}?key=very-secret-query", server.url()), "headers": {"Authorization": "Bearer very-secret-token"}},
        "started": {"command": "no-such-program", "args": ["--token", "very-secret-argument"], "env": {"KEY": "very-secret-value"}},
    }});
    std::fs::write(home.path().join("mcp.json"), config.to_string()).expect("written");
    for format in ["json", "table", "markdown", "sarif"] {
        let output = scan(
            home.path(),
            &["--yes", "--allow-private", "-vv", "--format", format, "mcp.json"],
        );
        let said = format!("{}{}", stdout(&output), stderr(&output));
        assert!(format == "sarif" || said.contains("echo"), "{said}");
        assert!(!said.contains("very-secret"), "{format}: {said}");
    }
    let sent = server.requests();
    assert!(
        sent.iter()
            .all(|r| r.header("authorization") == Some("Bearer very-secret-token"))
    );
}

/// What would change in a client's settings is shown with what stands around it, and that may be a token.
#[test]
fn a_diff_of_settings_shows_no_secret() {
    let home = home_with(TOOLS);
    let settings = r#"{
  "permission": {
    "a": "ask"
  },
  "mcpServers": {
    "tools": {
      "env": {"TOKEN": "very-secret-token"},
      "command": "npx"
    }
  },
  "mcp": {
    "notes": {
      "environment": {"KEY": "very-secret-value", "LEVEL": "abc", "MODE": "allow"},
      "command": ["npx", "srv", "--token", "very-secret-argument"],
      "headers": {"X": "very-secret-header"}
    }
  }
}
"#;
    for target in ["opencode", "claude-code", "gemini-cli"] {
        let name = if target == "opencode" {
            "opencode.json"
        } else {
            "settings.json"
        };
        std::fs::write(home.path().join(name), settings).expect("written");
        let output = mcpclass(home.path())
            .args(["policy", "--for", target, "--merge", name, "tools.json"])
            .output()
            .expect("it runs");
        let shown = stdout(&output);
        assert!(output.status.success(), "{target}: {}", stderr(&output));
        assert!(shown.contains("delete_notes"), "{target}: {shown}");
        assert!(!shown.contains("very-secret"), "{target}: {shown}");
        assert!(!shown.contains("\"abc\""), "{target}: {shown}");
    }
}

#[test]
fn nothing_in_a_definition_is_fetched() {
    let server = Server::answering(|request| crate::http_server::json_response(200, &request.legacy(&json!([]))));
    let url = server.url();
    let schema = json!({"$schema": url, "$id": url, "$ref": url, "properties": {"a": {"$ref": format!("{url}#/a")}}});
    let tool =
        json!({"name": "a", "description": format!("![x]({url})"), "inputSchema": schema, "icons": [{"src": url}]});
    let home = home_with(&json!({"tools": [tool]}).to_string());
    for args in [
        &["scan", "tools.json"][..],
        &["explain", "a", "tools.json"],
        &["policy", "--for", "all", "-o", "out", "tools.json"],
        &["page", "--format", "html", "-o", "pages", "tools.json"],
    ] {
        let output = mcpclass(home.path()).args(args).output().expect("it runs");
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    }
    assert_eq!(server.requests().len(), 0);
    let mut pages = String::new();
    collect(&home.path().join("pages"), &mut pages);
    assert!(!pages.contains(&format!("src=\"{url}")), "a page would fetch it");
}

fn collect(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() {
            collect(&entry.path(), text);
        } else if let Ok(mut file) = std::fs::File::open(entry.path()) {
            let _ = file.read_to_string(text);
        }
    }
}

#[test]
fn what_is_too_large_is_refused_by_name() {
    let home = tempfile::tempdir().expect("a folder");
    let write = |name: &str, parts: &[&[u8]]| {
        let mut file = std::fs::File::create(home.path().join(name)).expect("created");
        for part in parts {
            file.write_all(part).expect("written");
        }
    };
    // 100 MB in a line, of a file and of the filter's input.
    let blank = vec![b'x'; 100_000_000];
    write("line.json", &[b"{\"tools\":[{\"name\":\"", &blank, b"\"}]}"]);
    write("line.jsonl", &[b"{\"name\":\"", &blank, b"\"}\n{\"name\":\"after\"}\n"]);
    let output = scan(home.path(), &["line.json"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).contains("--max-bytes"), "{}", stderr(&output));
    let output = mcpclass(home.path())
        .args(["classify", "line.jsonl"])
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(4));
    let text = stdout(&output);
    assert!(text.lines().next().is_some_and(|l| l.contains("\"error\"")), "{text}");
    assert!(text.lines().nth(1).is_some_and(|l| l.contains("\"after\"")), "{text}");

    // A million tools.
    let tools = b"{\"name\":\"a\"},".repeat(1_000_000);
    write("tools.json", &[b"{\"tools\":[", &tools, b"{\"name\":\"z\"}]}"]);
    let output = scan(home.path(), &["tools.json"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).contains("--max-tools"), "{}", stderr(&output));

    // A name of 10 MB is a name, and is cut where people read it.
    let name = vec![b'n'; 10_000_000];
    write(
        "name.json",
        &[b"{\"tools\":[{\"name\":\"", &name, b"\"},{\"name\":\"b\"}]}"],
    );
    let output = scan(home.path(), &["--all", "--format", "table", "name.json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(output.stdout.len() < 100_000, "{} bytes", output.stdout.len());

    // 100,000 levels cost the tool that has them, and no other.
    let (open, close) = (b"{\"properties\":".repeat(100_000), b"}".repeat(100_000));
    let deep: [&[u8]; 5] = [
        b"{\"tools\":[{\"name\":\"deep\",\"inputSchema\":",
        &open,
        b"1",
        &close,
        b"},{\"name\":\"flat\"}]}",
    ];
    write("deep.json", &deep);
    let output = scan(home.path(), &["--format", "json", "deep.json"]);
    assert!(stdout(&output).contains("\"flat\""), "{}", stderr(&output));
    assert!(stdout(&output).contains("nested deeper"), "{}", stdout(&output));
}

#[test]
fn the_table_of_promises_names_tests_that_exist() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    let text = read("SECURITY.md");
    let mut named = 0;
    // `file.rs: a_test` in the last column, with several tests after commas.
    for row in text
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains(".rs`"))
    {
        let tests = row.trim_end_matches([' ', '|']).rsplit('|').next().expect("a column");
        let mut source = String::new();
        for word in tests.split('`').skip(1).step_by(2) {
            if word.ends_with(".rs") {
                source = read(word);
            } else {
                assert!(source.contains(&format!("fn {word}(")), "{word} is no test: {row}");
                named += 1;
            }
        }
    }
    assert!(named >= 30, "only {named} tests are named");
}

#[test]
fn every_dependency_says_what_it_is_for() {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).expect("readable");
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with('[') {
            inside = line.contains("dependencies");
        } else if inside && line.contains('=') && !line.starts_with('#') {
            assert!(line.contains("# "), "{line}");
        }
    }
}

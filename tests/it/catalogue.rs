//! The catalogue: indexed, asked, killed, resumed, written to by two, damaged, judged anew.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::common::{mcpclass, root, stderr, stdout};
use crate::http_server::{Server, json_response, response};

fn record(server: &str, tools: &[(&str, &str)]) -> String {
    let tools: Vec<Value> = tools
        .iter()
        .map(|(name, text)| json!({"name": name, "description": text, "inputSchema": {"type": "object"}}))
        .collect();
    json!({"server": {"name": server, "version": "1.0.0"}, "tools": tools}).to_string()
}

fn two_servers() -> String {
    let notes = record(
        "notes",
        &[
            ("list_notes", "Lists notes."),
            ("delete_note", "Permanently deletes a note."),
        ],
    );
    let shell = record(
        "shell",
        &[("runCommand", "Runs a shell command and returns what it prints.")],
    );
    format!("{notes}\n{shell}\n")
}

/// Runs a command against the catalogue `c` of a folder.
fn ask(dir: &Path, args: &[&str]) -> Output {
    let (command, rest) = args.split_first().expect("a command");
    mcpclass(dir)
        .args([command, "--catalogue", "c"])
        .args(rest)
        .output()
        .expect("the program starts")
}

/// The lines of an answer in JSON.
fn lines(output: &Output) -> Vec<Value> {
    stdout(output)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn index(dir: &Path, args: &[&str]) -> Vec<Value> {
    let mut all = vec!["index", "--format", "jsonl"];
    all.extend(args);
    let output = ask(dir, &all);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}", stderr(&output));
    lines(&output)
}

fn statuses(lines: &[Value]) -> Vec<&str> {
    lines.iter().filter_map(|line| line["status"].as_str()).collect()
}

fn found(dir: &Path, args: &[&str]) -> Vec<String> {
    let mut all = vec!["search", "--format", "jsonl"];
    all.extend(args);
    let output = ask(dir, &all);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", stderr(&output));
    lines(&output)
        .iter()
        .map(|hit| hit["name"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn what_is_indexed_is_found_shown_counted_and_exported() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("servers.jsonl"), two_servers()).expect("written");
    assert_eq!(statuses(&index(dir.path(), &["servers.jsonl"])), ["new", "new"]);

    assert_eq!(found(dir.path(), &["note", "delete"]), ["delete_note"]);
    assert_eq!(found(dir.path(), &["\"shell command\""]), ["runCommand"]);
    assert_eq!(found(dir.path(), &["comm*"]), ["runCommand"]);
    assert_eq!(
        found(dir.path(), &["--server", "notes", "--category", "Destructive"]),
        ["delete_note"]
    );
    assert_eq!(found(dir.path(), &["--", "notes", "-delete"]), ["list_notes"]);
    assert!(found(dir.path(), &["\"command shell\""]).is_empty());
    for broken in ["\"", "(", "AND", "a NEAR/", "*", "tool:x", "^", "{"] {
        let output = ask(dir.path(), &["search", broken]);
        assert!(
            !stderr(&output).contains("fts5") && !stderr(&output).contains("syntax"),
            "{}",
            stderr(&output)
        );
    }

    let shown = ask(dir.path(), &["show", "notes/delete_note", "--format", "json"]);
    let shown: Value = serde_json::from_str(&stdout(&shown)).expect("JSON");
    assert_eq!(shown["servers"][0]["tools"][0]["name"], "delete_note");
    assert_eq!(ask(dir.path(), &["show", "notez"]).status.code(), Some(3));

    let stats = ask(dir.path(), &["stats", "--format", "json"]);
    let stats: Value = serde_json::from_str(&stdout(&stats)).expect("JSON");
    assert_eq!((&stats["servers"], &stats["tools"]), (&json!(2), &json!(3)));
    let by_category: i64 = stats["category"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|c| c["tools"].as_i64())
        .sum();
    assert_eq!(by_category, 3);

    let csv = stdout(&ask(dir.path(), &["export", "--format", "csv"]));
    assert_eq!(csv.lines().count(), 4);
    assert_eq!(lines(&ask(dir.path(), &["export"])).len(), 3);
    let parquet = ask(dir.path(), &["export", "--format", "parquet", "-o", "tools.parquet"]);
    assert!(parquet.status.success(), "{}", stderr(&parquet));
    let bytes = fs::read(dir.path().join("tools.parquet")).expect("written");
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    let facts = stdout(&ask(dir.path(), &["export", "--facts"]));
    assert!(facts.contains("delete_note") && !facts.contains("Permanently deletes a note"));
}

#[test]
fn a_name_comes_first_however_many_texts_have_the_word_before_it() {
    let dir = tempfile::tempdir().expect("a folder");
    // More than are put in order, and the tool that is called so stands behind them all.
    let named: Vec<String> = (0..850).map(|n| format!("list_{n}")).collect();
    let many: Vec<(&str, &str)> = named.iter().map(|name| (name.as_str(), "Lists heron nests.")).collect();
    let mut records: Vec<String> = (0..5).map(|n| record(&format!("a{n}"), &many)).collect();
    records.push(record("z", &[("count_heron_nests", "Counts them.")]));
    fs::write(dir.path().join("servers.jsonl"), records.join("\n")).expect("written");
    index(dir.path(), &["servers.jsonl"]);
    for words in ["heron", "\"heron nests\""] {
        assert_eq!(found(dir.path(), &["--limit", "1", words]), ["count_heron_nests"]);
        let several = found(dir.path(), &["--limit", "3", words]);
        assert_eq!(several.len(), 3, "{several:?}");
        assert_eq!(several[0], "count_heron_nests");
        assert!(several[1..].iter().all(|name| name.starts_with("list_")), "{several:?}");
    }
}

#[test]
fn a_catalogue_gives_the_same_assessments_as_a_scan() {
    let dir = tempfile::tempdir().expect("a folder");
    let listing = root().join("fixtures/manifests/notes.json");
    let listing = listing.to_str().expect("UTF-8");
    index(dir.path(), &[listing]);
    let exported = lines(&ask(dir.path(), &["export"]));
    let scan = mcpclass(dir.path())
        .args(["scan", "--format", "json", listing])
        .output()
        .expect("it starts");
    let scan: Value = serde_json::from_str(&stdout(&scan)).expect("JSON");
    let scanned = scan["servers"][0]["tools"].as_array().expect("tools");
    assert_eq!(exported.len(), scanned.len());
    for (mut one, other) in exported.into_iter().zip(scanned) {
        for key in ["server", "origin", "version"] {
            one.as_object_mut().expect("an object").remove(key);
        }
        assert_eq!(one, *other);
    }
}

#[test]
fn what_did_not_change_is_passed_over_and_what_did_is_history() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("servers.jsonl");
    fs::write(&path, two_servers()).expect("written");
    index(dir.path(), &["servers.jsonl"]);
    let again = ask(dir.path(), &["index", "servers.jsonl"]);
    assert!(stdout(&again).contains("2 unchanged"), "{}", stdout(&again));

    let notes = record(
        "notes",
        &[
            ("list_notes", "Lists notes, then permanently deletes all of them."),
            ("add_note", "Adds a note."),
        ],
    );
    let shell = record(
        "shell",
        &[("runCommand", "Runs a shell command and returns what it prints.")],
    );
    fs::write(&path, format!("{notes}\n{shell}\n")).expect("written");
    let changed = index(dir.path(), &["servers.jsonl"]);
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert_eq!(
        (&changed[0]["server"], &changed[0]["changes"]),
        (&json!("notes"), &json!(3))
    );
    assert!(found(dir.path(), &["delete_note"]).is_empty());
    let stats = ask(dir.path(), &["stats", "--since", "1d", "--format", "json"]);
    let stats: Value = serde_json::from_str(&stdout(&stats)).expect("JSON");
    let changes = stats["changes"].as_array().expect("changes");
    let of = |tool: &str| changes.iter().find(|c| c["tool"] == tool).expect("a change");
    assert_eq!(
        (of("delete_note")["is"].is_null(), of("add_note")["was"].is_null()),
        (true, true)
    );
    assert_eq!(of("list_notes")["was"]["category"], "Read");
    assert_eq!(stats["tools"], 3);
}

#[test]
fn a_bad_line_is_a_row_with_its_reason_and_costs_no_other() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("servers.jsonl");
    fs::write(&path, format!("{}{{\"broken\n[1]\n", two_servers())).expect("written");
    let output = ask(dir.path(), &["index", "servers.jsonl"]);
    assert_eq!(output.status.code(), Some(4));
    let stats = stdout(&ask(dir.path(), &["stats", "--failures"]));
    assert!(
        stats.contains("servers.jsonl:3") && stats.contains("2 servers"),
        "{stats}"
    );
    // Mended, it is forgotten.
    fs::write(&path, two_servers()).expect("written");
    assert_eq!(ask(dir.path(), &["index", "servers.jsonl"]).status.code(), Some(0));
    assert!(stdout(&ask(dir.path(), &["stats", "--failures"])).contains("could not be read: none"));
}

#[test]
fn compressed_records_are_read() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = fs::File::create(dir.path().join("servers.jsonl.gz")).expect("a file");
    let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    packed.write_all(two_servers().as_bytes()).expect("written");
    packed.finish().expect("written");
    assert_eq!(statuses(&index(dir.path(), &["servers.jsonl.gz"])), ["new", "new"]);
}

#[test]
fn a_newer_rule_book_judges_what_is_stored_and_contacts_nobody() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("servers.jsonl"), two_servers()).expect("written");
    index(dir.path(), &["servers.jsonl"]);
    fs::remove_file(dir.path().join("servers.jsonl")).expect("removed");
    assert!(index(dir.path(), &["--reassess"]).is_empty());
    // Other decisions judge anew as other rules do.
    fs::write(dir.path().join("mcpclass.toml"), "[decisions]\nread.low = \"deny\"\n").expect("written");
    let anew = index(dir.path(), &["--reassess"]);
    assert_eq!(anew.len(), 2, "{anew:?}");
    let exported = lines(&ask(dir.path(), &["export"]));
    let listing = exported
        .iter()
        .find(|tool| tool["name"] == "list_notes")
        .expect("there");
    assert_eq!(listing["decision"], "deny");
    assert_eq!(found(dir.path(), &["notes"]).len(), 2);
}

/// Two hundred servers, of which each takes a while.
fn slow_server() -> Server {
    Server::answering(|request| {
        if request.call() == "tools/list" {
            std::thread::sleep(Duration::from_millis(30));
        }
        let tools = json!([{"name": "list_notes", "description": "Lists notes.", "inputSchema": {"type": "object"}}]);
        json_response(200, &request.legacy(&tools))
    })
}

fn listings(server: &Server) -> usize {
    server
        .requests()
        .iter()
        .filter(|request| request.call() == "tools/list")
        .count()
}

#[test]
fn killed_in_the_middle_it_goes_on_where_it_stopped() {
    const SERVERS: usize = 40;
    const AT_ONCE: usize = 2;
    let dir = tempfile::tempdir().expect("a folder");
    let server = slow_server();
    let list: Vec<String> = (0..SERVERS)
        .map(|n| format!("http://127.0.0.1:{}/{n}", server.port))
        .collect();
    fs::write(dir.path().join("list.txt"), list.join("\n")).expect("written");
    let args = [
        "index",
        "list.txt",
        "--catalogue",
        "c",
        "--allow-private",
        "--at-once",
        "2",
        "--format",
        "jsonl",
    ];
    let mut child = mcpclass(dir.path())
        .args(args)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let output = BufReader::new(child.stdout.take().expect("piped"));
    let first: Vec<String> = output.lines().take(10).map(|line| line.expect("a line")).collect();
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert_eq!(first.len(), 10);

    let rest = mcpclass(dir.path())
        .args(args)
        .arg("--resume")
        .output()
        .expect("it starts");
    assert!(rest.status.success(), "{}", stderr(&rest));
    let resumed = lines(&rest).len();
    assert!(
        resumed <= SERVERS - 8,
        "{resumed} servers were listed after ten were done"
    );
    // Every server is there, once; only what was under way when it was killed was asked twice.
    let exported = lines(&ask(dir.path(), &["export"]));
    let mut origins: Vec<&str> = exported.iter().filter_map(|tool| tool["origin"].as_str()).collect();
    origins.sort_unstable();
    origins.dedup();
    assert_eq!((exported.len(), origins.len()), (SERVERS, SERVERS));
    assert!(
        listings(&server) <= SERVERS + 3 * AT_ONCE + 2,
        "{} listings",
        listings(&server)
    );
    // A run that ended leaves nothing to resume.
    let again = mcpclass(dir.path())
        .args(args)
        .arg("--resume")
        .output()
        .expect("it starts");
    assert_eq!(lines(&again).len(), SERVERS);
}

#[test]
fn a_busy_server_is_asked_again_after_the_time_it_names() {
    let dir = tempfile::tempdir().expect("a folder");
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::answering(move |request| {
        if asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            return response(429, &[("retry-after", "1")], b"");
        }
        json_response(
            200,
            &request.legacy(&json!([{"name": "list_notes", "inputSchema": {"type": "object"}}])),
        )
    });
    let listed = index(dir.path(), &[&server.url()]);
    assert_eq!(statuses(&listed), ["new"]);
}

#[test]
fn a_registry_is_read_page_by_page_and_then_only_what_changed() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = Server::answering(move |request| {
        let host = request.header("host").unwrap_or_default().to_owned();
        if !request.path.starts_with("/v0.1/servers") {
            return json_response(
                200,
                &request.legacy(&json!([{"name": "list_notes", "inputSchema": {"type": "object"}}])),
            );
        }
        let remote = |name: &str| {
            let remotes = json!([{"type": "streamable-http", "url": format!("http://{host}/{name}")}]);
            json!({"server": {"name": format!("com.example/{name}"), "version": "1.0.0", "remotes": remotes}})
        };
        let package =
            json!({"registryType": "npm", "identifier": "nothing", "version": "1.0.0", "transport": {"type": "stdio"}});
        let answer = if request.path.contains("updated_since") {
            json!({"servers": [], "metadata": {"count": 0}})
        } else if request.path.contains("cursor=two") {
            let package = json!({"server": {"name": "com.example/c", "version": "1.0.0", "packages": [package]}});
            json!({"servers": [remote("b"), package], "metadata": {"nextCursor": ""}})
        } else {
            json!({"servers": [remote("a")], "metadata": {"nextCursor": "two"}})
        };
        json_response(200, &answer)
    });
    let base = format!("http://127.0.0.1:{}", server.port);
    let args = ["--registry", base.as_str(), "--allow-private"];
    let mut listed = index(dir.path(), &args);
    listed.sort_by_key(|line| line["server"].as_str().unwrap_or_default().to_owned());
    assert_eq!(statuses(&listed), ["failed", "new", "new"], "{listed:?}");
    assert!(
        listed[0]["error"]
            .as_str()
            .is_some_and(|error| error.contains("package"))
    );
    let before = listings(&server);
    ask(dir.path(), &["index", "--registry", &base, "--allow-private"]);
    assert_eq!(listings(&server), before);
}

#[test]
fn a_second_writer_waits_and_says_so() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = slow_server();
    let list: Vec<String> = (0..20)
        .map(|n| format!("http://127.0.0.1:{}/{n}", server.port))
        .collect();
    fs::write(dir.path().join("list.txt"), list.join("\n")).expect("written");
    fs::write(dir.path().join("servers.jsonl"), two_servers()).expect("written");
    let args = [
        "index",
        "list.txt",
        "--catalogue",
        "c",
        "--allow-private",
        "--at-once",
        "1",
        "--format",
        "jsonl",
    ];
    let mut first = mcpclass(dir.path())
        .args(args)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut output = BufReader::new(first.stdout.take().expect("piped"));
    output.read_line(&mut String::new()).expect("a line");
    // The first one writes; its readers are not kept waiting.
    assert!(
        ask(dir.path(), &["stats"])
            .status
            .code()
            .is_some_and(|code| code == 0 || code == 3)
    );
    let second = ask(dir.path(), &["index", "servers.jsonl"]);
    assert!(second.status.success(), "{}", stderr(&second));
    assert!(stderr(&second).contains("waiting"), "{}", stderr(&second));
    let rest = output.lines().count();
    assert!(first.wait().expect("ended").success());
    assert_eq!(rest, 19);
    assert_eq!(lines(&ask(dir.path(), &["export"])).len(), 23);
}

#[test]
fn a_damaged_or_foreign_file_is_said_and_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("servers.jsonl"), two_servers()).expect("written");
    index(dir.path(), &["servers.jsonl"]);
    let path = dir.path().join("c/catalogue.db");
    let whole = fs::read(&path).expect("readable");
    fs::write(&path, vec![0x55; whole.len()]).expect("written");
    for args in [&["stats"][..], &["index", "servers.jsonl"], &["search", "note"]] {
        let output = ask(dir.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(
            stderr(&output).contains("damaged") && stderr(&output).contains("help"),
            "{}",
            stderr(&output)
        );
    }
    assert_eq!(fs::read(&path).expect("readable"), vec![0x55; whole.len()]);
    // Put back, it is as it was.
    fs::write(&path, whole).expect("written");
    assert!(ask(dir.path(), &["stats"]).status.success());
    let nowhere = mcpclass(dir.path())
        .args(["stats", "--catalogue", "nowhere"])
        .output()
        .expect("it starts");
    assert_eq!(nowhere.status.code(), Some(2));
}

/// A first run that reached nothing leaves a catalogue of failures: nobody is better off with that than with ours.
#[test]
fn an_empty_catalogue_does_not_hide_the_one_that_the_program_carries() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("list.txt"), "http://127.0.0.1:9/mcp\n").expect("written");
    let failed = mcpclass(dir.path())
        .args(["index", "list.txt", "--allow-private"])
        .output()
        .expect("it starts");
    assert_eq!(failed.status.code(), Some(4), "{}", stderr(&failed));
    assert!(dir.path().join(".local/share/mcpclass/catalogue.db").is_file());
    let shown = mcpclass(dir.path())
        .args(["show", "github-mcp-server"])
        .output()
        .expect("it starts");
    assert!(shown.status.success(), "{}", stderr(&shown));
}

#[test]
fn the_embedded_catalogue_answers_where_there_is_no_other() {
    let dir = tempfile::tempdir().expect("a folder");
    let output = mcpclass(dir.path())
        .args(["stats", "--format", "json"])
        .output()
        .expect("it starts");
    assert!(output.status.success(), "{}", stderr(&output));
    let stats: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert!(stats["servers"].as_i64() > Some(50), "{stats}");
    let shown = mcpclass(dir.path())
        .args(["show", "github-mcp-server"])
        .output()
        .expect("it starts");
    assert!(
        shown.status.success() && stdout(&shown).contains("github"),
        "{}",
        stderr(&shown)
    );
    // Asking makes nothing on disk.
    assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 0);
}

/// Tokens in the addresses of servers and registries, and what those repeat, stand nowhere in the catalogue's files, not
/// in what was deleted from them, and not in what is said.
#[test]
fn a_catalogue_holds_no_token() {
    const TOKENS: [&str; 4] = ["user-pa55word", "query-t0ken-1", "header-t0ken-2", "list-pa55word-3"];
    let dir = tempfile::tempdir().expect("a folder");
    let server = Server::answering(move |request| {
        if request.path.starts_with("/v0.1/servers") {
            return json_response(200, &json!({"nothing": true}));
        }
        let name = format!("list_{}", TOKENS[2]);
        let description = format!("Lists what {} and {} may see.", TOKENS[1], TOKENS[2]);
        json_response(
            200,
            &request.legacy(&json!([{"name": name, "description": description}])),
        )
    });
    let address = format!("127.0.0.1:{}", server.port);
    let registry = format!("http://user:{}@{address}/?api_key={}", TOKENS[0], TOKENS[1]);
    let url = format!("http://{address}/mcp?api_key={}", TOKENS[1]);
    let header = format!("Authorization: Bearer {}", TOKENS[2]);
    fs::write(
        dir.path().join("list.txt"),
        format!("ftp://user:{}@h.example/\n{url}\n", TOKENS[3]),
    )
    .expect("written");
    for args in [
        &["index", &url, "--header", &header, "--allow-private"][..],
        &["index", "list.txt", "--allow-private"],
        &["index", "--registry", &registry, "--allow-private"],
        &["index", "--registry", &registry.replace("http", "gopher")],
        &["export"],
        &["stats"],
        &["stats", "--failures"],
    ] {
        let output = ask(dir.path(), args);
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), stderr(&output));
        for token in TOKENS {
            assert!(!said.contains(token), "{args:?}: {token}: {said}");
        }
    }
    let exported = lines(&ask(dir.path(), &["export"]));
    assert!(
        exported.iter().any(|tool| tool["name"] == "list_[redacted]"),
        "{exported:?}"
    );
    let sent = server.requests();
    assert!(sent.iter().any(|r| {
        r.header("authorization")
            .is_some_and(|value| value.starts_with("Basic "))
    }));
    for entry in fs::read_dir(dir.path().join("c")).expect("the catalogue").flatten() {
        let bytes = fs::read(entry.path()).expect("readable");
        for token in TOKENS {
            let found = bytes.windows(token.len()).any(|window| window == token.as_bytes());
            assert!(!found, "{token} is in {}", entry.path().display());
        }
    }
}

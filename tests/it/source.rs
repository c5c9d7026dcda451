//! Where tools come from: every shape of a saved listing, every client's configuration, what hostile files come
//! to, and that nothing is started unasked.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use mcpclass::source::document::Item;
use mcpclass::source::expand::Environment;
use mcpclass::source::file::{self, Around};
use mcpclass::source::live::Limits;
use mcpclass::source::spec::{Endpoint, HttpStyle, Secret};
use serde_json::Value;

use crate::common::{mcpclass, root, stderr, stdout};

fn scan(dir: &Path, args: &[&str]) -> Output {
    let mut command = mcpclass(dir);
    command
        .args(["scan", "--format", "json"])
        .args(args)
        .stdin(Stdio::null());
    command.output().expect("the program starts")
}

/// `name version complete tools` of every server in a report.
fn servers(output: &Output) -> Vec<String> {
    let report: Value = serde_json::from_str(&stdout(output)).unwrap_or_else(|e| panic!("{e}: {}", stderr(output)));
    let line = |server: &Value| {
        let about = &server["server"];
        let version = about["version"].as_str().unwrap_or("-");
        let complete = if about["complete"] == true { "all" } else { "part" };
        let names: Vec<&str> = server["tools"]
            .as_array()
            .expect("tools")
            .iter()
            .filter_map(|t| t["name"].as_str())
            .collect();
        format!(
            "{} {version} {complete} {}",
            about["name"].as_str().expect("a name"),
            names.join(",")
        )
    };
    report["servers"]
        .as_array()
        .expect("servers")
        .iter()
        .map(line)
        .collect()
}

#[test]
fn every_shape_of_a_saved_listing_is_recognised_by_its_content() {
    let both = "list_jars,break_jar";
    let shapes: &[(&str, &[&str])] = &[
        ("result.json", &["result - all {}"]),
        ("response.json", &["response - all {}"]),
        ("pages.json", &["pages - all {}"]),
        ("pages-cut-short.json", &["pages-cut-short - part {}"]),
        ("array.json", &["array - all {}"]),
        ("tool.json", &["tool - all break_jar"]),
        ("record.json", &["jars 1.2.0 all {}"]),
        ("records.jsonl", &["jars - all {}", "lids 2 all break_jar"]),
        ("tools.jsonl", &["jars - all {}", "lids - all break_jar"]),
        ("session.jsonl", &["jars 1.2.0 all {}"]),
        ("mcpb.json", &["Jars 1.2.0 all {}"]),
        ("mcpb-generated.json", &["Jars 1.2.0 part {}"]),
        ("mcpb-static-responses.json", &["jars 1.2.0 all {}"]),
        ("docker/shelf/tools.json", &["shelf - all {}"]),
        ("toolsdk.json", &["@example/jars - all {}"]),
        ("dialects.json", &["dialects - all {}"]),
    ];
    for (file, expected) in shapes {
        let expected: Vec<String> = expected.iter().map(|line| line.replace("{}", both)).collect();
        let folder = root().join("fixtures/manifests");
        let output = scan(&folder, &[file]);
        assert_eq!(servers(&output), expected, "{file}: {}", stderr(&output));
        // Never by extension, and not by seeking either.
        let piped = mcpclass(&folder)
            .args(["scan", "--format", "json", "-"])
            .stdin(std::fs::File::open(folder.join(file)).expect("the fixture is there"))
            .output()
            .expect("the program starts");
        assert_eq!(servers(&piped).len(), expected.len(), "{file}: {}", stderr(&piped));
    }
}

#[test]
fn a_line_that_is_broken_is_a_problem_and_not_the_end() {
    let output = scan(&root().join("fixtures/manifests"), &["tools.jsonl"]);
    let report: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let problem = &report["servers"][0]["problems"][0];
    assert_eq!(problem["message"], "line 2: column 16: it ends too early");
}

#[test]
fn what_is_read_and_what_fails_keep_out_of_each_others_way() {
    let folder = root().join("fixtures/manifests");
    let output = scan(&folder, &["tool.json", "no-such-file.json", "result.json"]);
    assert_eq!(
        servers(&output),
        ["tool - all break_jar", "result - all list_jars,break_jar"]
    );
    assert_eq!(output.status.code(), Some(4));
    assert!(
        stderr(&output).contains("no-such-file.json: there is no such file"),
        "{}",
        stderr(&output)
    );
}

/// Writes a file into a new folder and scans it.
fn scan_text(text: impl AsRef<[u8]>) -> Output {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("f"), text).expect("a file");
    scan(dir.path(), &["f"])
}

#[test]
fn an_unusable_file_is_named_with_the_place_and_the_reason() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "f: there is nothing in it"),
        (b" \n\n", "f: there is nothing in it"),
        (
            b"{\"tools\": [\n  {\"name\": \"a\" \"b\"}\n]}",
            "f:2:16: this is not JSON: expected `,` or `}`",
        ),
        (b"{\"tools\": [", "f:1:11: this is not JSON: it ends too early"),
        (
            b"{\"tools\":\n[\"\xff\"]}",
            "f:2:3: byte 0xff at offset 12 is not UTF-8",
        ),
        (b"\xff\xfe{\0}\0", "f: the text is UTF-16, not UTF-8"),
        (b"\x1f\x8b\x08\0", "f: the data is compressed with gzip"),
        (b"just some words\n", "f: this is neither JSON nor TOML nor YAML"),
        (b"[mcp_servers.a]\ncommand = x\n", "f:2:11: this is not TOML: "),
        (b"mcpServers:\n  - name: a\n b: [\n", "f:3:2: this is not YAML: "),
        (
            b"{\"name\": \"x\", \"version\": \"1\", \"scripts\": {}}",
            "f: this holds no tools: an object with \"name\"",
        ),
        (
            b"{\"schema\": \"mcpclass/1\", \"servers\": []}",
            "f: this is a result of mcpclass",
        ),
        (
            b"{\"jsonrpc\": \"2.0\", \"id\": 1, \"error\": {\"code\": -32601, \"message\": \"no\"}}",
            "f: this is a server's error -32601, not a listing: no",
        ),
        (b"17", "f: this is neither JSON nor TOML nor YAML"),
    ];
    for (text, expected) in cases {
        let output = scan_text(text);
        let message = stderr(&output);
        assert!(message.contains(expected), "{expected}\n{message}");
        assert!(message.contains("help: "), "{message}");
        assert_eq!(output.status.code(), Some(4), "{message}");
    }
}

#[test]
fn nesting_without_end_is_an_answer_and_no_crash() {
    let deep = |open: &str, close: &str| open.repeat(100_000) + "1" + &close.repeat(100_000);
    let schema = format!(
        r#"{{"tools": [{{"name": "a", "inputSchema": {}}}, {{"name": "b", "description": "Reads."}}]}}"#,
        deep(r#"{"properties":"#, "}")
    );
    let output = scan_text(schema);
    assert_eq!(servers(&output), ["f - all b"], "{}", stderr(&output));
    assert!(stdout(&output).contains("nested deeper than"));
    for text in [
        deep("[", "]"),
        "[".repeat(100_000),
        format!("mcpServers: {}", "[".repeat(100_000)),
        format!("a = {}", "[".repeat(100_000)),
        format!(
            "a: &a [x,x,x,x,x,x,x,x]\n{}",
            ('b'..'n').zip('a'..).fold(String::new(), |mut text, (next, last)| {
                let _ = writeln!(
                    text,
                    "{next}: &{next} [*{last},*{last},*{last},*{last},*{last},*{last},*{last},*{last}]"
                );
                text
            })
        ),
    ] {
        let output = scan_text(&text);
        assert_eq!(output.status.code(), Some(4), "{}…: {}", &text[..20], stderr(&output));
    }
    let output = scan_text(deep("{\"tools\":[", "]}"));
    assert_eq!(output.status.code(), Some(3), "no tool has a name: {}", stderr(&output));
}

#[test]
fn limits_end_what_is_too_large() {
    let tools = |count: usize| {
        (0..count)
            .map(|i| format!(r#"{{"name": "t{i}", "description": "x"}}"#))
            .collect::<Vec<_>>()
    };
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(
        dir.path().join("a.json"),
        format!(r#"{{"tools": [{}]}}"#, tools(12).join(",")),
    )
    .expect("a file");
    std::fs::write(dir.path().join("a.jsonl"), tools(12).join("\n")).expect("a file");
    for file in ["a.json", "a.jsonl"] {
        let output = scan(dir.path(), &["--max-tools", "11", file]);
        let message = stderr(&output);
        assert!(
            message.contains(r#"server "a" lists 12 tools, more than the limit of 11"#),
            "{message}"
        );
        assert!(message.contains("--max-tools 12"), "{message}");
        assert_eq!(servers(&scan(dir.path(), &["--max-tools", "12", file])).len(), 1);
    }
    let message = stderr(&scan(dir.path(), &["--max-bytes", "100", "a.json"]));
    assert!(
        message.contains("larger than the limit of 100 bytes") && message.contains("--max-bytes"),
        "{message}"
    );
    // Of lines, it is each line's limit.
    assert_eq!(servers(&scan(dir.path(), &["--max-bytes", "100", "a.jsonl"])).len(), 1);
}

#[test]
fn a_folder_gives_every_file_that_is_ours_in_order() {
    let dir = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    let tool = r#"[{"name": "a", "description": "Reads."}]"#;
    write("z/tools.json", tool);
    write("b.json", tool);
    write(
        "package.json",
        r#"{"name": "x", "version": "1.0.0", "description": "A package."}"#,
    );
    write("README.md", "# Read me\n\n```json\n{\"mcpServers\": {}}\n```\n");
    write("picture.png", "\u{0}\u{1}");
    write("node_modules/x/tools.json", tool);
    write("broken.json", r#"{"tools": [}"#);
    #[cfg(unix)]
    std::os::unix::fs::symlink("/", dir.path().join("link")).expect("a link");
    let output = scan(dir.path(), &["-v", "."]);
    assert_eq!(servers(&output), ["b - all a", "z - all a"]);
    let message = stderr(&output);
    assert!(message.contains("broken.json:1:12: this is not JSON"), "{message}");
    assert_eq!(message.matches("error: ").count(), 1, "{message}");
    assert!(message.contains("other files"), "{message}");
}

/// One line for each server that a configuration of `fixtures/clients` names.
fn configured(file: &str) -> Vec<String> {
    let given = [
        "WEATHER_TOKEN",
        "TICKETS_KEY",
        "SHELF_TOKEN",
        "DESK_TOKEN",
        "STREAM_KEY",
        "LOCAL_TOKEN",
        "DIARY_KEY",
    ];
    let secret = |name: &&str| ((*name).to_owned(), Secret::new(format!("<{name}>")));
    let environment = Environment::process(given.iter().map(secret).collect());
    let limits = Limits::default();
    let around = Around {
        limits: &limits,
        environment: &environment,
    };
    let path = root().join("fixtures/clients").join(file);
    let home = root().display().to_string();
    let items = file::read(&path, around);
    items.iter().map(|item| line(item).replace(&home, "~")).collect()
}

fn line(item: &Item) -> String {
    let candidate = match item {
        Item::Server(candidate) => candidate,
        Item::Skipped { name, why } => return format!("{name} left out: {why}"),
        Item::Failure(failure) => return format!("{} failed: {}", failure.source, failure.error.message()),
        Item::Manifest(_) | Item::Foreign(_) => return "no configuration".to_owned(),
    };
    let mut text = format!("{}: ", candidate.spec.name.as_deref().unwrap_or("?"));
    match &candidate.spec.endpoint {
        Endpoint::Command {
            program,
            args,
            env,
            cwd,
        } => {
            let env: BTreeMap<&str, &str> = env
                .iter()
                .map(|(name, value)| (name.as_str(), value.expose()))
                .collect();
            let words: Vec<&str> = std::iter::once(program).chain(args).map(String::as_str).collect();
            text.push_str(&words.join(" "));
            for (name, value) in env {
                let _ = write!(text, " {name}={value}");
            }
            if let Some(folder) = cwd {
                let _ = write!(text, " in {}", folder.display());
            }
        }
        Endpoint::Url { url, headers, style } => {
            text.push_str(url);
            for (name, value) in headers {
                let _ = write!(text, " {name}: {}", value.expose());
            }
            if *style == HttpStyle::Sse {
                text.push_str(" (sse)");
            }
        }
    }
    if !candidate.unset.is_empty() {
        let _ = write!(text, " unset {}", candidate.unset.join(","));
    }
    text
}

#[test]
fn every_clients_configuration_is_read_as_the_client_reads_it() {
    let clients: &[(&str, &[&str])] = &[
        (
            "claude_desktop_config.json",
            &[
                "notes: npx -y @example/notes --folder /srv/notes NOTES_TOKEN=not-a-real-token",
                "unused left out: it is disabled",
            ],
        ),
        (
            "claude-code/.claude.json",
            &[
                "weather: https://weather.example/mcp Authorization: Bearer <WEATHER_TOKEN>",
                "garden: garden-mcp --beds 12",
            ],
        ),
        (
            "claude-code/plugin/.mcp.json",
            &[
                "ledger: ~/fixtures/clients/claude-code/plugin/bin/ledger serve",
                "ledger-remote: https://ledger.example/sse (sse)",
            ],
        ),
        (
            "vscode/.vscode/mcp.json",
            &[
                "board failed: ~/fixtures/clients/vscode/.vscode/mcp.json: server \"board\": it needs the input \"board-key\", which its client asks a person for",
                "files: npx -y @example/files ~/fixtures/clients/vscode",
                "forge: https://forge.example/mcp/",
            ],
        ),
        (
            "vscode/settings.json",
            &["bell: uvx example-bell", "clock: uvx example-clock"],
        ),
        (
            "windsurf/mcp_config.json",
            &[
                "maps: https://maps.example/mcp?api_key=not-a-real-key&style=plain",
                "vault failed: ~/fixtures/clients/windsurf/mcp_config.json: server \"vault\": it takes a value from the file \"/etc/vault.key\", which mcpclass does not read for it",
            ],
        ),
        (
            "cline/cline_mcp_settings.json",
            &["radio: https://radio.example/sse", "desk: https://desk.example/mcp"],
        ),
        ("roo/mcp_settings.json", &["press: https://press.example/mcp"]),
        (
            "continue/config.yaml",
            &[
                "almanac: uvx example-almanac ALMANAC_KEY=${{ secrets.ALMANAC_KEY }} unset ALMANAC_KEY",
                "tides: https://tides.example/mcp",
            ],
        ),
        (
            "zed/settings.json",
            &[
                "atlas: atlas-mcp --stdio",
                "older: older-mcp serve MODE=quiet",
                "from-an-extension left out: its client's extension knows how to start it",
            ],
        ),
        (
            "codex/config.toml",
            &[
                "shelf: npx -y @example/shelf ${NOT_EXPANDED} SHELF_MODE=read SHELF_TOKEN=<SHELF_TOKEN>",
                "desk: https://desk.example/mcp X-Region: north Authorization: Bearer <DESK_TOKEN> unset DESK_TEAM",
                "idle left out: it is disabled",
            ],
        ),
        (
            "gemini/.gemini/settings.json",
            &[
                "stream: https://stream.example/mcp X-Key: <STREAM_KEY>",
                "local: local-mcp --token=<LOCAL_TOKEN>  in ~/fixtures/clients/gemini/./tools unset UNSET_HERE",
            ],
        ),
        (
            "goose/config.yaml",
            &[
                "developer left out: it is builtin: a part of its client",
                "diary: uvx example-diary DIARY_KEY=<DIARY_KEY> DIARY_MODE=plain",
                "cloud: https://cloud.example/mcp",
            ],
        ),
        (
            "opencode/opencode.jsonc",
            &[
                "abacus: npx -y @example/abacus KEY= unset ABACUS_KEY",
                "ocean: https://ocean.example/mcp Authorization: Bearer  unset OCEAN_KEY",
            ],
        ),
        (
            "opencode/opencode-v2.json",
            &["abacus: npx -y @example/abacus  unset ABACUS_KEY"],
        ),
        ("amp/settings.json", &["loom: npx -y @example/loom"]),
        (
            "vibe/config.toml",
            &["kite: uvx example-kite", "lantern: https://lantern.example/mcp"],
        ),
        ("warp/.mcp.json", &["orchard: orchard-mcp in /srv/orchard"]),
        ("amazonq/agent.json", &["stock: stock-mcp"]),
        (
            "copilot/mcp-config.json",
            &["quay: quay-mcp", "pier: https://pier.example/mcp"],
        ),
        ("kiro/mcp.json", &["mill: mill-mcp ${MILL_MODE} unset MILL_MODE"]),
    ];
    for (file, expected) in clients {
        assert_eq!(configured(file), *expected, "{file}");
    }
    let cursor = configured("cursor/.cursor/mcp.json");
    let start = "tickets: uvx example-tickets --root ~/fixtures/clients/cursor --api-key <TICKETS_KEY> HOME_DIR=/";
    assert!(
        cursor[0].starts_with(start) || std::env::var_os("HOME").is_none(),
        "{cursor:?}"
    );
}

#[test]
fn an_entry_that_is_broken_costs_no_other() {
    let found = configured("broken.json");
    assert_eq!(found.len(), 6);
    assert_eq!(found[0], "good: good-mcp");
    assert!(
        found[1..]
            .iter()
            .all(|line| line.contains("failed: ~/fixtures/clients/broken.json: server ")),
        "{found:#?}"
    );
}

#[test]
fn nothing_is_started_that_nobody_asked_for() {
    let dir = tempfile::tempdir().expect("a folder");
    let marker = dir.path().join("started");
    let config = serde_json::json!({"mcpServers": {
        "one": {"command": "touch", "args": [marker, "--token=hunter2hunter2"], "env": {"KEY": "hunter2"}},
        "two": {"url": "https://user:hunter2@two.example/mcp?key=hunter2"},
    }});
    std::fs::write(dir.path().join("mcp.json"), config.to_string()).expect("a file");
    for args in [&["mcp.json"][..], &["--offline", "--yes", "mcp.json"]] {
        let output = scan(dir.path(), args);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(4), "{message}");
        assert!(!marker.exists(), "it was started");
        assert!(!message.contains("hunter2"), "{message}");
        assert_eq!(
            message.matches("help: ").count(),
            if args.len() > 1 { 2 } else { 1 },
            "{message}"
        );
    }
    let message = stderr(&scan(dir.path(), &["mcp.json"]));
    assert!(
        message.contains("mcp.json: one was not started: there is no terminal to ask on"),
        "{message}"
    );
    assert!(
        message.contains("--token=[redacted]") && message.contains("https://two.example/mcp?key=[redacted]"),
        "{message}"
    );
    assert!(message.contains("--yes"), "{message}");
}

#[test]
fn clients_are_found_where_they_keep_their_configuration() {
    let home = tempfile::tempdir().expect("a folder");
    assert_eq!(scan(home.path(), &["--clients"]).status.code(), Some(3));
    let write = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    write(
        ".cursor/mcp.json",
        r#"{"mcpServers": {"shared": {"command": "shared-mcp"}, "off": {"command": "x", "disabled": true}}}"#,
    );
    write(
        ".gemini/settings.json",
        r#"{"mcpServers": {"same": {"command": "shared-mcp"}}}"#,
    );
    write(".codex/config.toml", "[mcp_servers.codex]\ncommand = \"codex-mcp\"\n");
    write(".zed/settings.json", r#"{"theme": "One Dark"}"#);
    write(
        ".continue/mcpServers/a.yaml",
        "mcpServers:\n  - name: tides\n    command: tides-mcp\n",
    );
    let output = scan(home.path(), &["--clients"]);
    let message = stderr(&output);
    for part in [
        "shared was not started",
        "codex was not started",
        "tides was not started",
        "note: off is left out: it is disabled",
    ] {
        assert!(message.contains(part), "{part}\n{message}");
    }
    assert_eq!(message.matches("error: ").count(), 3, "{message}");
}

#[test]
fn mistakes_in_the_arguments_say_the_way_out() {
    let folder = root().join("fixtures/manifests");
    let cases: &[(&[&str], &str)] = &[
        (&[], "no SERVER is named"),
        (&["-", "-"], "stdin is named twice"),
        (&["--name", "x", "tool.json", "array.json"], "--name names one server"),
        (&["--name", "x", "records.jsonl"], "--name names one server"),
        (&["ftp://host/x"], "ftp://host/x is no HTTP address"),
        (&["npm:--help"], "\"--help\" is no name of a package on npm"),
        (
            &["--header", "X: y", "tool.json"],
            "--header and --bearer-env go to HTTP servers",
        ),
        (
            &["--bearer-env", "NOT_SET_HERE", "https://h.example/mcp"],
            "--bearer-env NOT_SET_HERE: the variable is not set",
        ),
        (
            &["--env", "NOT_SET_HERE", "tool.json"],
            "--env NOT_SET_HERE: the variable is not set",
        ),
    ];
    for (args, expected) in cases {
        let output = scan(&folder, args);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
        assert!(
            message.contains(expected) && message.contains("help: "),
            "{args:?}: {message}"
        );
    }
    assert_eq!(
        servers(&scan(&folder, &["--name", "x", "tool.json"])),
        ["x - all break_jar"]
    );
}

#[test]
fn a_stream_of_records_is_read_a_record_at_a_time() {
    let record =
        |i: usize| format!("{{\"server\": \"s{i}\", \"tools\": [{{\"name\": \"t\", \"description\": \"x\"}}]}}\n");
    let text = record(1) + "nonsense\n" + &record(2) + "{\"server\": \"s3\", \"tools\": 7}\n" + &record(4);
    let environment = Environment::process(BTreeMap::new());
    let limits = Limits::default();
    let around = Around {
        limits: &limits,
        environment: &environment,
    };
    let read: Vec<String> = file::stream(text.as_bytes(), "all.jsonl", around)
        .map(|result| match result {
            Ok(manifest) => format!(
                "{} {} {}",
                manifest.server.name,
                manifest.tools.len(),
                manifest.problems.len()
            ),
            Err(failure) => failure.error.message().to_owned(),
        })
        .collect();
    assert_eq!(read, ["s1 1 1", "s2 1 1", "s4 1 0"]);
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 512, ..Default::default() })]

    #[test]
    fn nothing_that_parses_is_fatal(value in any_json()) {
        let environment = Environment::process(BTreeMap::new());
        let limits = Limits::default();
        let source = mcpclass::source::document::Source::at(Path::new("f"), "f", &limits, &environment);
        let _ = mcpclass::source::document::value(value, Vec::new(), &source);
    }

    #[test]
    fn nothing_that_does_not_parse_is_fatal(text in r#"([{}\[\]":,=#&*a-z\n -]|mcpServers|tools|name|command){0,60}"#) {
        let environment = Environment::process(BTreeMap::new());
        let limits = Limits::default();
        let source = mcpclass::source::document::Source::at(Path::new("f"), "f", &limits, &environment);
        let _ = mcpclass::source::document::read(text, &source);
    }
}

/// JSON out of the words that shapes are told by.
fn any_json() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    let word = prop::sample::select(vec![
        "tools",
        "name",
        "server",
        "servers",
        "mcpServers",
        "mcp",
        "extensions",
        "result",
        "jsonrpc",
        "error",
        "packages",
        "remotes",
        "identifier",
        "command",
        "args",
        "env",
        "url",
        "headers",
        "type",
        "function",
        "arguments",
        "inputSchema",
        "description",
        "manifest_version",
        "_meta",
        "nextCursor",
        "projects",
        "registry",
        "serverInfo",
        "stdio",
        "npm",
        "schema",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        Just(Value::from("https://${X}@h/{x}")),
    ];
    leaf.prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..6).prop_map(|pairs| Value::Object(
                pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            )),
        ]
    })
}

//! The configurations of MCP clients: each read as its client reads it, found where its client keeps it, and
//! nothing of them started unasked.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use mcpclass::source::document::Item;
use mcpclass::source::expand::Environment;
use mcpclass::source::file::{self, Around};
use mcpclass::source::live::Limits;
use mcpclass::source::spec::{Endpoint, HttpStyle, Secret};

use crate::common::{mcpclass, root, stderr};

fn scan(dir: &Path, args: &[&str]) -> Output {
    let mut command = mcpclass(dir);
    command
        .args(["scan", "--format", "json"])
        .args(args)
        .stdin(Stdio::null());
    command.output().expect("the program starts")
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

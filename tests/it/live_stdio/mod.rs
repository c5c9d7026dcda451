//! Live servers over stdio: good ones, broken ones, and ones that would like to get out. The servers are the
//! modes of `fixtures/servers/stdio.py`; without Python the tests skip.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mcpclass::error::Error;
use mcpclass::manifest::Manifest;
use mcpclass::source::live::{self, Limits, Options, Sandbox};
use mcpclass::source::spec::{Endpoint, NamedBy, Secret, Spec};

use crate::common::{root, stdout};

/// A server in one of its modes, and how it is listed.
struct Case {
    spec: Spec,
    limits: Limits,
    options: Options,
}

impl Case {
    /// `None`, with a message, where there is no Python.
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    fn new(args: &[&str]) -> Option<Self> {
        // The interpreter itself: launchers of version managers add variables of their own.
        let python = Command::new("python3")
            .args(["-c", "import sys; print(sys.executable)"])
            .output();
        let Some(python) = python.ok().filter(|output| output.status.success()) else {
            eprintln!("skipped: there is no python3");
            return None;
        };
        let script = root().join("fixtures/servers/stdio.py").display().to_string();
        let endpoint = Endpoint::Command {
            program: stdout(&python).trim().to_owned(),
            args: std::iter::once(script)
                .chain(args.iter().map(|&arg| arg.to_owned()))
                .collect(),
            env: BTreeMap::new(),
            cwd: None,
        };
        Some(Self {
            spec: Spec {
                name: None,
                endpoint,
                named_by: NamedBy::User,
            },
            limits: Limits {
                timeout: Duration::from_secs(30),
                ..Limits::default()
            },
            options: Options {
                supervisor: Some(PathBuf::from(env!("CARGO_BIN_EXE_mcpclass"))),
                ..Options::default()
            },
        })
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        if let Endpoint::Command { env, .. } = &mut self.spec.endpoint {
            env.insert(name.to_owned(), Secret::new(value));
        }
        self
    }

    fn timeout(mut self, seconds: f64) -> Self {
        self.limits.timeout = Duration::from_secs_f64(seconds);
        self
    }

    fn run(&self) -> Result<Manifest, Error> {
        tokio::runtime::Runtime::new()
            .expect("a runtime")
            .block_on(live::list(&self.spec, &self.limits, &self.options))
    }

    fn listed(&self) -> Manifest {
        self.run().unwrap_or_else(|error| panic!("{error}"))
    }

    fn failed(&self) -> String {
        let error = self.run().expect_err("the server is broken");
        assert_eq!(error.code(), 4);
        error.to_string()
    }
}

fn names(manifest: &Manifest) -> Vec<&str> {
    manifest.tools.iter().map(mcpclass::manifest::Tool::name).collect()
}

fn messages(manifest: &Manifest) -> String {
    manifest
        .problems
        .iter()
        .map(|p| format!("{}: {}\n", p.pointer, p.message))
        .collect::<Vec<_>>()
        .concat()
}

macro_rules! case {
    ($($arg:expr),+) => {
        match Case::new(&[$($arg),+]) {
            Some(case) => case,
            None => return,
        }
    };
}

// Behind the macro, which they use.
#[cfg(target_os = "linux")]
mod fence;
#[cfg(target_os = "linux")]
mod nothing_is_left;

#[test]
fn a_server_is_listed_with_all_that_it_says() {
    let manifest = case!("normal").listed();
    assert_eq!(names(&manifest), ["weather", "tide"]);
    let server = &manifest.server;
    assert_eq!(
        (server.name.as_str(), server.version.as_deref()),
        ("fixture", Some("1.2.3"))
    );
    assert_eq!(server.protocol.as_deref(), Some("2025-11-25"));
    assert_eq!(server.instructions.as_deref(), Some("Be kind."));
    assert!(server.complete);
    // Fields that no specification knows survive.
    assert_eq!(manifest.tools[0].to_map()["vendorHint"], "kept");
    assert_eq!(manifest.tools[0].to_map()["annotations"]["unknownHint"], 1);
    assert_eq!(messages(&manifest), "");
}

#[test]
fn every_page_is_read_also_behind_an_empty_cursor() {
    assert_eq!(names(&case!("paginated").listed()), ["a", "b", "c"]);
}

#[test]
fn the_other_era_and_older_versions_are_spoken() {
    let manifest = case!("modern").listed();
    assert_eq!(manifest.server.protocol.as_deref(), Some("2026-07-28"));
    assert_eq!(manifest.server.name, "modern");
    assert_eq!(names(&manifest), ["weather", "tide"]);
    let manifest = case!("older").listed();
    assert_eq!(manifest.server.protocol.as_deref(), Some("2024-11-05"));
    assert_eq!(names(&manifest), ["weather", "tide"]);
}

#[test]
fn garbage_around_messages_costs_nothing_and_is_noted() {
    let manifest = case!("garbage").listed();
    assert_eq!(names(&manifest), ["weather", "tide"]);
    let messages = messages(&manifest);
    assert!(messages.contains("Welcome to the weather!"), "{messages}");
    assert!(!messages.contains('\u{1b}'), "{messages:?}");
}

#[test]
fn messages_over_several_lines_are_read() {
    let manifest = case!("pretty").listed();
    assert_eq!(names(&manifest), ["weather", "tide"]);
    assert!(messages(&manifest).contains("several lines"));
}

#[test]
fn one_malformed_tool_costs_no_other() {
    let manifest = case!("malformed").listed();
    assert_eq!(names(&manifest), ["weather", "odd", "s", "tide"]);
    let messages = messages(&manifest);
    for pointer in ["/tools/1:", "/tools/2:", "/tools/3:", "/tools/4:"] {
        assert!(messages.contains(pointer), "{messages}");
    }
}

#[test]
fn large_and_deep_and_halved_text_is_survived() {
    let manifest = case!("long_line").listed();
    assert_eq!(
        manifest.tools[0]
            .root()
            .get("x")
            .and_then(mcpclass::tree::Node::as_str)
            .map(str::len),
        Some(20_000_000)
    );
    let manifest = case!("deep").listed();
    assert!(names(&manifest).contains(&"flat"), "{}", messages(&manifest));
    assert!(messages(&manifest).contains("nested deeper"), "{}", messages(&manifest));
    let manifest = case!("surrogate").listed();
    assert_eq!(names(&manifest), ["half"]);
}

#[test]
fn text_that_is_not_utf_8_is_named_as_such() {
    let error = case!("not_utf8").failed();
    assert!(error.contains("not UTF-8"), "{error}");
}

#[test]
fn a_server_without_tools_is_listed_as_one() {
    let manifest = case!("no_tools").listed();
    assert!(manifest.tools.is_empty() && manifest.server.complete);
    assert!(messages(&manifest).contains("no tools"));
}

#[test]
fn silence_ends_at_the_time_limit() {
    for mode in ["hang", "hang_later"] {
        let started = Instant::now();
        let error = case!(mode).timeout(1.5).failed();
        assert!(error.contains("within 1.5 s") && error.contains("--timeout"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(15));
    }
    let error = case!("hang").timeout(1.5).failed();
    assert!(
        error.contains("initialize") && error.contains("still thinking"),
        "{error}"
    );
}

#[test]
fn floods_end_at_their_limits() {
    let error = case!("flood").failed();
    assert!(error.contains("64 MiB") && error.contains("--max-bytes"), "{error}");
    let mut case = case!("endless");
    case.limits.max_pages = 7;
    let error = case.failed();
    assert!(
        error.contains("more than 7 pages") && error.contains("--max-pages"),
        "{error}"
    );
    let error = case!("many").failed();
    assert!(
        error.contains("more than 10000 tools") && error.contains("--max-tools"),
        "{error}"
    );
    let error = case!("repeated").failed();
    assert!(error.contains("never ends"), "{error}");
    // Noise on standard error is drained, or the server would wait for ever.
    assert_eq!(names(&case!("flood_stderr").listed()), ["weather", "tide"]);
}

#[test]
fn the_exit_status_and_the_last_words_are_told() {
    let error = case!("exits", "7").failed();
    assert!(
        error.contains("stopped before it listed its tools (exit status 7)"),
        "{error}"
    );
    assert!(
        error.contains("ModuleNotFoundError") && !error.contains('\u{1b}'),
        "{error:?}"
    );
    assert!(error.contains("stdio.py exits 7"), "{error}");
    let error = case!("exits", "0").failed();
    assert!(error.contains("exit status 0"), "{error}");
    let error = case!("exits_later").failed();
    assert!(error.contains("exit status 3"), "{error}");
    let error = case!("killed").failed();
    assert!(error.contains("signal 9"), "{error}");
}

#[test]
fn a_program_that_is_not_there_is_said_so() {
    let mut case = case!("normal");
    if let Endpoint::Command { program, .. } = &mut case.spec.endpoint {
        "no-such-program".clone_into(program);
    }
    let error = case.failed();
    assert!(error.contains("no program `no-such-program` on PATH"), "{error}");
}

#[test]
fn what_a_server_refuses_is_told_without_the_secret_in_it() {
    let error = case!("refuses").env("API_KEY", "key-0123456789").failed();
    assert!(error.contains("the key [redacted] is not valid"), "{error}");
}

/// What a server was given shows nowhere in its listing: not in a key, not in what it prints beside its messages, not in
/// how it calls itself. What is no secret changes nothing.
#[test]
fn a_secret_is_kept_out_of_the_whole_listing() {
    let secret = "key-0123456789";
    let case = case!("repeats")
        .env("API_KEY", secret)
        .env("MODE", "read")
        .env("KIND", "weather");
    let manifest = case.listed();
    let said = format!("{manifest:?}");
    assert!(!said.contains(secret), "{said}");
    assert!(
        said.contains("[redacted]") && messages(&manifest).contains("it is not shown"),
        "{said}"
    );
    // The names are those of the server, but where a secret is in them.
    assert_eq!(names(&manifest), ["read_weather", "x_[redacted]"]);
    assert_eq!(manifest.tools[0].description(), Some("Reads the weather."));
}

/// What was left open by whoever started the program, such as a file with a token in a CI job, stays closed to servers.
#[cfg(unix)]
#[test]
fn no_open_file_is_inherited_by_a_server() {
    let case = case!("inherited");
    let Endpoint::Command { program, args, .. } = &case.spec.endpoint else {
        return;
    };
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("token"), "secret").expect("written");
    for sandbox in ["auto", "off"] {
        let output = Command::new("sh")
            .args([
                "-c",
                "exec 7<token 9<token; exec \"$0\" \"$@\"",
                env!("CARGO_BIN_EXE_mcpclass"),
            ])
            .args(["scan", "--sandbox", sandbox, "--format", "jsonl", "--"])
            .arg(program)
            .args(args)
            .current_dir(home.path())
            .env("HOME", home.path())
            .output()
            .expect("it runs");
        let listed = stdout(&output);
        assert!(
            listed.contains("\"name\":\"none\""),
            "{}",
            crate::common::stderr(&output)
        );
        assert!(!listed.contains("\"name\":\"file_"), "{sandbox}: {listed}");
    }
}

/// Nor in any format that the program prints, nor in what it proposes to run next, nor with `--verbose`.
#[test]
fn no_format_shows_a_secret_of_a_started_server() {
    let case = case!("repeats");
    let Endpoint::Command { program, args, .. } = &case.spec.endpoint else {
        return;
    };
    let home = tempfile::tempdir().expect("a folder");
    for format in ["table", "json", "jsonl", "markdown", "sarif", "github"] {
        let output = Command::new(env!("CARGO_BIN_EXE_mcpclass"))
            .args([
                "scan",
                "-vv",
                "--env",
                "API_KEY=key-0123456789",
                "--format",
                format,
                "--",
            ])
            .arg(program)
            .args(args)
            .args(["--token", "argument-98765"])
            .current_dir(home.path())
            .env("HOME", home.path())
            .output()
            .expect("it runs");
        let said = stdout(&output) + &crate::common::stderr(&output);
        assert!(output.status.success() && said.contains("--token"), "{format}: {said}");
        for secret in ["key-0123456789", "argument-98765"] {
            assert!(!said.contains(secret), "{format}: {secret}: {said}");
        }
    }
}

#[test]
fn no_variable_of_the_user_reaches_a_server() {
    // Cargo gives this process variables of its own: none of them may arrive.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "cargo runs the tests");
    let manifest = case!("environment").env("NAMED", "configured-value").listed();
    let allowed = ["HOME", "LANG", "LC_CTYPE", "NAMED", "PATH", "TMPDIR"];
    // Nothing but Landlock keeps processes of one user from looking into each other.
    let fenced = manifest
        .server
        .sandbox
        .as_deref()
        .is_some_and(|applied| applied.starts_with("landlock"));
    for tool in &manifest.tools {
        let text = tool.description().unwrap_or_default();
        if fenced || tool.name() != "proc" {
            let name = tool.name();
            assert!(
                !text.contains("CARGO_MANIFEST_DIR="),
                "{name}: an environment was readable"
            );
        }
        let own = tool.name() == "proc" || allowed.contains(&tool.name());
        assert!(own, "{} arrived", tool.name());
    }
    let named = manifest
        .tools
        .iter()
        .find(|tool| tool.name() == "NAMED")
        .expect("it is configured");
    // It arrives, and is not repeated.
    assert_eq!(named.description(), Some("[redacted]"));
    let home = manifest
        .tools
        .iter()
        .find(|tool| tool.name() == "HOME")
        .and_then(|tool| tool.description());
    assert_ne!(home.map(PathBuf::from), std::env::home_dir());
    assert!(!Path::new(home.expect("a home")).exists(), "the temporary home is gone");
}

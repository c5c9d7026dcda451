//! The README keeps its word: the commands in it work, and print what it shows.

use std::fs;

use crate::common::{mcpclass, root, stderr, stdout};

/// The fenced blocks of the README, with the language after the fence.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some((_, body)), None) => {
                body.push_str(line);
                body.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).expect("the README")
}

/// A command line of the README as the arguments of the program; `None` where it is another program's.
fn arguments(line: &str) -> Option<Vec<String>> {
    let line = line.trim();
    let rest = line
        .strip_prefix("mcpclass ")
        .or_else(|| line.strip_prefix("cargo run --release -- "))?;
    shlex::split(rest)
}

#[test]
fn the_first_command_prints_what_is_shown() {
    let text = readme();
    let blocks = blocks(&text);
    let (command, shown) = (&blocks[0], &blocks[1]);
    assert_eq!((command.0.as_str(), shown.0.as_str()), ("console", "text"));
    let line = command.1.trim().strip_prefix("$ ").expect("a prompt");
    let args = arguments(line).expect("the program's arguments");
    let output = mcpclass(&root()).args(args).output().expect("it runs");
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output), shown.1, "the README shows another output");
}

/// What can be run offline and without writing anything runs; every option and subcommand named exists.
#[test]
fn the_commands_on_fixtures_work() {
    let text = readme();
    let mut ran = 0;
    let quoted = text
        .split('`')
        .filter(|part| part.starts_with("mcpclass ") && part.contains("fixtures/"));
    for line in quoted {
        let args = arguments(line).expect("the program's arguments");
        let writes = args.iter().any(|arg| arg == "-o" || arg == "--out");
        let dir = tempfile::tempdir().expect("a folder");
        let args: Vec<String> = args
            .into_iter()
            .map(|arg| {
                if arg.starts_with("fixtures/") {
                    root().join(arg).display().to_string()
                } else {
                    arg
                }
            })
            .collect();
        let output = mcpclass(dir.path()).args(&args).output().expect("it runs");
        assert!(output.status.success(), "{line}: {}", stderr(&output));
        let wrote = fs::read_dir(dir.path()).expect("the folder").count() > 0;
        assert_eq!(wrote, writes, "{line}");
        ran += 1;
    }
    assert!(ran >= 3, "only {ran} commands");
}

/// From nothing to a failing pull request, line by line in a shell, beside nothing but what the lines copy.
#[test]
#[cfg(unix)]
fn the_walk_through_ends_in_a_failing_check() {
    let text = readme();
    let (_, section) = text.split_once("## In CI\n").expect("the section");
    let blocks = blocks(section);
    let (commands, shown) = (&blocks[0], &blocks[1]);
    assert_eq!((commands.0.as_str(), shown.0.as_str()), ("console", "text"));
    let lines: Vec<&str> = commands.1.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
    assert_eq!(lines.len(), 5, "{lines:?}");

    let dir = tempfile::tempdir().expect("a folder");
    for name in ["fixtures", ".ci"] {
        std::os::unix::fs::symlink(root().join(name), dir.path().join(name)).expect("linked");
    }
    // What each line leaves behind for the next: its folder; what it ends with: its own status.
    let mut here = dir.path().to_owned();
    let mut run = |line: &str| {
        let output = shell(
            dir.path(),
            &format!("{line}\ncode=$?\npwd >'{}/here'\nexit $code", dir.path().display()),
            &here,
        );
        let left = fs::read_to_string(dir.path().join("here")).expect("a folder");
        here = left.trim_end().into();
        output
    };
    let (last, first) = lines.split_last().expect("five lines");
    for line in first {
        let output = run(line);
        assert!(output.status.success(), "{line}: {}", stderr(&output));
    }
    let output = run(last);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_eq!(stdout(&output), shown.1, "the README shows another output");

    let committed = shell(dir.path(), "git ls-files", &here);
    assert_eq!(
        stdout(&committed).lines().collect::<Vec<_>>(),
        [".github/workflows/mcpclass.yml", "mcpclass.lock", "tools.json"]
    );
}

/// Runs a line in a shell whose `mcpclass` is the program under test, with a `git` that knows who commits.
#[cfg(unix)]
fn shell(home: &std::path::Path, line: &str, here: &std::path::Path) -> std::process::Output {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_mcpclass"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(program.parent().expect("a folder").to_owned()).chain(std::env::split_paths(&path));
    std::process::Command::new("bash")
        .args(["-c", line])
        .current_dir(here)
        .env_clear()
        .env("PATH", std::env::join_paths(folders).expect("a search path"))
        .env("HOME", home)
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "Somebody")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "somebody@example.com")))
        .output()
        .expect("bash starts")
}

#[test]
fn the_table_of_targets_is_the_programs_own() {
    let text = readme();
    let shown = text
        .split("<!-- mcpclass policy --list --format markdown -->\n")
        .nth(1)
        .and_then(|rest| rest.split("<!-- end -->").next())
        .expect("the table");
    let output = mcpclass(&root())
        .args(["policy", "--list", "--format", "markdown"])
        .output()
        .expect("it runs");
    assert_eq!(
        shown.trim(),
        stdout(&output).trim(),
        "print it again: mcpclass policy --list --format markdown"
    );
}

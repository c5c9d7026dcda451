//! Runs the program as a user would, with a clean environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The program, started in `dir` with nothing of the caller's environment but PATH.
pub(crate) fn mcpclass(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcpclass"));
    command
        .current_dir(dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", dir);
    command
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Data for measuring that stands beside the repository and is no part of it; `None`, with a message, where it is absent.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let full = root().join("../shared").join(path);
    if full.exists() {
        return Some(full);
    }
    eprintln!("skipped: {path} is not here");
    None
}

/// Standard output as text.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("output is UTF-8")
}

/// Standard error as text.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("messages are UTF-8")
}

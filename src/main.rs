//! The program: reads the command line, runs one command, turns its outcome into an exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcpclass::cli::main()
}

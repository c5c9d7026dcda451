//! The command line: the list of commands and the options that all of them share. Each command's own
//! arguments stand with its code under [`crate::command`]; nothing is decided here.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::command;
use crate::error::{Outcome, Result};
use crate::ui;

/// Decide what an agent may do with the tools of an MCP server.
#[derive(Debug, Parser)]
#[command(name = "mcpclass", version, max_term_width = 100, propagate_version = true)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Configuration file; `mcpclass.toml` here or in a parent folder is found by itself
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Read no configuration file
    #[arg(long, global = true, conflicts_with = "config")]
    pub no_config: bool,
    /// Folder of rule files that replace embedded ones of the same name and add to the rest
    #[arg(long, global = true, value_name = "DIR")]
    pub rules: Option<PathBuf>,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// Say more on stderr; twice for details of the protocol
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Say nothing on stderr but errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
}

/// When to use colour. `NO_COLOR` and `CLICOLOR_FORCE` are respected by `auto`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

macro_rules! commands {
    ($($(#[$attribute:meta])* $variant:ident => $module:ident),+ $(,)?) => {
        /// What to do.
        #[derive(Debug, Subcommand)]
        pub enum Command {
            $($(#[$attribute])* $variant(command::$module::Args)),+
        }

        fn run(cli: Cli) -> Result<Outcome> {
            match cli.command {
                $(Command::$variant(args) => command::$module::run(&args, &cli.global)),+
            }
        }
    };
}

commands! {
    /// List a server's tools, classify them, recommend a policy
    Scan => scan,
    /// Classify a tool a line: JSONL in, an assessment a line out, in the same order
    Classify => classify,
    /// Why one tool got its label: every rule that fired, and the words it rests on
    Explain => explain,
    /// Write the recommended policy in a target's own format
    Policy => policy,
    /// Write rationale pages: one a tool, one a server
    Page => page,
    /// Classify many servers into a catalogue
    Index => index,
    /// Search the catalogue
    Search => search,
    /// Show a server or a tool of the catalogue
    Show => show,
    /// Count what the catalogue holds
    Stats => stats,
    /// Write the catalogue as JSONL, CSV or Parquet
    Export => export,
    /// Write the catalogue as a static web site
    Site => site,
    /// Pin what was reviewed
    Baseline => baseline,
    /// List the same servers again and fail on what got worse
    Check => check,
    /// Accept a finding, with a reason and a date
    Accept => accept,
    /// Measure the classifier against labelled tools
    Eval => eval,
    /// The rule book: list, show, test
    Rules => rules,
    /// Print the completion script of a shell
    Completions => completions,
    /// Print the manual page
    Man => man,
    /// Write a made-up corpus for measuring
    #[command(hide = true)]
    Generate => generate,
    /// Parse lines as JSON on all cores and do nothing with them: the measure of other figures
    #[command(hide = true)]
    Parse => parse,
}

/// The definition that help, completions and the manual page are made from.
pub fn definition() -> clap::Command {
    Cli::command()
}

/// Runs the program on the process's arguments.
pub fn main() -> ExitCode {
    // The hidden modes in which the program starts servers come before everything else.
    #[cfg(target_os = "linux")]
    if let Some(code) = crate::source::live::supervisor::entry() {
        return code;
    }
    let cli = Cli::parse();
    let choice = match cli.global.color {
        ColorChoice::Auto => anstream::ColorChoice::Auto,
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    };
    choice.write_global();
    match run(cli) {
        Ok(outcome) => outcome.into(),
        // A broken pipe: the reader had enough.
        Err(error) if error.code() == 0 => ExitCode::SUCCESS,
        Err(error) => {
            ui::error(&error);
            ExitCode::from(error.code())
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_commands_and_their_options_do_not_clash() {
        super::definition().debug_assert();
    }
}

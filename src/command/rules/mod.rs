//! `mcpclass rules`: list, show, test and fit the rule book.

pub(super) mod facts;
mod fit;
mod list;
mod show;
mod test;

use clap::Subcommand;

use crate::cli::Global;
use crate::error::{Outcome, Result};
use crate::rules::RuleBook;
use crate::rules::sources::Sources;

/// Arguments of `mcpclass rules`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Every rule, with what it says
    List(list::Args),
    /// One rule: its words, why it says what it says, its examples, its hits on a corpus
    Show(show::Args),
    /// Run every rule's examples, alone and with all other rules
    Test(test::Args),
    /// Fit the scorecard and the table of words to labelled tools
    Fit(fit::Args),
    /// Write what the table of words is fitted on: labelled tools by their words alone
    Facts(facts::Args),
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<Outcome> {
    match &args.command {
        Command::List(args) => list::run(args, &book(global)?),
        Command::Show(args) => show::run(args, book(global)?),
        Command::Test(args) => test::run(args, &sources(global)?),
        Command::Fit(args) => fit::run(args, book(global)?),
        Command::Facts(args) => facts::run(args, book(global)?),
    }
}

fn book(global: &Global) -> Result<RuleBook> {
    sources(global)?.book()
}

fn sources(global: &Global) -> Result<Sources> {
    match &global.rules {
        Some(folder) => Sources::load(folder),
        None => Sources::embedded(),
    }
}

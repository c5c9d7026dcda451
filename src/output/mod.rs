//! Output formats: one file each, a function of the assessed servers. A new format is one file and one line in
//! [`formats!`]. Formats print what they are given and decide nothing; exit statuses stand with the commands.

pub mod check;
mod compact;
pub mod explain;
pub mod finding;
pub mod github;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod markdown;
pub(crate) mod marks;
pub mod place;
pub mod sarif;
pub mod table;

use std::io::{self, Write};
use std::time::Duration;

use crate::classify::Classifier;
use crate::report::Assessed;
use finding::{Finding, RuleInfo};
use place::Places;

impl Context<'_> {
    /// What a scan finds, with places and the descriptions of the rules it names: for formats made of findings.
    fn findings(&self, servers: &[Assessed]) -> (Vec<Finding>, Vec<RuleInfo>) {
        let mut findings = finding::of_scan(servers);
        self.places.fill(&mut findings);
        (findings, finding::rules(self.classifier.book()))
    }
}

/// What a format may know beside the servers.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The rule book and the decision table that decided.
    pub classifier: &'a Classifier,
    /// How many rows a reader wants.
    pub rows: Rows,
    /// Columns to lay out for; `None` where nothing may be cut.
    pub width: Option<usize>,
    /// The arguments that name the same servers again, quoted for a shell.
    pub servers: &'a str,
    /// The files that findings may stand in; none where the format needs no places.
    pub places: &'a Places,
    /// How long it took; only where a person watches, for it differs from run to run.
    pub elapsed: Option<Duration>,
}

/// How many tools a table shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Every tool.
    All,
    /// The worst, as many as fit a screen.
    Worst,
}

macro_rules! formats {
    ($($(#[$attribute:meta])* $variant:ident => $module:ident),+ $(,)?) => {
        /// How to print the result.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
        pub enum Format {
            $($(#[$attribute])* $variant),+
        }

        impl Format {
            /// Whether it is made of findings, which stand in files.
            pub const fn has_places(self) -> bool {
                matches!(self, Self::Sarif | Self::Github)
            }

            /// Prints the servers.
            pub fn write(self, servers: &[Assessed], context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
                match self {
                    $(Self::$variant => $module::write(servers, context, out)),+
                }
            }
        }
    };
}

formats! {
    /// For people: the worst first
    #[default]
    Table => table,
    /// The `mcpclass/1` document
    Json => json,
    /// A tool a line, with its server
    Jsonl => jsonl,
    /// A report for a pull request or a wiki
    Markdown => markdown,
    /// SARIF 2.1.0, for code scanning: tools of critical risk and contradicted annotations
    Sarif => sarif,
    /// Annotations of GitHub Actions: the same findings
    Github => github,
}

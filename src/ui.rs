//! How things look on a terminal: the colour of each label, the width to lay out for, and messages on stderr.
//! Owns every style, so that a risk has the same colour everywhere; knows nothing of what is printed.

use std::io::Write as _;

use anstyle::{AnsiColor, Style};

use crate::cli::Global;
use crate::error::Error;
use crate::label::{Category, Decision, Risk};
use crate::text::escape;

/// What a reader may skip.
pub const DIM: Style = Style::new().dimmed();
/// What a reader looks for: tool and server names.
pub const STRONG: Style = Style::new().bold();
/// What a person should look at.
pub const CAUTION: Style = AnsiColor::Yellow.on_default();
/// A command to run next.
pub const COMMAND: Style = AnsiColor::Cyan.on_default();

/// Narrower than this nothing can be laid out; wider terminals than the real one do less harm.
const NARROWEST: usize = 20;

/// The colour of a risk.
pub const fn risk(risk: Risk) -> Style {
    match risk {
        Risk::Critical => AnsiColor::Red.on_default().bold(),
        Risk::Medium => AnsiColor::Yellow.on_default(),
        Risk::Low => AnsiColor::Green.on_default(),
    }
}

/// The colour of a category.
pub const fn category(category: Category) -> Style {
    match category {
        Category::Destructive => AnsiColor::Red.on_default(),
        Category::Execute => AnsiColor::Magenta.on_default(),
        Category::Write => AnsiColor::Yellow.on_default(),
        Category::Read => AnsiColor::Green.on_default(),
    }
}

/// The colour of a decision.
pub const fn decision(decision: Decision) -> Style {
    match decision {
        Decision::Hide | Decision::Deny => AnsiColor::Red.on_default(),
        Decision::Ask => AnsiColor::Magenta.on_default(),
        Decision::Limit => AnsiColor::Yellow.on_default(),
        Decision::Allow => AnsiColor::Green.on_default(),
    }
}

/// Columns to lay out for: `COLUMNS` where it is set, else the terminal's width; `None` where standard output
/// is no terminal, so that nothing is cut from what another program reads.
pub fn width() -> Option<usize> {
    let asked = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let terminal = || terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
    asked
        .filter(|&columns: &usize| columns > 0)
        .or_else(terminal)
        .map(|columns| columns.max(NARROWEST))
}

/// Prints an error on stderr, whatever `--quiet` says.
pub fn error(error: &Error) {
    let style = AnsiColor::Red.on_default().bold();
    say(style, "error", &error.to_string());
}

/// Prints why one source of several could not be read, whatever `--quiet` says.
pub fn failure(source: &str, error: &Error) {
    let text = error.to_string();
    if text.contains(source) {
        self::error(error);
    } else {
        self::error(&error.clone().fact("source", source));
    }
}

/// Prints a result on standard output, with its styles where the terminal takes them.
pub fn print(result: &[u8]) -> std::io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(result)?;
    out.flush()
}

/// The result without its styles, for a file.
pub fn plain(result: Vec<u8>) -> Vec<u8> {
    if result.contains(&0x1b) {
        anstream::adapter::strip_bytes(&result).into_vec()
    } else {
        result
    }
}

/// Prints a warning on stderr, unless `--quiet`.
pub fn warn(global: &Global, text: &str) {
    if !global.quiet {
        say(AnsiColor::Yellow.on_default().bold(), "warning", text);
    }
}

/// Prints a remark on stderr, unless `--quiet`.
pub fn note(global: &Global, text: &str) {
    if !global.quiet {
        say(AnsiColor::Cyan.on_default(), "note", text);
    }
}

/// Nothing can be done about a closed stderr, so failures to write are ignored.
fn say(style: Style, label: &str, text: &str) {
    let _ = writeln!(anstream::stderr(), "{style}{label}{style:#}: {}", escape::lines(text));
}

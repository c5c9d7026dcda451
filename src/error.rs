//! Errors as people read them: what happened, the facts, and the way out; and the exit status of every end.
//! Stages have error types of their own; they become an [`Error`] where a command meets them.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

/// How a command ended when nothing stopped it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, no gate tripped.
    Done,
    /// A gate tripped: `--fail-on`, `check`, an evaluation under its threshold.
    GateTripped,
    /// There was nothing to classify.
    Nothing,
    /// Some sources failed; the results of the rest are printed.
    Partial,
}

impl Outcome {
    /// The exit status of the contract.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::GateTripped => 1,
            Self::Nothing => 3,
            Self::Partial => 4,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome.code())
    }
}

/// An error for a person: a first line, labelled facts, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    message: String,
    facts: Vec<(&'static str, String)>,
    help: Vec<String>,
    code: u8,
    retry_after: Option<Duration>,
}

/// A result whose error is for a person.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A usage, configuration or internal error (exit status 2), in lower case and without a full stop.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            facts: Vec::new(),
            help: Vec::new(),
            code: 2,
            retry_after: None,
        }
    }

    /// Nothing could be read at all (exit status 4), for example because the only server failed.
    pub fn partial(message: impl Into<String>) -> Self {
        Self {
            code: Outcome::Partial.code(),
            ..Self::new(message)
        }
    }

    /// There was nothing to classify (exit status 3).
    pub fn nothing(message: impl Into<String>) -> Self {
        Self {
            code: Outcome::Nothing.code(),
            ..Self::new(message)
        }
    }

    /// Adds a labelled fact, for example the command that was run.
    #[must_use]
    pub fn fact(mut self, label: &'static str, text: impl Into<String>) -> Self {
        self.facts.push((label, text.into()));
        self
    }

    /// Adds a way out.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Says when the same attempt may go better: a busy server named the time.
    #[must_use]
    pub const fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// How long to wait before another attempt, where the other side said so.
    pub const fn wait(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The same error with these texts taken out of all that it says: a server's last words may quote its secrets.
    #[must_use]
    pub fn without(mut self, secrets: &[&str]) -> Self {
        let texts = std::iter::once(&mut self.message)
            .chain(self.facts.iter_mut().map(|(_, text)| text))
            .chain(self.help.iter_mut());
        for text in texts {
            for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
                if text.contains(secret) {
                    *text = text.replace(secret, "[redacted]");
                }
            }
        }
        self
    }

    /// The first line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The exit status.
    pub const fn code(&self) -> u8 {
        self.code
    }

    /// An I/O error about a path.
    pub fn io(what: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(format!("{what} {}: {}", path.display(), plain(error)))
    }
}

/// The reason of an I/O error without its number.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_lowercase(),
        None => text,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for (label, text) in &self.facts {
            write!(f, "\n  {label}: {}", text.replace('\n', "\n    "))?;
        }
        for text in &self.help {
            write!(f, "\n  help: {}", text.replace('\n', "\n    "))?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        // A reader that went away is not an error of anybody's: see `cli::main`.
        let code = if error.kind() == std::io::ErrorKind::BrokenPipe {
            0
        } else {
            2
        };
        Self {
            code,
            ..Self::new(format!("cannot write the result: {}", plain(&error)))
        }
    }
}

//! What a person named as SERVER, before anything is read: told apart by its form alone, and written down so that
//! a lock file can name the same servers again.

use serde::{Deserialize, Serialize};

use super::redact;
use crate::error::{Error, Result};

/// One thing that was named.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Named {
    /// Standard input.
    Stdin,
    /// A file or a folder.
    Path(String),
    /// A URL.
    Url(String),
    /// `npm:NAME` or `pypi:NAME`.
    Package(String),
    /// A command that speaks MCP over its standard streams.
    Command(Vec<String>),
    /// Every server configured on this machine.
    Clients,
}

impl Named {
    /// What a SERVER argument names.
    pub fn from_argument(argument: &str) -> Result<Self> {
        if argument.is_empty() {
            return Err(Error::new("a SERVER is empty")
                .help("name a file, a folder, a URL, npm:NAME, pypi:NAME, or - for stdin"));
        }
        let scheme = argument
            .split_once("://")
            .map(|(scheme, _)| scheme.to_ascii_lowercase());
        Ok(match scheme.as_deref() {
            _ if argument == "-" => Self::Stdin,
            Some("http" | "https") => Self::Url(argument.to_owned()),
            Some("file") => Self::Path(argument[7..].to_owned()),
            Some(other) if other.chars().all(|c| c.is_ascii_alphanumeric() || c == '+') => {
                return Err(Error::new(format!("{} is no HTTP address", redact::url(argument)))
                    .help("MCP servers answer at http:// or https://"));
            }
            _ if argument.starts_with("npm:") || argument.starts_with("pypi:") => Self::Package(argument.to_owned()),
            _ => Self::Path(argument.to_owned()),
        })
    }

    /// The same without secrets, for a file that others read.
    #[must_use]
    pub fn redacted(&self) -> Self {
        match self {
            Self::Url(url) => Self::Url(redact::url(url)),
            Self::Command(words) => Self::Command(match words.split_first() {
                Some((program, args)) => std::iter::once(program.clone())
                    .chain(redact::arguments(args))
                    .collect(),
                None => Vec::new(),
            }),
            other => other.clone(),
        }
    }

    /// Whether secrets were taken out of it, so that it can be shown and not used.
    pub fn is_redacted(&self) -> bool {
        match self {
            Self::Url(text) => text.contains(redact::HIDDEN),
            Self::Command(words) => words.iter().any(|word| word.contains(redact::HIDDEN)),
            _ => false,
        }
    }
}

impl std::fmt::Display for Named {
    /// As a person would type it again, without secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stdin => f.write_str("-"),
            Self::Path(text) | Self::Package(text) => f.write_str(&crate::text::escape::one_line(text)),
            Self::Url(url) => f.write_str(&redact::url(url)),
            Self::Command(words) => match words.split_first() {
                Some((program, args)) => write!(f, "-- {}", redact::command_line(program, args)),
                None => f.write_str("--"),
            },
            Self::Clients => f.write_str("--clients"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_told_apart_by_their_form() {
        let named = |argument: &str| Named::from_argument(argument).expect("it names something");
        assert_eq!(named("-"), Named::Stdin);
        assert_eq!(named("https://h/mcp"), Named::Url("https://h/mcp".to_owned()));
        assert_eq!(named("npm:a"), Named::Package("npm:a".to_owned()));
        assert_eq!(named("npm"), Named::Path("npm".to_owned()));
        assert_eq!(named("file:///t.json"), Named::Path("/t.json".to_owned()));
        assert!(Named::from_argument("ftp://h/x").is_err());
        assert!(Named::from_argument("").is_err());
    }

    #[test]
    fn a_lock_holds_no_secret_and_can_be_read_again() {
        let named = Named::Command(["npx", "x", "--token", "abc"].map(str::to_owned).to_vec());
        let text = serde_json::to_string(&named.redacted()).expect("it serialises");
        assert_eq!(text, r#"{"command":["npx","x","--token","[redacted]"]}"#);
        let again: Named = serde_json::from_str(&text).expect("it is read again");
        assert!(again.is_redacted() && !named.is_redacted());
    }
}

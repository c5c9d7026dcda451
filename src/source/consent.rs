//! Asks before anything is started or contacted that the user did not name: what a configuration file, a registry's
//! record or a lock file names is somebody else's wish. Shows what would run; asks once; no terminal
//! and no `--yes` means no.

use std::io::{IsTerminal as _, Write as _};

use super::candidate::Candidate;
use super::spec::{Endpoint, NamedBy};
use crate::error::{Error, Result};
use crate::text::escape::one_line;

/// Whether servers that the user did not name may be started and contacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// They may.
    Given,
    /// The user was asked and said no.
    Refused,
    /// There was nobody to ask.
    NotAsked,
}

impl Consent {
    /// What becomes of a server without consent.
    pub fn refusal(self, candidate: &Candidate) -> Error {
        let verb = verb(&candidate.spec.endpoint);
        let why = match self {
            Self::Refused => "",
            _ => ": there is no terminal to ask on",
        };
        let (place, label) = (named_by(&candidate.spec.named_by), one_line(candidate.label()));
        Error::partial(format!("{place}: {label} was not {verb}{why}"))
            .fact(noun(&candidate.spec.endpoint), candidate.shown.clone())
    }
}

/// Lists the servers and asks once, where that is needed and possible.
pub fn ask(candidates: &[&Candidate], yes: bool, stdin_is_taken: bool) -> Result<Consent> {
    if yes || candidates.is_empty() {
        return Ok(Consent::Given);
    }
    if stdin_is_taken || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(Consent::NotAsked);
    }
    let mut screen = anstream::stderr();
    write!(screen, "{}\nStart and contact them? [y/N] ", list(candidates))?;
    screen.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Consent::Given,
        _ => Consent::Refused,
    })
}

/// What would be started and contacted, a server a paragraph.
pub fn list(candidates: &[&Candidate]) -> String {
    let count = candidates.len();
    let mut text = match count {
        1 => "1 server that you did not name yourself:\n".to_owned(),
        _ => format!("{count} servers that you did not name yourself:\n"),
    };
    for candidate in candidates {
        let lines = [
            format!(
                "\n  {}",
                one_line(candidate.spec.name.as_deref().unwrap_or("a server without a name"))
            ),
            format!("    {:<9} {}", noun(&candidate.spec.endpoint), candidate.shown),
            format!("    {:<9} {}", "named by", named_by(&candidate.spec.named_by)),
        ];
        text.push_str(&lines.join("\n"));
        text.push('\n');
        if let Endpoint::Command { cwd: Some(folder), .. } = &candidate.spec.endpoint {
            text.push_str(&fact("in", &folder.display().to_string()));
        }
        if !candidate.read.is_empty() {
            text.push_str(&fact(
                "gets",
                &format!("{} from your environment", candidate.read.join(", ")),
            ));
        }
    }
    text
}

fn fact(label: &str, value: &str) -> String {
    format!("    {label:<9} {}\n", one_line(value))
}

fn named_by(named_by: &NamedBy) -> String {
    match named_by {
        NamedBy::User => "you".to_owned(),
        NamedBy::Config(path) => one_line(&path.display().to_string()).into_owned(),
        NamedBy::Registry(name) => one_line(name).into_owned(),
    }
}

const fn noun(endpoint: &Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Command { .. } => "command",
        Endpoint::Url { .. } => "url",
    }
}

const fn verb(endpoint: &Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Command { .. } => "started",
        Endpoint::Url { .. } => "contacted",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::*;
    use crate::source::spec::Secret;

    fn candidate() -> Candidate {
        let endpoint = Endpoint::Command {
            program: "npx".to_owned(),
            args: vec!["x\u{1b}[2J".to_owned(), "--token=abc".to_owned()],
            env: BTreeMap::from([("TOKEN".to_owned(), Secret::new("abcdef"))]),
            cwd: None,
        };
        let mut candidate = Candidate::new(
            Some("a\nb".to_owned()),
            endpoint,
            NamedBy::Config(PathBuf::from("c.json")),
        );
        candidate.read = vec!["TOKEN".to_owned()];
        candidate
    }

    #[test]
    fn the_list_shows_what_runs_and_no_secret() {
        let candidate = candidate();
        let text = list(&[&candidate]);
        assert!(
            text.contains(r"command   npx 'x\u{1b}[2J' --token=[redacted]"),
            "{text}"
        );
        assert!(
            text.contains("a\\nb\n") && text.contains("gets      TOKEN from your environment"),
            "{text}"
        );
        assert!(!text.contains("abc") && !text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn nobody_to_ask_means_no() {
        let candidate = candidate();
        assert_eq!(ask(&[&candidate], false, true).expect("an answer"), Consent::NotAsked);
        assert_eq!(ask(&[&candidate], true, true).expect("an answer"), Consent::Given);
        let refusal = Consent::NotAsked.refusal(&candidate).to_string();
        assert!(
            refusal.starts_with("c.json: a\\nb was not started: there is no terminal"),
            "{refusal}"
        );
    }
}

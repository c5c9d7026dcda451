//! The arguments that name the same servers again, for the commands that an output proposes. Taken from what the
//! user typed, without the options that belong to one command alone and without values that may be secret.

use std::ffi::OsString;

use crate::source::redact;
use crate::text::escape::is_hidden;

/// Options that the proposed commands do not take: long name, short name, whether a value follows.
const OWN: [(&str, &str, bool); 6] = [
    ("--format", "", true),
    ("--output", "-o", true),
    ("--fail-on", "", true),
    ("--policy", "", true),
    ("--color", "", true),
    ("--all", "", false),
];

/// The words after the command's name and its first `skip` positional arguments, quoted for a shell.
pub fn servers(command: &str, skip: usize) -> String {
    quote(words(std::env::args_os().skip(1), command, skip))
}

fn words(typed: impl Iterator<Item = OsString>, command: &str, mut skip: usize) -> Vec<String> {
    let mut typed = typed.map(|word| word.to_string_lossy().into_owned());
    let mut kept = Vec::new();
    let mut seen_command = false;
    while let Some(word) = typed.next() {
        if word == "--" {
            kept.push(word);
            kept.extend(typed.next());
            kept.extend(redact::arguments(&typed.collect::<Vec<_>>()));
            break;
        }
        if !seen_command && word == command {
            seen_command = true;
        } else if let Some(&(_, _, takes_value)) = OWN.iter().find(|(long, short, _)| is(&word, long, short)) {
            if takes_value && !word.contains('=') && (word.starts_with("--") || word.len() == 2) {
                typed.next();
            }
        } else if let Some((option, value)) = secret(&word, &mut typed) {
            kept.extend([option, value]);
        } else if seen_command && skip > 0 && !word.starts_with('-') {
            skip -= 1;
        } else {
            kept.push(public_url(&word));
        }
    }
    kept
}

fn is(word: &str, long: &str, short: &str) -> bool {
    let name = word.split('=').next().unwrap_or(word);
    name == long || (!short.is_empty() && word.starts_with(short) && !word.starts_with("--"))
}

/// A header or an environment variable with its value left out.
fn secret(word: &str, rest: &mut impl Iterator<Item = String>) -> Option<(String, String)> {
    let (option, given) = match word.split_once('=') {
        Some((option, value)) => (option, Some(value.to_owned())),
        None => (word, None),
    };
    let separator = match option {
        "--header" => ':',
        "--env" => '=',
        _ => return None,
    };
    let value = given.or_else(|| rest.next())?;
    let shown = match value.split_once(separator) {
        Some((name, _)) if separator == ':' => format!("{name}: …"),
        Some((name, _)) => name.to_owned(),
        None => value,
    };
    Some((option.to_owned(), shown))
}

/// A URL without what may be secret in it, and without its query, which may hold a key of any name.
fn public_url(word: &str) -> String {
    let scheme = word.split_once("://").map_or("", |(scheme, _)| scheme);
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return word.to_owned();
    }
    let shown = redact::url(word);
    match shown.split_once('?') {
        Some((address, _)) => format!("{address}?…"),
        None => shown,
    }
}

fn quote(words: Vec<String>) -> String {
    let quoted = words.into_iter().map(|word| {
        // The names of files are not always the user's own.
        let plain = word.replace(|c: char| c.is_control() || is_hidden(c), "");
        shlex::try_quote(&plain)
            .map(std::borrow::Cow::into_owned)
            .unwrap_or_default()
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(line: &str, command: &str, skip: usize) -> String {
        let typed = shlex::split(line).expect("quoted well");
        quote(words(typed.into_iter().map(OsString::from), command, skip))
    }

    #[test]
    fn servers_stay_and_what_belongs_to_scan_goes() {
        assert_eq!(
            again(
                "scan --all --format table -o x.txt tools.json --timeout 5 'my file.json'",
                "scan",
                0
            ),
            "tools.json --timeout 5 'my file.json'"
        );
        assert_eq!(
            again("-q scan --fail-on=critical -ox --name n -- npx -y srv --all", "scan", 0),
            "-q --name n -- npx -y srv --all"
        );
        assert_eq!(again("explain scan tools.json", "explain", 1), "tools.json");
    }

    #[test]
    fn secrets_go() {
        assert_eq!(
            again(
                "scan --header 'Authorization: Bearer x' --env TOKEN=x https://u:p@h.example/mcp?key=x",
                "scan",
                0
            ),
            "--header 'Authorization: …' --env TOKEN 'https://h.example/mcp?…'"
        );
        assert_eq!(
            again("scan HTTPS://u:p@h.example/s/4f9a8b7c6d5e4f3a2b1c0d9e/mcp", "scan", 0),
            "'HTTPS://h.example/s/[redacted]/mcp'"
        );
        assert_eq!(
            again(
                "scan -- npx srv --token abc --api-key=abc https://h/?api_key=abc",
                "scan",
                0
            ),
            "-- npx srv --token '[redacted]' '--api-key=[redacted]' 'https://h/?api_key=[redacted]'"
        );
        assert_eq!(again("scan a\u{202e}.json", "scan", 0), "a.json");
    }
}

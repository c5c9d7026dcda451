//! The arguments that name the same servers again, for the commands that an output proposes. Taken from what the
//! user typed, without the options that belong to one command alone and without values that may be secret.

use std::ffi::OsString;

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
            kept.extend(typed);
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

/// A URL without user information and query, which may hold a key.
fn public_url(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://").filter(|(s, _)| matches!(*s, "http" | "https")) else {
        return word.to_owned();
    };
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let host = authority.rsplit('@').next().unwrap_or(authority);
    match path.split_once('?') {
        Some((path, _)) => format!("{scheme}://{host}{path}?…"),
        None => format!("{scheme}://{host}{path}"),
    }
}

fn quote(words: Vec<String>) -> String {
    let quoted = words.into_iter().map(|word| {
        let plain = word.replace(char::is_control, "");
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
    }
}

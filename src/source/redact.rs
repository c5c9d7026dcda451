//! What may be shown of a command line or a URL: secrets in either are replaced before they reach a screen, a report or
//! a lock file. Guesses on the careful side. Pure.

use serde_json::Value;

use crate::text::escape::one_line;

/// What stands where a secret stood.
pub const HIDDEN: &str = "[redacted]";

/// Words in the name of an option, a variable or a parameter that say that its value is a secret.
const SECRET_WORDS: [&str; 14] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "apikey",
    "api_key",
    "accesskey",
    "access_key",
    "privatekey",
    "credential",
    "bearer",
    "authorization",
    "signature",
];

/// Whole words that say so only when they stand alone or at the end, as in `--key` and `OPENAI_KEY`.
const SECRET_ENDS: [&str; 6] = ["key", "auth", "pat", "sig", "pwd", "pass"];

/// How well-known tokens begin.
const TOKEN_STARTS: [&str; 14] = [
    "sk-",
    "sk_",
    "pk_live",
    "rk_live",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "eyJ",
    "AIza",
];

/// A command line as a shell would take it, on one line, without its secrets.
pub fn command_line(program: &str, args: &[String]) -> String {
    let mut shown = vec![quote(program)];
    shown.extend(arguments(args).iter().map(|arg| quote(arg)));
    shown.join(" ")
}

/// The arguments without their secrets, one for one.
pub fn arguments(args: &[String]) -> Vec<String> {
    shown_words(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

fn shown_words(args: &[&str]) -> Vec<String> {
    let mut value_is_secret = false;
    let redacted = args.iter().map(|&arg| {
        if std::mem::take(&mut value_is_secret) && !arg.starts_with('-') {
            return HIDDEN.to_owned();
        }
        value_is_secret = arg.starts_with('-') && !arg.contains('=') && takes_secret(arg);
        argument(arg)
    });
    redacted.collect()
}

/// A URL without user information and without secrets in its path or query, on one line.
pub fn url(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return one_line(text).into_owned();
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let (address, query) = match rest.split_once('?') {
        Some((address, query)) => (address, Some(query)),
        None => (rest, None),
    };
    let (host, path) = match address.find('/') {
        Some(slash) => address.split_at(slash),
        None => (address, ""),
    };
    let host = host.rsplit('@').next().unwrap_or_default();
    let path: Vec<&str> = path
        .split('/')
        .map(|step| if is_token(step) { HIDDEN } else { step })
        .collect();
    let mut shown = format!("{scheme}://{host}{}", path.join("/"));
    if let Some(query) = query {
        let pairs: Vec<String> = query.split('&').map(pair).collect();
        shown.push('?');
        shown.push_str(&pairs.join("&"));
    }
    one_line(&shown).into_owned()
}

/// Whether the value of an option, a variable or a header of this name is a secret.
pub fn names_secret(name: &str) -> bool {
    let name = name.trim_start_matches('-').to_ascii_lowercase().replace('-', "_");
    SECRET_WORDS.iter().any(|word| name.contains(word))
        || name
            .split(['_', '.'])
            .next_back()
            .is_some_and(|end| SECRET_ENDS.contains(&end))
}

/// Whether an option's next argument is a secret; headers are options whose values usually are.
fn takes_secret(option: &str) -> bool {
    names_secret(option) || matches!(option, "-H" | "--header" | "--headers")
}

/// The values that [`arguments`] hides, so that nobody else repeats them.
pub fn hidden_arguments(args: &[String]) -> Vec<&str> {
    hidden_words(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

fn hidden_words<'a>(args: &[&'a str]) -> Vec<&'a str> {
    let mut hidden = Vec::new();
    for (&arg, shown) in args.iter().zip(shown_words(args)) {
        let value = match (arg.split_once('='), arg.split_once(": ")) {
            _ if shown == arg => continue,
            _ if arg.contains("://") => {
                hidden.extend(hidden_in_url(arg));
                continue;
            }
            (Some((_, value)), _) | (None, Some((_, value))) => value,
            (None, None) => arg,
        };
        hidden.push(value);
        // The token without its scheme, as in `Bearer TOKEN`.
        hidden.extend(value.split_once(' ').map(|(_, token)| token));
    }
    hidden
}

/// The secrets of a URL: its password, and what [`url`] hides of its path and query.
pub fn hidden_in_url(text: &str) -> Vec<&str> {
    let Some((_, rest)) = text.split_once("://") else {
        return Vec::new();
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let user = host.rsplit_once('@').map_or("", |(user, _)| user);
    let password = user.split_once(':').map(|(_, password)| password);
    let steps = path.split('/').filter(|step| is_token(step));
    let pairs = query.split('&').filter_map(|pair| match pair.split_once('=') {
        Some((name, value)) if names_secret(name) || is_token(value) => Some(value),
        None if is_token(pair) => Some(pair),
        _ => None,
    });
    password
        .into_iter()
        .chain(steps)
        .chain(pairs)
        .filter(|value| !value.is_empty())
        .collect()
}

/// Fields of configurations all of whose values are secrets, whatever they are called.
const SECRET_FIELDS: [&str; 5] = ["env", "environment", "headers", "http_headers", "requestInit"];

/// The secrets of a configuration: variables, headers, and what names or looks say of the rest.
pub fn hidden_in_config(value: &Value) -> Vec<&str> {
    let mut hidden = Vec::new();
    let mut open = vec![(value, false)];
    while let Some((value, secret)) = open.pop() {
        match value {
            Value::String(text) if secret || is_token(text) => hidden.push(&**text),
            Value::String(text) => hidden.extend(hidden_in_url(text)),
            Value::Array(items) => {
                open.extend(items.iter().map(|item| (item, secret)));
                let words: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                hidden.extend(hidden_words(&words));
            }
            Value::Object(fields) => open.extend(fields.iter().map(|(name, value)| {
                let named = SECRET_FIELDS.contains(&&**name) || names_secret(name);
                (value, secret || named)
            })),
            _ => {}
        }
    }
    hidden.retain(|text| !text.is_empty());
    hidden
}

/// A shorter text is part of too many others to be looked for.
pub const SHORTEST: usize = 6;

/// A line of a configuration without these secrets: as a value in quotation marks whatever its length, else where it is
/// long enough not to be part of something else.
pub fn config_line(text: &str, secrets: &[&str]) -> String {
    let mut shown = text.to_owned();
    for secret in secrets {
        // As JSON and TOML spell it.
        let quoted = Value::from(*secret).to_string();
        let spelt = &quoted[1..quoted.len() - 1];
        for (found, put) in [
            (quoted.clone(), format!("\"{HIDDEN}\"")),
            (format!("'{secret}'"), format!("'{HIDDEN}'")),
        ] {
            shown = shown.replace(&found, &put);
        }
        for found in [spelt, secret] {
            if found.len() >= SHORTEST {
                shown = shown.replace(found, HIDDEN);
            }
        }
    }
    shown
}

fn argument(arg: &str) -> String {
    if arg.contains("://") {
        return match arg.split_once('=') {
            Some((name, value)) if value.contains("://") && !name.contains("://") => format!("{name}={}", url(value)),
            _ => url(arg),
        };
    }
    if let Some((name, value)) = arg.split_once('=')
        && (takes_secret(name) || is_token(value))
    {
        return format!("{name}={HIDDEN}");
    }
    if let Some((name, _)) = arg.split_once(": ")
        && names_secret(name)
    {
        return format!("{name}: {HIDDEN}");
    }
    if is_token(arg) {
        HIDDEN.to_owned()
    } else {
        arg.to_owned()
    }
}

fn pair(text: &str) -> String {
    match text.split_once('=') {
        Some((name, value)) if !value.is_empty() && (names_secret(name) || is_token(value)) => {
            format!("{name}={HIDDEN}")
        }
        None if is_token(text) => HIDDEN.to_owned(),
        _ => text.to_owned(),
    }
}

/// Whether text looks like a token: a known beginning, or long and made of letters and digits without words.
pub fn is_token(text: &str) -> bool {
    if TOKEN_STARTS
        .iter()
        .any(|start| text.starts_with(start) && text.len() >= start.len() + 8)
    {
        return true;
    }
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'=' | b'+'));
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    plain && text.len() >= 24 && digits >= 4 && letters >= 4
}

/// Quotes for a shell where it must.
fn quote(text: &str) -> String {
    let safe = one_line(text);
    let plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,[]~".contains(c);
    if !safe.is_empty() && safe.chars().all(plain) {
        return safe.into_owned();
    }
    format!("'{}'", safe.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(args: &[&str]) -> String {
        command_line("npx", &args.iter().map(|&a| a.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn arguments_that_look_like_secrets_are_hidden() {
        assert_eq!(
            line(&["-y", "@scope/server", "--api-key", "abc"]),
            "npx -y @scope/server --api-key [redacted]"
        );
        assert_eq!(
            line(&["--token=abc", "TOKEN=x"]),
            "npx --token=[redacted] TOKEN=[redacted]"
        );
        assert_eq!(
            line(&["--header", "Authorization: Bearer x"]),
            "npx --header [redacted]"
        );
        assert_eq!(line(&["ghp_0123456789abcdef"]), "npx [redacted]");
        assert_eq!(line(&["a b", "it's", "\u{1b}[2J"]), r"npx 'a b' 'it'\''s' '\u{1b}[2J'");
        assert_eq!(
            line(&["-e", "https://u:p@h/x?api_key=1&a=2"]),
            "npx -e 'https://h/x?api_key=[redacted]&a=2'"
        );
        assert_eq!(
            line(&["--directory", "/home/someone/project1234/tools"]),
            "npx --directory /home/someone/project1234/tools"
        );
    }

    #[test]
    fn a_configuration_is_shown_without_its_secrets() {
        let config = serde_json::json!({"mcpServers": {
            "a": {"command": "npx", "args": ["srv", "--token", "tok-1"], "env": {"LEVEL": "info", "K": "a\"b"}},
            "b": {"url": "https://u:pa55word@h/?api_key=q-1", "headers": {"X": "h-1"}, "apiKey": "k-1"},
        }});
        let mut hidden = hidden_in_config(&config);
        hidden.sort_unstable();
        assert_eq!(hidden, ["a\"b", "h-1", "info", "k-1", "pa55word", "q-1", "tok-1"]);
        assert_eq!(
            config_line(r#"  "K": "a\"b", "command": "npx""#, &hidden),
            r#"  "K": "[redacted]", "command": "npx""#
        );
        assert_eq!(
            config_line("LEVEL = 'info' # information", &hidden),
            "LEVEL = '[redacted]' # information"
        );
        assert_eq!(
            config_line("url: https://u:pa55word@h/", &hidden),
            "url: https://u:[redacted]@h/"
        );
    }

    #[test]
    fn urls_lose_what_is_secret_and_keep_what_tells_them_apart() {
        assert_eq!(url("https://user:pass@host.example/mcp#x"), "https://host.example/mcp");
        assert_eq!(
            url("https://h/s/4f9a8b7c6d5e4f3a2b1c0d9e/mcp?org=a"),
            "https://h/s/[redacted]/mcp?org=a"
        );
        assert_eq!(
            url("https://h/mcp?access_token=a&page=2"),
            "https://h/mcp?access_token=[redacted]&page=2"
        );
    }
}

//! Keeps the secrets that a server was given out of what it says back: its errors, its last words, and the
//! definitions of its tools.

use serde_json::{Map, Value};

use crate::source::redact::{self, HIDDEN};
use crate::source::spec::{Endpoint, Spec};

/// Shorter values, such as `1` or `info`, are no secrets and would be found everywhere.
const SHORTEST: usize = 8;
/// Where a name says that its value is a secret, and the value is no plain word, it may be shorter.
const SHORTEST_NAMED: usize = 6;
/// A word of at most this many letters, such as `readonly` or `filesystem`, is what definitions are made of.
const LONGEST_WORD: usize = 12;

/// Keys under which a tool's definition holds names, by which it is called and judged, instead of prose.
const NAMES: [&str; 8] = ["name", "required", "enum", "const", "type", "format", "$ref", "$schema"];

/// How far a value that a server was given is kept out of what it says. To hide is to alter: a name with a hole in
/// it calls no tool, and a description with a hole in it may be judged as milder. So what is no secret by all
/// that is known stays where a definition needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// Out of errors and last words alone: a common word.
    Errors,
    /// Out of prose, too: what might be private, and might as well be part of an honest name.
    Prose,
    /// Out of everything, names and keys included: a secret, or what no honest name contains.
    Names,
}

/// A value that is kept back.
struct Secret {
    text: String,
    reach: Reach,
}

/// Values that are shown to nobody.
#[derive(Default)]
pub(super) struct Secrets(Vec<Secret>);

impl Secrets {
    /// Every secret of a spec: environment and header values, the token in an `Authorization`, what is hidden of its
    /// arguments and of its URL, and passwords within addresses.
    pub(super) fn of(spec: &Spec) -> Self {
        let mut secrets = Self::default();
        match &spec.endpoint {
            Endpoint::Command { args, env, .. } => {
                for (name, value) in env {
                    secrets.given(value.expose(), redact::names_secret(name));
                }
                for value in redact::hidden_arguments(args) {
                    secrets.given(value, true);
                }
            }
            Endpoint::Url { url, headers, .. } => {
                for (name, value) in headers {
                    let value = value.expose();
                    let named = redact::names_secret(name);
                    secrets.given(value, named);
                    if let Some((_, token)) = value.split_once(' ') {
                        secrets.given(token, named);
                    }
                }
                for value in redact::hidden_in_url(url) {
                    secrets.given(value, true);
                }
            }
        }
        // The longest first, so that none leaves a rest of another; of the same text, the one that reaches furthest.
        secrets.0.sort_by(|a, b| {
            let key = |secret: &Secret| (std::cmp::Reverse(secret.text.len()), std::cmp::Reverse(secret.reach));
            key(a).cmp(&key(b)).then_with(|| a.text.cmp(&b.text))
        });
        secrets
    }

    fn given(&mut self, value: &str, named: bool) {
        for part in redact::hidden_in_url(value) {
            self.keep(part, true);
        }
        self.keep(value, named);
    }

    fn keep(&mut self, value: &str, named: bool) {
        let value = value.trim();
        if let Some(reach) = reach(value, named) {
            self.0.push(Secret {
                text: value.to_owned(),
                reach,
            });
        }
    }

    /// The values, for [`crate::error::Error::without`].
    pub(super) fn texts(&self) -> Vec<&str> {
        self.0.iter().map(|secret| &*secret.text).collect()
    }

    /// A server's prose without them.
    pub(super) fn conceal(&self, text: &str) -> String {
        self.within(text, Reach::Prose).unwrap_or_else(|| text.to_owned())
    }

    /// A server's name for something without them.
    pub(super) fn conceal_name(&self, text: &str) -> String {
        self.within(text, Reach::Names).unwrap_or_else(|| text.to_owned())
    }

    /// A text in which values of at least this reach are replaced; `None` where there are none.
    fn within(&self, text: &str, least: Reach) -> Option<String> {
        let mut shown = None;
        for secret in self.0.iter().filter(|secret| secret.reach >= least) {
            let now: &str = shown.as_deref().unwrap_or(text);
            if now.contains(&secret.text) {
                shown = Some(now.replace(&secret.text, HIDDEN));
            }
        }
        shown
    }

    /// Takes them out of every string and key of a tool; whether there were any.
    pub(super) fn conceal_in(&self, tool: &mut Value) -> bool {
        !self.0.is_empty() && self.take_out(tool, Reach::Prose)
    }

    fn take_out(&self, value: &mut Value, least: Reach) -> bool {
        match value {
            Value::String(text) => match self.within(text, least) {
                Some(shown) => {
                    *text = shown;
                    true
                }
                None => false,
            },
            Value::Array(values) => {
                let mut found = false;
                for value in values {
                    found |= self.take_out(value, least);
                }
                found
            }
            Value::Object(fields) => {
                let mut found = false;
                for (key, value) in fields.iter_mut() {
                    let least = if NAMES.contains(&&**key) {
                        Reach::Names
                    } else {
                        Reach::Prose
                    };
                    found |= self.take_out(value, least);
                }
                if fields.keys().any(|key| self.within(key, Reach::Names).is_some()) {
                    self.rename(fields);
                    found = true;
                }
                found
            }
            _ => false,
        }
    }

    /// Takes them out of the keys. No field is lost by it: a tool with fewer parameters may be judged as milder.
    fn rename(&self, fields: &mut Map<String, Value>) {
        let before = std::mem::take(fields);
        for (key, value) in before {
            let mut key = self.within(&key, Reach::Names).unwrap_or(key);
            while fields.contains_key(&key) {
                key.push('_');
            }
            fields.insert(key, value);
        }
    }
}

/// How far a value is hidden; `None` where it is shown. `named` says that its name calls it a secret.
fn reach(value: &str, named: bool) -> Option<Reach> {
    let letters = |b: u8| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-');
    let lettered = value.bytes().all(letters);
    let in_names = |b: u8| letters(b) || b.is_ascii_digit() || b == b'.';
    match value.len() {
        SHORTEST.. if named || redact::is_token(value) || !value.bytes().all(in_names) => Some(Reach::Names),
        SHORTEST..=LONGEST_WORD if lettered => Some(Reach::Errors),
        SHORTEST.. => Some(Reach::Prose),
        SHORTEST_NAMED.. if named && !lettered => Some(Reach::Prose),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::source::spec::{HttpStyle, NamedBy, Secret as Hidden};

    fn spec(endpoint: Endpoint) -> Spec {
        Spec {
            name: None,
            named_by: NamedBy::User,
            endpoint,
        }
    }

    fn with_env(env: &[(&str, &str)]) -> Secrets {
        let env = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Hidden::new(*value)));
        Secrets::of(&spec(Endpoint::Command {
            program: String::new(),
            args: vec![],
            env: env.collect::<BTreeMap<_, _>>(),
            cwd: None,
        }))
    }

    #[test]
    fn what_a_server_was_given_is_not_repeated() {
        let secrets = Secrets::of(&spec(Endpoint::Url {
            url: "https://h/?api_key=queried-99".to_owned(),
            headers: vec![("Authorization".to_owned(), Hidden::new("Bearer abcdefgh1234"))],
            style: HttpStyle::Any,
        }));
        assert_eq!(secrets.conceal("token abcdefgh1234 is bad"), "token [redacted] is bad");
        let mut tool = json!({"name": "a_abcdefgh1234", "x": ["abcdefgh1234", "queried-99"],
            "inputSchema": {"properties": {"abcdefgh1234": {}, "queried-99": {}, "b": {"enum": ["abcdefgh1234"]}}}});
        assert!(secrets.conceal_in(&mut tool));
        let shown = tool.to_string();
        assert!(
            !shown.contains("abcdefgh1234") && !shown.contains("queried-99"),
            "{shown}"
        );
        assert_eq!(tool["name"], "a_[redacted]");
        // Parameters that become alike are parameters still.
        let properties = tool["inputSchema"]["properties"].as_object().expect("an object");
        assert_eq!(
            properties.keys().collect::<Vec<_>>(),
            ["[redacted]", "[redacted]_", "b"]
        );
    }

    #[test]
    fn secrets_are_known_by_their_names_and_by_their_looks() {
        let secrets = with_env(&[
            ("DB_PASSWORD", "hunter2"),
            ("LOGIN_SECRET", "correcthorse"),
            ("WHATEVER", "ghp_0123456789abcdef"),
            ("DATABASE_URL", "postgres://bob:pa55word@db.example/x"),
            ("WORKSPACE", "/home/alice/plans"),
            ("PROJECT", "project-4711"),
        ]);
        for text in [
            "hunter2 is wrong",
            "it is correcthorse",
            "ghp_0123456789abcdef",
            "no role for pa55word",
            "reads /home/alice/plans",
            "of project-4711",
        ] {
            assert!(secrets.conceal(text).contains(HIDDEN), "{text}");
            assert!(secrets.texts().iter().any(|secret| text.contains(secret)), "{text}");
        }
        let mut names =
            json!({"name": "x_correcthorse", "enum": ["ghp_0123456789abcdef", "/home/alice/plans", "pa55word"]});
        assert!(secrets.conceal_in(&mut names));
        assert_eq!(names, json!({"name": "x_[redacted]", "enum": [HIDDEN, HIDDEN, HIDDEN]}));
    }

    #[test]
    fn what_is_no_secret_alters_no_name_and_no_word_of_a_definition() {
        let secrets = with_env(&[
            ("MODE", "read"),
            ("ACTION", "read_file"),
            ("KIND", "filesystem"),
            ("PROJECT", "notes_v2.1"),
            ("AUTH", "none"),
            ("USE_TOKEN", "true"),
        ]);
        let honest = json!({
            "name": "read_file", "description": "True: reads a file of the filesystem (read_file); needs none.",
            "inputSchema": {"properties": {"read_file": {"enum": ["filesystem", "notes_v2.1"]}}, "required": ["read_file"]},
        });
        let mut tool = honest.clone();
        assert!(!secrets.conceal_in(&mut tool));
        assert_eq!(tool, honest);
        // A value that might be private is not told in prose, and tools keep their names.
        let mut tool = json!({"name": "list_notes_v2.1", "description": "Lists notes_v2.1."});
        assert!(secrets.conceal_in(&mut tool));
        assert_eq!(
            tool,
            json!({"name": "list_notes_v2.1", "description": "Lists [redacted]."})
        );
    }
}

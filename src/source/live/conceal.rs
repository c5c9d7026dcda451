//! Keeps the secrets that a server was given out of what it says back: its errors, its last words, and the
//! definitions of its tools.

use serde_json::Value;

use crate::source::redact::HIDDEN;
use crate::source::spec::{Endpoint, Spec};

/// Shorter values, such as `1` or `info`, are no secrets and would be found everywhere.
const SHORTEST: usize = 8;

/// Values that are shown to nobody.
#[derive(Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// Every secret of a spec: environment values, header values, and the token in an `Authorization`.
    pub(super) fn of(spec: &Spec) -> Self {
        let mut values: Vec<String> = match &spec.endpoint {
            Endpoint::Command { env, .. } => env.values().map(|secret| secret.expose().to_owned()).collect(),
            Endpoint::Url { headers, .. } => headers
                .iter()
                .flat_map(|(_, secret)| {
                    let value = secret.expose();
                    let token = value.split_once(' ').map(|(_, token)| token.to_owned());
                    [Some(value.to_owned()), token].into_iter().flatten()
                })
                .collect(),
        };
        values.retain(|value| value.len() >= SHORTEST);
        // The longest first, so that none leaves a rest of another.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self(values)
    }

    /// The values, for [`crate::error::Error::without`].
    pub(super) fn texts(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }

    /// The text without them.
    pub(super) fn conceal(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |shown, secret| {
            if shown.contains(secret) {
                shown.replace(secret, HIDDEN)
            } else {
                shown
            }
        })
    }

    /// Takes them out of every string of a value; whether there were any.
    pub(super) fn conceal_in(&self, value: &mut Value) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let mut found = false;
        match value {
            Value::String(text) => {
                found = self.0.iter().any(|secret| text.contains(secret));
                if found {
                    *text = self.conceal(text);
                }
            }
            Value::Array(values) => {
                for value in values {
                    found |= self.conceal_in(value);
                }
            }
            Value::Object(fields) => {
                for value in fields.values_mut() {
                    found |= self.conceal_in(value);
                }
            }
            _ => {}
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::source::spec::{HttpStyle, NamedBy, Secret};

    #[test]
    fn what_a_server_was_given_is_not_repeated() {
        let spec = Spec {
            name: None,
            named_by: NamedBy::User,
            endpoint: Endpoint::Url {
                url: "https://h/".to_owned(),
                headers: vec![("Authorization".to_owned(), Secret::new("Bearer abcdefgh1234"))],
                style: HttpStyle::Any,
            },
        };
        let secrets = Secrets::of(&spec);
        assert_eq!(secrets.conceal("token abcdefgh1234 is bad"), "token [redacted] is bad");
        let mut tool = serde_json::json!({"name": "a", "x": ["abcdefgh1234"]});
        assert!(secrets.conceal_in(&mut tool));
        assert_eq!(tool["x"][0], HIDDEN);
        let env = BTreeMap::from([("LEVEL".to_owned(), Secret::new("info"))]);
        let endpoint = Endpoint::Command {
            program: String::new(),
            args: vec![],
            env,
            cwd: None,
        };
        assert_eq!(Secrets::of(&Spec { endpoint, ..spec }).conceal("info"), "info");
    }
}

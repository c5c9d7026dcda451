//! A live server before it is contacted: its [`Spec`], how it may be shown, and what it takes from the environment.

use super::named::Named;
use super::redact;
use super::spec::{Endpoint, NamedBy, Spec};

/// A live server that was named and is not contacted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// How to reach it.
    pub spec: Spec,
    /// Its command line or URL as it is written where it was named, without secrets.
    pub shown: String,
    /// Variables of the user's environment whose values it is given.
    pub read: Vec<String>,
    /// Variables that its configuration names and that are not set.
    pub unset: Vec<String>,
}

impl Candidate {
    /// A server that a person named in full on the command line.
    pub fn typed(endpoint: Endpoint) -> Self {
        Self::new(None, endpoint, NamedBy::User)
    }

    /// A server without variables.
    pub fn new(name: Option<String>, endpoint: Endpoint, named_by: NamedBy) -> Self {
        let shown = shown(&endpoint);
        Self {
            spec: Spec {
                name,
                endpoint,
                named_by,
            },
            shown,
            read: Vec::new(),
            unset: Vec::new(),
        }
    }

    /// Whether the user asked for this very server, so that contacting it needs no question.
    pub const fn was_asked_for(&self) -> bool {
        matches!(self.spec.named_by, NamedBy::User)
    }

    /// The name by which messages call it.
    pub fn label(&self) -> &str {
        self.spec.name.as_deref().unwrap_or(&self.shown)
    }

    /// Values that must not appear in any message about it.
    pub fn secrets(&self) -> Vec<&str> {
        let values: Vec<&str> = match &self.spec.endpoint {
            Endpoint::Command { env, .. } => env.values().map(super::spec::Secret::expose).collect(),
            Endpoint::Url { headers, .. } => headers.iter().map(|(_, value)| value.expose()).collect(),
        };
        // Short values such as `1` or `true` are no secrets, and hiding them would garble messages.
        values.into_iter().filter(|value| value.len() >= 6).collect()
    }
}

/// An endpoint as it may be shown.
pub fn shown(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Command { program, args, .. } => redact::command_line(program, args),
        Endpoint::Url { url, .. } => redact::url(url),
    }
}

/// Where a result came from: what was named, and which of the servers in it this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// What was named.
    pub named: Named,
    /// The name of the server in it, where it holds several.
    pub server: Option<String>,
}

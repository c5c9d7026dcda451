//! Reads one server's entry of a configuration, whichever client's: the union of their fields, leniently. The
//! result is a server to contact, a reason to leave it, or what is wrong with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::Configured;
use super::find::Entry;
use crate::error::Error;
use crate::manifest::kind;
use crate::source::Failure;
use crate::source::candidate::Candidate;
use crate::source::expand::{self, Context, Environment};
use crate::source::redact;
use crate::source::spec::{Endpoint, HttpStyle, NamedBy, Secret, Spec};
use crate::text::escape::one_line;

/// Reads an entry.
pub(super) fn read(entry: &Entry<'_>, file: &Path, environment: &Environment) -> Configured {
    let mut reader = Reader {
        entry,
        context: Context { environment, file },
        read: Vec::new(),
        unset: Vec::new(),
    };
    match reader.candidate() {
        Ok(candidate) => Configured::Server(Box::new(candidate)),
        Err(Refusal::Skip(why)) => Configured::Skipped {
            name: entry.name.clone(),
            why,
        },
        Err(Refusal::Broken { reason, help }) => {
            let message = format!("{}: server {:?}: {reason}", file.display(), one_line(&entry.name));
            Configured::Broken(Failure {
                source: entry.name.clone(),
                error: Error::partial(message).help(help),
            })
        }
    }
}

/// Why an entry is no candidate.
enum Refusal {
    Skip(String),
    Broken { reason: String, help: String },
}

fn broken(reason: impl Into<String>, help: impl Into<String>) -> Refusal {
    Refusal::Broken {
        reason: reason.into(),
        help: help.into(),
    }
}

struct Reader<'a> {
    entry: &'a Entry<'a>,
    context: Context<'a>,
    read: Vec<String>,
    unset: Vec<String>,
}

impl Reader<'_> {
    fn candidate(&mut self) -> Result<Candidate, Refusal> {
        let Some(object) = self.entry.value.as_object() else {
            let reason = format!("its entry is {}, not an object", kind(self.entry.value));
            return Err(broken(reason, "give it a command or a url"));
        };
        if flag(object, "disabled") == Some(true) || flag(object, "enabled") == Some(false) {
            return Err(Refusal::Skip("it is disabled".to_owned()));
        }
        let transport = text(object, "type").unwrap_or_default();
        if matches!(transport, "builtin" | "platform" | "frontend") {
            return Err(Refusal::Skip(format!("it is {transport}: a part of its client")));
        }
        let url = ["url", "serverUrl", "httpUrl", "uri"]
            .iter()
            .find_map(|key| text(object, key));
        let (endpoint, shown) = match (command_words(object)?, url) {
            (Some(words), _) => self.command(object, &words)?,
            (None, Some(url)) => self.url(object, url, transport)?,
            (None, None) if object.contains_key("settings") || object.contains_key("bundled") => {
                return Err(Refusal::Skip("its client's extension knows how to start it".to_owned()));
            }
            (None, None) => {
                return Err(broken(
                    "it has neither a command nor a url",
                    "give it a command or a url",
                ));
            }
        };
        self.read.sort();
        self.read.dedup();
        self.unset.sort();
        self.unset.dedup();
        Ok(Candidate {
            spec: Spec {
                name: Some(self.entry.name.clone()),
                endpoint,
                named_by: NamedBy::Config(self.context.file.to_owned()),
            },
            shown,
            read: std::mem::take(&mut self.read),
            unset: std::mem::take(&mut self.unset),
        })
    }

    fn command(&mut self, object: &Map<String, Value>, words: &Words<'_>) -> Result<(Endpoint, String), Refusal> {
        let shown = redact::command_line(words.program, &words.args);
        let program = self.must(words.program, "its command")?;
        let program = match (program.strip_prefix("~/"), self.context.environment.home()) {
            (Some(rest), Some(home)) => home.join(rest).display().to_string(),
            _ => program,
        };
        let mut args = Vec::with_capacity(words.args.len());
        for arg in &words.args {
            args.push(self.expand(arg, OTHERWISE)?);
        }
        let mut env = BTreeMap::new();
        let nested = object.get("command").and_then(|command| command.get("env"));
        for map in ["env", "envs", "environment"]
            .iter()
            .filter_map(|key| object.get(*key))
            .chain(nested)
        {
            for (name, value) in map.as_object().into_iter().flatten() {
                let value = match (self.context.environment.given(name), scalar(value)) {
                    (Some(given), _) => given.clone(),
                    (None, Some(value)) => Secret::new(self.expand(&value, &format!("--env {name}=VALUE"))?),
                    (None, None) => continue,
                };
                env.insert(name.clone(), value);
            }
        }
        // Names of variables that the client hands on, from the environment or its key store.
        for name in ["env_vars", "env_keys"]
            .iter()
            .filter_map(|key| object.get(*key)?.as_array())
            .flatten()
        {
            let name = name.as_str().or_else(|| name.get("name")?.as_str());
            if let Some(name) = name
                && let Some(value) = self.variable(name)
            {
                env.insert(name.to_owned(), value);
            }
        }
        let cwd = match ["cwd", "working_directory"].iter().find_map(|key| text(object, key)) {
            Some(folder) => {
                let folder = PathBuf::from(self.must(folder, "its working directory")?);
                let near = expand::workspace(self.context.file);
                Some(if folder.is_absolute() {
                    folder
                } else {
                    near.join(folder)
                })
            }
            None => self.entry.project.clone().filter(|folder| folder.is_dir()),
        };
        let endpoint = Endpoint::Command {
            program,
            args,
            env,
            cwd,
        };
        Ok((endpoint, shown))
    }

    fn url(&mut self, object: &Map<String, Value>, url: &str, transport: &str) -> Result<(Endpoint, String), Refusal> {
        let shown = redact::url(url);
        let url = self.must(url, "its url")?;
        if !(url.starts_with("http://") || url.starts_with("https://")) || matches!(transport, "ws" | "websocket") {
            let reason = format!("{shown} is no HTTP address, and MCP over anything else is not supported");
            return Err(broken(
                reason,
                "scan a saved manifest of it instead: mcpclass scan tools.json",
            ));
        }
        let mut headers = Vec::new();
        for map in ["headers", "http_headers", "requestOptions"]
            .iter()
            .filter_map(|key| object.get(*key))
        {
            let map = map.get("headers").unwrap_or(map);
            for (name, value) in map.as_object().into_iter().flatten() {
                if let Some(value) = scalar(value) {
                    headers.push((name.clone(), Secret::new(self.expand(&value, OTHERWISE)?)));
                }
            }
        }
        for (name, variable) in object
            .get("env_http_headers")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if let Some(value) = variable.as_str().and_then(|variable| self.variable(variable)) {
                headers.push((name.clone(), value));
            }
        }
        if let Some(token) = text(object, "bearer_token_env_var").and_then(|variable| self.variable(variable)) {
            let value = Secret::new(format!("Bearer {}", token.expose()));
            headers.push(("Authorization".to_owned(), value));
        }
        let style = if transport == "sse" {
            HttpStyle::Sse
        } else {
            HttpStyle::Any
        };
        Ok((Endpoint::Url { url, headers, style }, shown))
    }

    /// A variable that the entry names without any marks.
    fn variable(&mut self, name: &str) -> Option<Secret> {
        let value = self.context.environment.get(name);
        let list = if value.is_some() {
            &mut self.read
        } else {
            &mut self.unset
        };
        list.push(name.to_owned());
        value
    }

    /// Expands variables; `instead` is the way to give the value where that is impossible.
    fn expand(&mut self, text: &str, instead: &str) -> Result<String, Refusal> {
        let done = expand::expand(text, self.entry.syntax, &self.context)
            .map_err(|reason| broken(reason, format!("give it yourself: {instead}")))?;
        self.read.extend(done.read);
        self.unset.extend(done.unset);
        Ok(done.text)
    }

    /// Expands what makes no sense with a variable missing.
    fn must(&mut self, text: &str, what: &str) -> Result<String, Refusal> {
        let known = self.unset.len();
        let done = self.expand(text, OTHERWISE)?;
        match self.unset.get(known) {
            Some(name) => Err(broken(
                format!("{what} needs the variable {name}, which is not set"),
                format!("set it, or give it: --env {name}=VALUE"),
            )),
            None => Ok(done),
        }
    }
}

/// How to give a value that stands in an argument, a URL or a header.
const OTHERWISE: &str = "name the command or the URL of the server in full, and not the configuration";

/// A program and its arguments as written.
struct Words<'a> {
    program: &'a str,
    args: Vec<String>,
}

/// The command of an entry: a string with `args`, an array, or an object with `path` and `args`.
fn command_words(object: &Map<String, Value>) -> Result<Option<Words<'_>>, Refusal> {
    let wrong = |what: &str, value: &Value| {
        broken(
            format!("its {what} is {}", kind(value)),
            "give command as a string and args as an array of strings",
        )
    };
    let list = |value: Option<&Value>| match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| scalar(item).ok_or_else(|| wrong("argument", item)))
            .collect(),
        Some(other) => Err(wrong("args", other)),
    };
    let command = ["command", "cmd"]
        .iter()
        .find_map(|key| object.get(*key))
        .filter(|v| !v.is_null());
    let words = match command {
        None => return Ok(None),
        Some(Value::String(program)) => Words {
            program,
            args: list(object.get("args"))?,
        },
        Some(Value::Array(items)) => {
            let Some(program) = items.first().and_then(Value::as_str) else {
                return Err(broken("its command is empty", "give the program first"));
            };
            let mut args = list(command)?.split_off(1);
            args.extend(list(object.get("args"))?);
            Words { program, args }
        }
        Some(nested @ Value::Object(_)) => Words {
            program: nested.get("path").and_then(Value::as_str).unwrap_or_default(),
            args: list(nested.get("args"))?,
        },
        Some(other) => return Err(wrong("command", other)),
    };
    if words.program.trim().is_empty() {
        // Some clients write an empty command beside a url.
        if object.contains_key("url") {
            return Ok(None);
        }
        return Err(broken("its command is empty", "give the program to start"));
    }
    Ok(Some(words))
}

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str().filter(|text| !text.trim().is_empty())
}

fn flag(object: &Map<String, Value>, key: &str) -> Option<bool> {
    object.get(key)?.as_bool()
}

/// A string, number or boolean as text, as environments hold them.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

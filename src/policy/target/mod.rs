//! The programs that enforce a policy, each in a file of its own: its names, what it can express, and how its file
//! is written. [`ALL`] is the one list of them; [`draft`] is the one place where a decision that a target lacks
//! becomes a stricter one. A target's file only writes down what a draft already says.

#![expect(
    clippy::unnecessary_wraps,
    reason = "formatters and names share a signature, and some cannot fail"
)]

/// Writes to the end of a string, which cannot fail.
macro_rules! put {
    ($out:expr, $($text:tt)*) => {{
        use std::fmt::Write as _;
        let _ = write!($out, $($text)*);
    }};
}

mod draft;
#[cfg(test)]
mod hostile;
mod quote;
#[cfg(test)]
pub mod sample;

mod agentcore;
mod agentgateway;
mod cedar;
mod claude_api;
mod claude_code;
mod codex;
mod connection;
mod copilot;
mod cursor;
mod docker_mcp;
mod envoy_ai_gateway;
mod gemini_cli;
mod goose;
mod intercept;
mod litellm;
mod opa;
mod openai;
mod opencode;
mod policylayer;
mod toolhive;
mod vscode;
mod zed;

use serde::Serialize;

pub use draft::{Draft, Loss, Ruling, ServerDraft, callable, draft, usable};

use crate::label::Decision;
use crate::policy::merge::Merge;
use crate::policy::plan::ToolPlan;

/// Every target, in the order of `--list`.
pub static ALL: &[&Target] = &[
    &policylayer::TARGET,
    &intercept::TARGET,
    &claude_code::TARGET,
    &vscode::TARGET,
    &copilot::TARGET,
    &codex::TARGET,
    &cursor::TARGET,
    &gemini_cli::TARGET,
    &opencode::TARGET,
    &openai::TARGET,
    &claude_api::TARGET,
    &toolhive::TARGET,
    &agentcore::TARGET,
    &agentgateway::TARGET,
    &litellm::TARGET,
    &docker_mcp::TARGET,
    &envoy_ai_gateway::TARGET,
    &opa::TARGET,
    &goose::TARGET,
    &zed::TARGET,
];

/// The target of this id.
pub fn find(id: &str) -> Option<&'static Target> {
    ALL.iter().copied().find(|t| t.id == id)
}

/// A program that enforces a policy.
#[derive(Debug)]
pub struct Target {
    /// The word after `--for`.
    pub id: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// How many servers one file speaks for.
    pub scope: Scope,
    /// What the target calls a server of this name.
    pub alias: fn(&str) -> Result<String, String>,
    /// What it calls a tool: how the tool is told from others, by alias and name. The error says why it cannot.
    pub key: fn(&str, &str) -> Result<String, String>,
    /// The files it reads. The first is the one that is printed.
    pub forms: &'static [Form],
    /// Which reader decides in the tests that its files are right.
    pub reader: &'static str,
    /// What its user must know before relying on it.
    pub caution: &'static str,
}

/// How many servers one file speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Tool names stand alone: a file a server.
    OneServer,
    /// Tool names stand with their server's: one file for all.
    ManyServers,
}

/// One file of a target.
#[derive(Debug)]
pub struct Form {
    /// Its name, as the target looks for it.
    pub file: &'static str,
    /// Where the target looks for it.
    pub lives: &'static str,
    /// What it can express.
    pub can: Capabilities,
    /// Why it cannot say this of one tool although it can of others; by the server's alias, the tool and the decision.
    pub except: fn(&str, &ToolPlan, Decision) -> Option<&'static str>,
    /// Writes it.
    pub emit: fn(&Draft<'_>) -> Result<String, String>,
    /// How it is added to a file that is already there, where that is possible.
    pub merge: Option<Merge>,
}

/// Whether a file can express a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It can.
    Yes,
    /// It can together with another file of the same target, which must be written too.
    With(&'static str),
    /// It cannot.
    No,
}

/// What a file can express.
#[derive(Clone, Copy, Debug)]
pub struct Capabilities {
    /// Free use.
    pub allow: Support,
    /// A number of calls a minute.
    pub limit: Support,
    /// A person's approval.
    pub ask: Support,
    /// Refusal.
    pub deny: Support,
    /// Keeping the tool from the model.
    pub hide: Support,
    /// Conditions on the arguments of a call.
    pub arguments: bool,
    /// What becomes of a tool that the file does not name, such as one that the server adds tomorrow.
    pub unlisted: Decision,
}

impl Capabilities {
    /// Whether it has this decision.
    pub const fn support(&self, decision: Decision) -> Support {
        match decision {
            Decision::Allow => self.allow,
            Decision::Limit => self.limit,
            Decision::Ask => self.ask,
            Decision::Deny => self.deny,
            Decision::Hide => self.hide,
        }
    }
}

/// What a limit becomes where a target cannot count calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LimitAs {
    /// Free use: looser than decided, by your choice.
    Allow,
    /// A person's approval, or refusal where the target cannot ask.
    Ask,
    /// Refusal.
    Deny,
}

/// What a person chose about the writing.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What a limit becomes where a target cannot count calls; the next stricter decision by default.
    pub limit_as: Option<LimitAs>,
    /// The ARN of an AgentCore gateway.
    pub gateway: Option<String>,
    /// The server's address in formats that need one.
    pub url: Option<String>,
    /// Whether every file of a target is written, or only its first.
    pub every_form: bool,
}

/// A row of `--list`.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The word after `--for`.
    pub target: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The file.
    pub file: &'static str,
    /// Where it lives.
    pub lives: &'static str,
    /// Whether it can express each decision.
    pub allow: Cell,
    /// See `allow`.
    pub limit: Cell,
    /// See `allow`.
    pub ask: Cell,
    /// See `allow`.
    pub deny: Cell,
    /// See `allow`.
    pub hide: Cell,
    /// Whether it sees arguments, so that a tool keeps its harmless operations.
    pub arguments: bool,
    /// What becomes of a tool that it does not name.
    pub unlisted: Decision,
    /// Whether `--merge` adds it to a file that is already there.
    pub merge: bool,
    /// Which reader decides in the tests that the file is right.
    pub reader: &'static str,
    /// What its user must know.
    pub caution: &'static str,
}

/// Whether a decision can be expressed: `true`, `false`, or the file that it takes.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Cell {
    /// By this file.
    Plain(bool),
    /// Together with the file of this name.
    With(&'static str),
}

impl From<Support> for Cell {
    fn from(support: Support) -> Self {
        match support {
            Support::Yes => Self::Plain(true),
            Support::No => Self::Plain(false),
            Support::With(file) => Self::With(file),
        }
    }
}

/// Every file of every target.
pub fn rows() -> Vec<Row> {
    let row = |target: &'static Target, form: &'static Form| Row {
        target: target.id,
        title: target.title,
        file: form.file,
        lives: form.lives,
        allow: form.can.allow.into(),
        limit: form.can.limit.into(),
        ask: form.can.ask.into(),
        deny: form.can.deny.into(),
        hide: form.can.hide.into(),
        arguments: form.can.arguments,
        unlisted: form.can.unlisted,
        merge: form.merge.is_some(),
        reader: target.reader,
        caution: target.caution,
    };
    ALL.iter()
        .copied()
        .flat_map(|target| target.forms.iter().map(move |form| row(target, form)))
        .collect()
}

/// The rows as a table in Markdown.
pub fn markdown() -> String {
    let mark = |cell: &Cell| match cell {
        Cell::Plain(true) => "yes".to_owned(),
        Cell::Plain(false) => "–".to_owned(),
        Cell::With(file) => format!("with `{file}`"),
    };
    let yes = |b: bool| if b { "yes" } else { "–" };
    let mut out = "| `--for` | file | allow | limit | ask | deny | hide | arguments | a tool added tomorrow | `--merge` | read in the tests by |\n\
        |---|---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    let mut last = "";
    for row in rows() {
        let name = if row.target == last {
            String::new()
        } else {
            format!("`{}`", row.target)
        };
        let reader = if row.target == last { "" } else { row.reader };
        last = row.target;
        put!(
            out,
            "| {name} | `{}` | {} | {} | {} | {} | {} | {} | {} | {} | {reader} |\n",
            row.file,
            mark(&row.allow),
            mark(&row.limit),
            mark(&row.ask),
            mark(&row.deny),
            mark(&row.hide),
            yes(row.arguments),
            row.unlisted.name(),
            yes(row.merge),
        );
    }
    out
}

/// For files that can say of every tool what they can say of one.
fn no_exception(_alias: &str, _tool: &ToolPlan, _decision: Decision) -> Option<&'static str> {
    None
}

/// For targets that take any server name.
fn any_alias(server: &str) -> Result<String, String> {
    Ok(server.to_owned())
}

/// For targets whose server names hold letters, digits and some signs: every other character becomes `-`.
fn slug(server: &str, signs: &[char]) -> Result<String, String> {
    let plain: String = server
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || signs.contains(&c) {
                c
            } else {
                '-'
            }
        })
        .collect();
    let plain = plain.trim_matches('-');
    if plain.is_empty() {
        return Err("no letter of the server's name can be kept: name it with --name".to_owned());
    }
    Ok(plain.to_owned())
}

/// For names of Kubernetes.
fn dns_label(server: &str) -> Result<String, String> {
    const LONGEST: usize = 63;
    let name = slug(server, &[])?.to_ascii_lowercase();
    if name.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} characters: name it with --name"));
    }
    Ok(name)
}

/// For targets that compare tool names exactly and give `*` a meaning of its own.
fn exact_key(alias: &str, tool: &str) -> Result<String, String> {
    if tool == "*" {
        return Err("`*` alone means every tool there".to_owned());
    }
    literal_key(alias, tool)
}

/// For targets that compare tool names exactly.
fn literal_key(alias: &str, tool: &str) -> Result<String, String> {
    Ok(format!("{alias}\u{1f}{tool}"))
}

/// For targets in which a name stands alone, whatever the server.
fn bare_key(_alias: &str, tool: &str) -> Result<String, String> {
    exact_key("", tool)
}

/// What clients make of a name for a model's API: every UTF-16 unit outside `[A-Za-z0-9_-]` becomes `_`.
fn api_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || c == '_' || c == '-' {
            out.push(c);
        } else {
            out.extend(std::iter::repeat_n('_', c.len_utf16()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_findable() {
        let ids: BTreeSet<&str> = ALL.iter().map(|t| t.id).collect();
        assert_eq!(ids.len(), ALL.len());
        assert!(ALL.iter().all(|t| find(t.id).is_some_and(|f| std::ptr::eq(f, *t))));
    }

    #[test]
    fn a_companion_file_is_one_of_the_target() {
        for row in rows() {
            for cell in [&row.allow, &row.limit, &row.ask, &row.deny, &row.hide] {
                if let Cell::With(file) = cell {
                    let target = find(row.target).expect("listed");
                    assert!(target.forms.iter().any(|f| f.file == *file), "{} {file}", row.target);
                }
            }
        }
    }

    #[test]
    fn names_become_api_names_as_in_javascript() {
        assert_eq!(api_name("a.b/c d"), "a_b_c_d");
        assert_eq!(api_name("名🦀"), "___");
    }
}

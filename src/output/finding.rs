//! What SARIF, annotations and JUnit have in common: a finding about one tool, with its rule, its level and the
//! place where it stands. Made from a check or from a scan; nothing here prints or reads files.

use std::borrow::Cow;

use crate::assessment::Assessment;
use crate::baseline::accept::Standing;
use crate::baseline::check::{Check, Checked, ServerCheck};
use crate::baseline::compare::{Change, Effect, Kind};
use crate::baseline::phrase::Phrase;
use crate::digest;
use crate::label::Risk;
use crate::locate::Region;
use crate::output::check::table::{accept_command, standing_line, told};
use crate::report::Assessed;
use crate::rules::RuleBook;

/// How loud a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It fails the run.
    Error,
    /// A person should look.
    Warning,
    /// For the record.
    Note,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, relative to where the run started, with forward slashes.
    pub file: String,
    /// Where in it; `None` for the file as a whole.
    pub region: Option<Region>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Which rule: one of [`KINDS`], `signal:ID`, or a rule of the rule book.
    pub rule: String,
    /// How loud.
    pub level: Level,
    /// The server.
    pub server: String,
    /// The tool; empty where it is about the server.
    pub tool: String,
    /// One line, safe to print.
    pub title: String,
    /// The whole story in one paragraph, safe to print.
    pub message: String,
    /// Digest of the definition that it is about.
    pub digest: String,
    /// Pointer into the definition, for its place.
    pub pointer: Option<String>,
    /// Where it stands.
    pub place: Option<Place>,
    /// Why a person accepted it.
    pub accepted: Option<String>,
}

/// A rule that findings name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleInfo {
    /// Its id.
    pub id: Cow<'static, str>,
    /// One line.
    pub title: Cow<'static, str>,
    /// What it means and what to do.
    pub help: Cow<'static, str>,
    /// 0 to 10, as code scanning sorts by.
    pub severity: Cow<'static, str>,
}

macro_rules! kinds {
    ($($id:literal, $severity:literal, $title:literal, $help:literal;)+) => {
        /// The findings that a check itself makes.
        pub const KINDS: &[RuleInfo] = &[$(RuleInfo {
            id: Cow::Borrowed($id),
            title: Cow::Borrowed($title),
            help: Cow::Borrowed($help),
            severity: Cow::Borrowed($severity),
        }),+];
    };
}

kinds! {
    "category", "9.0", "A reviewed tool does something graver",
        "The definition changed and the tool's worst ordinary call is of a graver category than was reviewed. Read the changed words; accept the change with `mcpclass accept`, or pin the server to the reviewed version.";
    "risk", "8.5", "A reviewed tool puts more at stake",
        "The definition changed and what a call can cost is more than was reviewed.";
    "operation", "8.5", "A reviewed tool gained an operation",
        "A parameter takes a value that chooses an operation nobody reviewed. A policy that allows the tool allows the operation.";
    "open-parameter", "9.5", "A reviewed tool gained a parameter that carries anything to run",
        "A command, code, a statement or a request composed by the caller makes the tool as powerful as what runs it.";
    "annotation", "7.5", "A declared annotation flipped",
        "Clients approve calls by readOnlyHint and destructiveHint. A server that changes them changes what is approved without a question.";
    "conflict", "8.0", "An annotation contradicts the definition",
        "The server declares what its own definition contradicts; clients that trust the annotation approve too much.";
    "hidden-text", "9.5", "Hidden characters appeared",
        "Characters that do not show make a person and a model read different texts. There is no good reason for them in a tool definition.";
    "new-tool", "6.0", "A tool that nobody reviewed",
        "The server lists a tool that is not in the baseline. Review it, then pin it: `mcpclass baseline`.";
    "gone-tool", "1.0", "A reviewed tool is no longer listed",
        "Nothing can be called that is not there; policies may still name it.";
    "milder", "1.0", "A reviewed tool does less",
        "The definition changed and the tool's label is milder than was reviewed.";
    "wording", "2.0", "A definition reads differently",
        "The definition changed and its label did not. The changed words are shown.";
    "rules", "1.0", "Our rules judge a reviewed definition differently",
        "The server changed nothing: the rule book or the decision table did. Pin again when you agree: `mcpclass baseline`.";
    "renamed", "3.0", "A reviewed definition under another name",
        "Policies name tools: a renamed tool is a new one to them.";
    "unlisted", "7.0", "A server could not be listed",
        "Nothing is known about a server that cannot be listed; it never counts as unchanged.";
    "acceptance", "3.0", "An acceptance no longer holds",
        "Its date has passed, its definition changed, or nothing matches it.";
}

/// Descriptions of everything that a finding may name: what a check finds, the rules of the book, its signals.
pub fn rules(book: &RuleBook) -> Vec<RuleInfo> {
    let mut found = KINDS.to_vec();
    found.extend(book.rules().iter().map(|rule| {
        let label = rule.effect.and_then(crate::effect::Effect::label);
        let severity = match label.map(|label| label.risk) {
            Some(Risk::Critical) => "8.0",
            Some(Risk::Medium) => "5.0",
            Some(Risk::Low) | None => "2.0",
        };
        let title = label.map_or_else(|| rule.id.to_string(), |label| format!("{}: {label}", rule.id));
        RuleInfo {
            id: rule.id.to_string().into(),
            title: title.into(),
            help: format!(
                "{}. `mcpclass rules show {}` has its words and examples.",
                rule.why.trim_end_matches('.'),
                rule.id
            )
            .into(),
            severity: severity.into(),
        }
    }));
    found.extend(book.signals().iter().map(|signal| RuleInfo {
        id: format!("signal:{}", signal.id).into(),
        title: signal.title.to_string().into(),
        help: format!("{}.", signal.title).into(),
        severity: "6.0".into(),
    }));
    found
}

/// Every finding of a check, the loudest first. Places are filled in by the caller.
pub fn of_check(check: &Check) -> Vec<Finding> {
    let mut findings = Vec::new();
    for server in &check.servers {
        if let Some(why) = server.state.trouble() {
            findings.push(unlisted(&server.name, why));
        }
        findings.extend(server.changes.iter().map(|checked| of_change(check, server, checked)));
    }
    findings.extend(check.other_failures().map(|(source, why)| unlisted(source, why)));
    for (entry, standing) in &check.acceptances {
        if let (Some(message), true) = (standing_line(entry, standing), *standing != Standing::Applies) {
            findings.push(Finding {
                tool: entry.tool.clone(),
                digest: entry.digest.clone(),
                level: Level::Warning,
                ..plain("acceptance", &entry.server, message)
            });
        }
    }
    findings.sort_by_key(|finding| finding.level);
    findings
}

/// What a scan finds: every tool of critical risk, and every contradicted annotation.
pub fn of_scan(servers: &[Assessed]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for assessed in servers {
        let server = &assessed.manifest.server.name;
        for index in assessed.worst_first() {
            let tool = &assessed.assessments[index];
            if tool.risk == Risk::Critical {
                findings.push(of_label(server, tool));
            }
            for conflict in &tool.conflicts {
                let text = Phrase::default()
                    .name(&conflict.hint)
                    .ours(": ")
                    .name(&conflict.message);
                findings.push(Finding {
                    pointer: Some(format!("/annotations/{}", conflict.hint)),
                    ..of_tool("conflict", server, tool, &text)
                });
            }
        }
    }
    findings
}

impl Finding {
    /// A name for the finding that stays the same as long as it is about the same definition.
    pub fn fingerprint(&self) -> String {
        let parts = [&self.rule, &self.server, &self.tool, &self.digest];
        digest::of_bytes(parts.map(String::as_bytes)).replacen("sha256:", "", 1)
    }

    /// A name that stays the same when the definition changes again.
    pub fn subject(&self) -> String {
        let parts = [&self.rule, &self.server, &self.tool];
        digest::of_bytes(parts.map(String::as_bytes)).replacen("sha256:", "", 1)
    }
}

fn of_label(server: &str, tool: &Assessment) -> Finding {
    let rule = tool
        .evidence
        .first()
        .map_or_else(|| "category".to_owned(), |evidence| evidence.rule.to_string());
    let mut text = Phrase::new(format!("Recommended: {}", tool.decision));
    if !tool.rationale.is_empty() {
        text = text.ours(". ").name(&tool.rationale);
    } else if let Some(evidence) = tool.evidence.first() {
        text = text.ours("; it rests on ").quote(&evidence.text);
    }
    Finding {
        pointer: tool.evidence.first().map(|evidence| evidence.pointer.to_string()),
        ..of_tool(&rule, server, tool, &text)
    }
}

fn of_tool(rule: &str, server: &str, tool: &Assessment, text: &Phrase) -> Finding {
    let title = Phrase::default().name(&tool.name).ours(format!(": {}", tool.label()));
    Finding {
        tool: tool.name.clone(),
        digest: tool.digest.clone(),
        title: title.plain(),
        message: title.clone().ours(". ").then(text.clone()).plain(),
        level: Level::Warning,
        ..plain(rule, server, String::new())
    }
}

fn of_change(check: &Check, server: &ServerCheck, checked: &Checked) -> Finding {
    let change = &checked.change;
    let level = match change.kind {
        _ if checked.fails => Level::Error,
        Kind::Worse | Kind::New if checked.accepted.is_empty() => Level::Warning,
        _ => Level::Note,
    };
    let title = title(change);
    let mut message = Phrase::new("").then(title.clone());
    for (index, what) in told(change).take(12).enumerate() {
        message = message.ours(if index == 0 { ": " } else { "; " }).then(what.phrase());
    }
    let mut text = message.plain();
    if checked.fails {
        text.push_str(". Reviewed it? ");
        text.push_str(&accept_command(server, change));
    }
    let reasons = checked
        .accepted
        .iter()
        .filter_map(|&index| check.acceptances.get(index));
    let accepted: Vec<&str> = reasons.map(|(entry, _)| entry.reason.as_str()).collect();
    Finding {
        tool: change.subject.name().to_owned(),
        digest: change.digest().to_owned(),
        level,
        title: title.plain(),
        pointer: change.reasons.iter().find_map(|reason| reason.what.pointer()),
        accepted: (!accepted.is_empty()).then(|| accepted.join("; ")),
        ..plain(&rule(change), &server.name, text)
    }
}

/// The finding that tells most about a change: for what got worse, the first difference that makes it so.
fn rule(change: &Change) -> String {
    let worst = change.reasons.iter().find(|reason| reason.effect == Effect::Worse);
    match change.kind {
        Kind::Worse => worst.map_or_else(|| "category".to_owned(), |reason| reason.what.id()),
        Kind::New => "new-tool".to_owned(),
        Kind::Gone => "gone-tool".to_owned(),
        Kind::Milder | Kind::Wording | Kind::Rules => change.kind.name().to_owned(),
    }
}

fn title(change: &Change) -> Phrase {
    let name = Phrase::default().name(change.subject.name());
    let label = change.label().map(|label| label.to_string()).unwrap_or_default();
    match (change.kind, &change.was, &change.is) {
        (Kind::Worse, Some(was), Some(is)) if was.label != is.label => {
            name.ours(format!(" got worse: {}, was {}", is.label, was.label))
        }
        (Kind::Worse, ..) => name.ours(" got worse"),
        (Kind::New, ..) => name.ours(format!(" is new: {label}")),
        (Kind::Gone, ..) => name.ours(format!(" is gone: {label}")),
        (Kind::Milder, ..) => name.ours(format!(" is milder: {label}")),
        (Kind::Wording, ..) => name.ours(" is only reworded"),
        (Kind::Rules, Some(was), Some(is)) => name.ours(format!(
            " is judged differently by our rules: {}, was {}",
            is.label, was.label
        )),
        (Kind::Rules, ..) => name.ours(" is judged differently by our rules"),
    }
}

fn unlisted(name: &str, why: &str) -> Finding {
    let title = Phrase::default().name(name).ours(" could not be listed");
    let first = why.lines().next().unwrap_or_default();
    let message = title.clone().ours(": ").then(Phrase::default().name(first)).plain();
    Finding {
        level: Level::Error,
        title: title.plain(),
        ..plain("unlisted", name, message)
    }
}

fn plain(rule: &str, server: &str, message: String) -> Finding {
    Finding {
        rule: rule.to_owned(),
        level: Level::Note,
        server: server.to_owned(),
        tool: String::new(),
        title: message.clone(),
        message,
        digest: String::new(),
        pointer: None,
        place: None,
        accepted: None,
    }
}

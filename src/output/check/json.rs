//! A check as JSON, in the schema `mcpclass-check/1`. Keys are only ever added within it; one that does not
//! apply is present and null or empty.

use serde::Serialize;

use crate::baseline::check::{Check, Checked, ServerCheck};
use crate::baseline::compare::{Difference, Effect, Kind, Seen};
use crate::baseline::edit::What;
use crate::baseline::words::{self, Piece};
use crate::label::{Category, Decision, Risk};
use crate::output::json;
use crate::report::Producer;

/// The version of this document.
pub const SCHEMA: &str = "mcpclass-check/1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    mcpclass: Producer<'a>,
    baseline: Baseline<'a>,
    fail_on: String,
    failed: bool,
    summary: Summary,
    servers: Vec<Server<'a>>,
    failures: Vec<Failure<'a>>,
    acceptances: Vec<Accepted<'a>>,
}

#[derive(Serialize)]
struct Baseline<'a> {
    rules: &'a str,
    rules_changed: bool,
}

#[derive(Serialize)]
struct Summary {
    worse: usize,
    new: usize,
    rules: usize,
    gone: usize,
    milder: usize,
    wording: usize,
    unchanged: usize,
    accepted: usize,
    unlisted: usize,
}

#[derive(Serialize)]
struct Server<'a> {
    name: &'a str,
    origin: &'a str,
    version_was: Option<&'a str>,
    version: Option<&'a str>,
    state: &'static str,
    trouble: Option<&'a str>,
    unchanged: usize,
    changes: Vec<Change<'a>>,
}

#[derive(Serialize)]
struct Change<'a> {
    tool: &'a str,
    kind: &'static str,
    fails: bool,
    was: Option<Side<'a>>,
    is: Option<Side<'a>>,
    reasons: Vec<Reason>,
    accepted_by: &'a [usize],
}

#[derive(Serialize)]
struct Side<'a> {
    category: Category,
    risk: Risk,
    decision: Decision,
    digest: &'a str,
}

#[derive(Serialize)]
struct Reason {
    finding: String,
    effect: &'static str,
    pointer: Option<String>,
    message: String,
    words: Vec<Piece>,
}

#[derive(Serialize)]
struct Failure<'a> {
    source: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct Accepted<'a> {
    server: &'a str,
    tool: &'a str,
    finding: Option<&'a str>,
    digest: &'a str,
    reason: &'a str,
    until: String,
    standing: &'static str,
}

/// The document, with a line feed at its end.
pub fn render(check: &Check) -> String {
    let document = Document {
        schema: SCHEMA,
        mcpclass: Producer {
            version: env!("CARGO_PKG_VERSION"),
            rules: &check.rules_are,
        },
        baseline: Baseline {
            rules: &check.rules_were,
            rules_changed: check.rules_were != check.rules_are,
        },
        fail_on: check.gates.to_string(),
        failed: check.changes().any(|(_, checked)| checked.fails),
        summary: summary(check),
        servers: check.servers.iter().map(server).collect(),
        failures: check
            .failures
            .iter()
            .map(|(source, message)| Failure { source, message })
            .collect(),
        acceptances: check.acceptances.iter().map(accepted).collect(),
    };
    json::text(&document)
}

fn summary(check: &Check) -> Summary {
    Summary {
        worse: check.count(Kind::Worse),
        new: check.count(Kind::New),
        rules: check.count(Kind::Rules),
        gone: check.count(Kind::Gone),
        milder: check.count(Kind::Milder),
        wording: check.count(Kind::Wording),
        unchanged: check.unchanged(),
        accepted: check.accepted(),
        unlisted: check.troubled(),
    }
}

fn server(server: &ServerCheck) -> Server<'_> {
    Server {
        name: &server.name,
        origin: &server.origin,
        version_was: server.versions.0.as_deref(),
        version: server.versions.1.as_deref(),
        state: server.state.name(),
        trouble: server.state.trouble(),
        unchanged: server.unchanged,
        changes: server.changes.iter().map(change).collect(),
    }
}

fn change(checked: &Checked) -> Change<'_> {
    let change = &checked.change;
    Change {
        tool: change.subject.name(),
        kind: change.kind.name(),
        fails: checked.fails,
        was: change.was.as_ref().map(side),
        is: change.is.as_ref().map(side),
        reasons: change.reasons.iter().map(reason).collect(),
        accepted_by: &checked.accepted,
    }
}

fn side(seen: &Seen) -> Side<'_> {
    Side {
        category: seen.label.category,
        risk: seen.label.risk,
        decision: seen.decision,
        digest: &seen.digest,
    }
}

fn reason(reason: &crate::baseline::compare::Reason) -> Reason {
    let words = match &reason.what {
        Difference::Edit(edit) => match &edit.what {
            What::Text { was, is } => words::pieces(was, is),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    Reason {
        finding: reason.what.id(),
        effect: match reason.effect {
            Effect::Worse => "worse",
            Effect::Milder => "milder",
            Effect::Neutral => "neutral",
        },
        pointer: reason.what.pointer(),
        message: reason.what.phrase().raw(),
        words,
    }
}

fn accepted(
    (entry, standing): &(crate::baseline::accept::Acceptance, crate::baseline::accept::Standing),
) -> Accepted<'_> {
    Accepted {
        server: &entry.server,
        tool: &entry.tool,
        finding: entry.finding.as_deref(),
        digest: &entry.digest,
        reason: &entry.reason,
        until: entry.until.to_string(),
        standing: standing.name(),
    }
}

//! A server's page as data: its tools, the worst first, what they open together, what they weigh, its whole policy.
//! Says nothing of layout.

use serde::Serialize;

use super::milder::LabelText;
use super::model::{ChangeLine, ServerLine, UNSURE, day, first_sentence, history, shown};
use super::policies::{PolicyText, server_policies};
use crate::catalogue::record::Record;
use crate::classify::{Classifier, exposure};
use crate::label::Decision;
use crate::manifest::{Tool, Transport};
use crate::output::json;
use crate::policy::plan::Plan;
use crate::report::{Assessed, Summary};

/// A server's page.
#[derive(Clone, Debug, Serialize)]
pub struct ServerPage {
    /// Who it is.
    pub server: ServerLine,
    /// How it was read.
    pub transport: Transport,
    /// The protocol spoken.
    pub protocol: Option<String>,
    /// Whether every page of the listing was read.
    pub complete: bool,
    /// Counts.
    pub summary: Summary,
    /// Tools by decision, strictest first; none that is zero.
    pub decisions: Vec<(&'static str, usize)>,
    /// Every tool, the worst first.
    pub tools: Vec<ToolRow>,
    /// What the tools open together.
    pub combinations: Vec<Combination>,
    /// What the definitions weigh in a model's context.
    pub weight: Weight,
    /// The policy of the whole server.
    pub policies: Vec<PolicyText>,
    /// What changed, newest first.
    pub history: Vec<ChangeLine>,
    /// What could not be read.
    pub problems: Vec<String>,
    /// The day it was read.
    pub read_at: Option<String>,
}

/// A tool in a table.
#[derive(Clone, Debug, Serialize)]
pub struct ToolRow {
    /// Its position in the server's listing.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// Its label.
    pub label: LabelText,
    /// What the policy does with it.
    pub decision: &'static str,
    /// Ids of its signals.
    pub signals: Vec<String>,
    /// The first sentence of its description.
    pub says: String,
    /// Whether a person should look again.
    pub unsure: bool,
    /// Whether a declared annotation is contradicted.
    pub conflict: bool,
}

/// What tools can do together that none can alone.
#[derive(Clone, Debug, Serialize)]
pub struct Combination {
    /// One line.
    pub title: String,
    /// What it is made of, and the tools that bring each part.
    pub says: String,
}

/// What definitions weigh, estimated at four bytes a token.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Weight {
    /// Tokens of all definitions.
    pub tokens: usize,
    /// Per cent of a context of 200,000 tokens, one decimal.
    pub share: String,
    /// The heaviest tools.
    pub heaviest: Vec<(String, usize)>,
}

/// The combinations that a server opens, as sentences: what each part is and which tools bring it.
fn combinations(classifier: &Classifier, assessed: &Assessed) -> Vec<Combination> {
    const MOST: usize = 4;
    let said = |part: &exposure::Part| {
        let names: Vec<String> = part.tools.iter().take(MOST).map(|name| shown(name)).collect();
        let more = part.tools.len().saturating_sub(MOST);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        format!("{} from {}{more}", part.what, names.join(", "))
    };
    let found = classifier.exposure(assessed).combinations;
    let of = |combination: exposure::Combination| Combination {
        title: combination.title.to_owned(),
        says: combination.parts.iter().map(said).collect::<Vec<_>>().join("; "),
    };
    found.into_iter().map(of).collect()
}

impl ServerPage {
    /// The page of a server.
    pub fn of(classifier: &Classifier, record: &Record, plan: &Plan) -> Self {
        let assessed = &record.assessed;
        let server = &assessed.manifest.server;
        let decisions = Decision::ALL.iter().rev().filter_map(|decision| {
            let count = assessed.assessments.iter().filter(|a| a.decision == *decision).count();
            (count > 0).then_some((decision.name(), count))
        });
        let problems = assessed.manifest.problems.iter().take(20);
        Self {
            server: ServerLine::of(record),
            transport: server.transport,
            protocol: server.protocol.as_deref().map(shown),
            complete: server.complete,
            summary: assessed.summary(),
            decisions: decisions.collect(),
            tools: assessed
                .worst_first()
                .into_iter()
                .map(|index| row(record, index))
                .collect(),
            combinations: combinations(classifier, assessed),
            weight: Weight::of(&assessed.manifest.tools),
            policies: server_policies(plan),
            history: history(&record.history, None),
            problems: problems
                .map(|p| shown(&format!("{}: {}", p.pointer, p.message)))
                .collect(),
            read_at: day(record),
        }
    }
}

fn row(record: &Record, index: usize) -> ToolRow {
    let assessment = &record.assessed.assessments[index];
    ToolRow {
        index,
        name: shown(&assessment.name),
        label: assessment.label().into(),
        decision: assessment.decision.name(),
        signals: assessment.signals.iter().map(|s| s.id.to_string()).collect(),
        says: record
            .assessed
            .manifest
            .tools
            .get(index)
            .map_or_else(String::new, first_sentence),
        unsure: assessment.confidence < UNSURE,
        conflict: !assessment.conflicts.is_empty(),
    }
}

impl Weight {
    /// What these definitions weigh.
    pub fn of(tools: &[Tool]) -> Self {
        let mut each: Vec<(String, usize)> = tools.iter().map(|t| (shown(t.name()), tokens(t))).collect();
        let tokens: usize = each.iter().map(|(_, tokens)| tokens).sum();
        each.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        each.truncate(5);
        Self {
            tokens,
            share: format!("{:.1}", tokens as f64 / 2000.0),
            heaviest: each,
        }
    }
}

/// What a model reads of a definition, at four bytes a token.
fn tokens(tool: &Tool) -> usize {
    let mut text = Vec::new();
    let mut read = tool.to_map();
    read.retain(|key, _| !matches!(key.as_str(), "_meta" | "icons" | "annotations" | "outputSchema"));
    // Writing to memory cannot fail.
    let _ = json::compact(&read, &mut text);
    text.len().div_ceil(4)
}

//! A tool's page as data: what it does, why it is labelled so, what raises the stakes, what it takes, what it is
//! related to. Says nothing of layout.

use serde::Serialize;

use super::marked::{self, Mark, Marked};
use super::milder::{self, LabelText, Milder};
use super::model::{ChangeLine, ServerLine, UNSURE, day, history, shorten, shown};
use super::parameters::{Annotation, Parameter, annotations, parameters};
use super::policies::{PolicyText, tool_policies};
use super::questions::{self, Question};
use super::references::{self, Reference};
use crate::assessment::Assessment;
use crate::catalogue::record::Record;
use crate::classify::Classifier;
use crate::label::Category;
use crate::manifest::Tool;
use crate::policy::plan::Plan;

/// A tool's page.
#[derive(Clone, Debug, Serialize)]
pub struct ToolPage {
    /// Its name.
    pub name: String,
    /// The title that the server gives it.
    pub title: Option<String>,
    /// Who offers it.
    pub server: ServerLine,
    /// Its label.
    pub label: LabelText,
    /// What the policy does with it.
    pub decision: &'static str,
    /// Why a person decided otherwise than the table.
    pub override_reason: Option<String>,
    /// How sure the label is, two decimals.
    pub confidence: String,
    /// Whether a person should look again.
    pub unsure: bool,
    /// The next likely category.
    pub runner_up: Option<&'static str>,
    /// What it does and to what, and why that is its label.
    pub rationale: String,
    /// The description, as the server's words.
    pub description: Option<Marked>,
    /// Other strings of the definition with marks in them.
    pub passages: Vec<Passage>,
    /// What the marks say, numbered from one.
    pub reasons: Vec<Reason>,
    /// What would have made it milder.
    pub milder: Vec<Milder>,
    /// Properties worth knowing.
    pub signals: Vec<SignalLine>,
    /// Operations, where it has several.
    pub operations: Vec<OperationLine>,
    /// How many operations are not listed.
    pub more_operations: usize,
    /// What the caller passes.
    pub parameters: Vec<Parameter>,
    /// What the server declares about it.
    pub annotations: Vec<Annotation>,
    /// Incidents and identifiers.
    pub references: Vec<&'static Reference>,
    /// The recommended policy in the formats that people use.
    pub policies: Vec<PolicyText>,
    /// The same tool elsewhere.
    pub same: Vec<RelatedTool>,
    /// Tools of the same effect elsewhere.
    pub similar: Vec<RelatedTool>,
    /// Questions with answers.
    pub questions: Vec<Question>,
    /// Changes since it was first read.
    pub history: Vec<ChangeLine>,
    /// Digest of the definition.
    pub digest: String,
    /// The day it was read.
    pub read_at: Option<String>,
}

/// A marked string of the definition.
#[derive(Clone, Debug, Serialize)]
pub struct Passage {
    /// What it is: `name`, `parameter path`, …
    pub what: String,
    /// The words.
    pub words: Marked,
}

/// What a rule said, and of which words.
#[derive(Clone, Debug, Serialize)]
pub struct Reason {
    /// The number beside its marks.
    pub number: usize,
    /// Its id.
    pub rule: String,
    /// The category it speaks for, or the signal it raises.
    pub says: String,
    /// See [`marked::Segment::tone`].
    pub tone: &'static str,
    /// What it added to that category against the runner-up, in hundredths of a nat.
    pub weight: i32,
    /// Why, from the rule book.
    pub why: Option<String>,
}

/// A signal with the words it rests on.
#[derive(Clone, Debug, Serialize)]
pub struct SignalLine {
    /// Its id.
    pub id: String,
    /// One line.
    pub title: String,
    /// The words, each once.
    pub words: Vec<String>,
}

/// One operation of several.
#[derive(Clone, Debug, Serialize)]
pub struct OperationLine {
    /// The parameter that chooses.
    pub parameter: String,
    /// Its value.
    pub value: String,
    /// What that does.
    pub label: LabelText,
    /// Whether the policy lets it pass.
    pub decision: &'static str,
}

/// A tool of another server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RelatedTool {
    /// Its name.
    pub name: String,
    /// Its server.
    pub server: String,
    /// Its page, from the root of the site.
    pub href: String,
    /// Its label.
    pub label: LabelText,
    /// Whether that differs from this tool's.
    pub differs: bool,
}

/// What a tool's page is made from.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The rules that decided.
    pub classifier: &'a Classifier,
    /// The tool's server.
    pub record: &'a Record,
    /// The plan of the server.
    pub plan: &'a Plan,
    /// Which tool.
    pub index: usize,
}

impl ToolPage {
    /// The page of one tool, with the tools elsewhere that are related to it: the same one, and those of the same
    /// effect.
    pub fn of(subject: Subject<'_>, same: Vec<RelatedTool>, similar: Vec<RelatedTool>) -> Self {
        let Subject {
            classifier,
            record,
            plan,
            index,
        } = subject;
        let server = &record.assessed.manifest.server;
        let tool = &record.assessed.manifest.tools[index];
        let assessment = &record.assessed.assessments[index];
        let (reasons, marks) = reasons(classifier, assessment);
        let own = plan.tools.iter().find(|t| t.name == assessment.name);
        let mut page = Self {
            name: shown(&assessment.name),
            title: tool.title().filter(|t| *t != assessment.name).map(shown),
            server: ServerLine::of(record),
            label: assessment.label().into(),
            decision: assessment.decision.name(),
            override_reason: assessment.override_reason.as_deref().map(shown),
            confidence: format!("{:.2}", assessment.confidence),
            unsure: assessment.confidence < UNSURE,
            runner_up: assessment.runner_up.map(Category::name),
            rationale: shown(&assessment.rationale),
            description: Marked::at(tool, "/description", &marks).filter(|m| !m.text().trim().is_empty()),
            passages: passages(tool, &marks),
            milder: milder::of(classifier, tool, assessment),
            signals: signals(assessment),
            operations: operations(classifier, assessment),
            more_operations: assessment.operations.len().saturating_sub(OPERATIONS),
            parameters: parameters(classifier, tool, assessment, &marks),
            annotations: annotations(tool, assessment),
            references: references::of(assessment, &server.name),
            policies: own.map_or_else(Vec::new, |own| tool_policies(plan, own, assessment)),
            same,
            similar,
            questions: Vec::new(),
            history: history(&record.history, Some(&assessment.name)),
            digest: assessment.digest.clone(),
            read_at: day(record),
            reasons,
        };
        page.questions = questions::of(&page, own, assessment);
        page
    }
}

/// The rules that spoke, each once and numbered, with the marks that carry the numbers.
fn reasons<'a>(classifier: &Classifier, assessment: &'a Assessment) -> (Vec<Reason>, Vec<Mark<'a>>) {
    let book = classifier.book();
    let mut reasons: Vec<Reason> = Vec::new();
    let mut marks = Vec::new();
    let label = assessment
        .evidence
        .iter()
        .map(|e| (e, e.says.map(|c| c.name().to_owned())));
    let signals = assessment
        .signals
        .iter()
        .flat_map(|s| s.evidence.iter().map(move |e| (e, Some(s.id.to_string()))));
    for (evidence, says) in label.chain(signals) {
        let says = says.unwrap_or_default();
        let tone = marked::tone(evidence);
        let known = reasons.iter_mut().find(|r| *r.rule == *evidence.rule && r.says == says);
        let number = if let Some(reason) = known {
            reason.weight = reason.weight.max(evidence.weight);
            reason.number
        } else {
            let why = book.rules().iter().find(|rule| rule.id == evidence.rule);
            reasons.push(Reason {
                number: reasons.len() + 1,
                rule: shown(&evidence.rule),
                says,
                tone,
                weight: evidence.weight,
                why: why.map(|rule| rule.why.clone()).filter(|why| !why.is_empty()),
            });
            reasons.len()
        };
        marks.push(Mark {
            evidence,
            reason: number,
            tone,
        });
    }
    (reasons, marks)
}

/// The marked strings that have no place of their own on the page: the name, the title, annotations, output.
fn passages(tool: &Tool, marks: &[Mark<'_>]) -> Vec<Passage> {
    let mut pointers: Vec<&str> = vec!["/name"];
    for mark in marks {
        let pointer = &*mark.evidence.pointer;
        let own_place = pointer == "/description" || crate::output::marks::parameter_of(pointer).is_some();
        if !own_place && !pointers.contains(&pointer) {
            pointers.push(pointer);
        }
    }
    let passage = |pointer: &str| {
        let words = Marked::at(tool, pointer, marks)?;
        words.is_marked().then(|| Passage {
            what: shown(&pointer[1..].replace('/', " › ")),
            words,
        })
    };
    pointers.into_iter().filter_map(passage).collect()
}

fn signals(assessment: &Assessment) -> Vec<SignalLine> {
    let line = |signal: &crate::assessment::Signal| {
        let mut words: Vec<String> = Vec::new();
        for evidence in &signal.evidence {
            let text = shorten(&shown(&evidence.text), 80);
            if !text.is_empty() && !words.contains(&text) && words.len() < 6 {
                words.push(text);
            }
        }
        SignalLine {
            id: signal.id.to_string(),
            title: signal.title.to_string(),
            words,
        }
    };
    assessment.signals.iter().map(line).collect()
}

fn operations(classifier: &Classifier, assessment: &Assessment) -> Vec<OperationLine> {
    let table = classifier.decisions();
    let mut operations: Vec<_> = assessment.operations.iter().collect();
    operations.sort_by_key(|o| std::cmp::Reverse(o.label().urgency()));
    let line = |operation: &&crate::assessment::Operation| OperationLine {
        parameter: shown(&operation.parameter),
        value: shown(&operation.value),
        label: operation.label().into(),
        decision: table.decide(operation.label()).name(),
    };
    operations.iter().take(OPERATIONS).map(line).collect()
}

/// Operations that are listed, the worst first.
const OPERATIONS: usize = 30;

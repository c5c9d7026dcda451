//! What stands on a tool's page and on a server's, as data: every format writes this down and decides nothing. A
//! section with nothing to say is empty and is left out by the formats.

use serde::Serialize;
use serde_json::Value;

use super::marked::{self, Mark, Marked};
use super::milder::{self, LabelText, Milder};
use super::questions::{self, Question};
use super::references::{self, Reference};
use crate::assessment::Assessment;
use crate::catalogue::record::{Change, Record};
use crate::classify::{Classifier, exposure};
use crate::label::{Category, Decision, Label};
use crate::manifest::{Server, Tool, Transport};
use crate::output::json;
use crate::policy::plan::{Plan, ToolPlan};
use crate::policy::target::{self, Options, Target};
use crate::policy::write;
use crate::report::{Assessed, Summary};
use crate::text::{cells, escape};

/// The programs whose files a page offers, the native one first. Every other is a command away.
pub const TARGETS: [&str; 8] = [
    "policylayer",
    "claude-code",
    "vscode",
    "cursor",
    "codex",
    "gemini-cli",
    "opencode",
    "intercept",
];

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

/// A server in a line.
#[derive(Clone, Debug, Serialize)]
pub struct ServerLine {
    /// Its name.
    pub name: String,
    /// The version that it declares.
    pub version: Option<String>,
    /// How to reach it: an address or a command; `None` where that would name a place on somebody's disk.
    pub origin: Option<String>,
    /// How many tools it has.
    pub tools: usize,
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

/// What the caller passes.
#[derive(Clone, Debug, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type in words.
    pub kind: String,
    /// Whether it must be given.
    pub required: bool,
    /// What it is when it is not given.
    pub default: Option<String>,
    /// The values it may have.
    pub values: Vec<String>,
    /// How many values are not listed.
    pub more_values: usize,
    /// What the server says about it.
    pub description: Option<Marked>,
    /// What it contributes to the label and the signals.
    pub contributes: Vec<String>,
}

/// What the server declares.
#[derive(Clone, Debug, Serialize)]
pub struct Annotation {
    /// `readOnlyHint`, …
    pub hint: String,
    /// What is declared.
    pub declared: bool,
    /// `agrees`, `contradicts` or `claim`.
    pub verdict: &'static str,
    /// What that means.
    pub says: String,
}

/// A policy in one program's format.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyText {
    /// The program's id.
    pub id: &'static str,
    /// Its name.
    pub title: &'static str,
    /// Its file.
    pub file: &'static str,
    /// Where that file lives.
    pub lives: &'static str,
    /// The file's text; empty where the program cannot hold it.
    pub text: String,
    /// What cannot be said, and what its user must know.
    pub notes: Vec<String>,
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

/// A change between two readings.
#[derive(Clone, Debug, Serialize)]
pub struct ChangeLine {
    /// The day.
    pub at: String,
    /// The tool.
    pub tool: String,
    /// What happened, for people.
    pub says: String,
    /// `worse`, `milder`, `new`, `gone` or `same`.
    pub kind: &'static str,
}

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

/// A confidence under this wants a second look.
pub const UNSURE: f64 = 0.7;

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

impl ServerLine {
    /// The line of a record's server.
    pub fn of(record: &Record) -> Self {
        let server = &record.assessed.manifest.server;
        Self {
            name: shown(&server.name),
            version: server.version.as_deref().map(shown),
            origin: public_origin(server),
            tools: record.assessed.assessments.len(),
        }
    }
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

/// Text as pages show it: on one line, with control and hidden characters as escapes.
pub fn shown(text: &str) -> String {
    escape::one_line(text).into_owned()
}

/// At most this many characters, the last one an ellipsis where some were left out.
pub fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

/// The first sentence of a description, short.
pub fn first_sentence(tool: &Tool) -> String {
    let text = tool.description().unwrap_or_default();
    let first = cells::sentences(text).into_iter().next().unwrap_or(0..0);
    let line: String = text[first].split_whitespace().collect::<Vec<_>>().join(" ");
    shorten(&shown(&line), 140)
}

/// Where a server is reached. A path on a disk is nobody's business but its owner's.
fn public_origin(server: &Server) -> Option<String> {
    (server.transport != Transport::File).then(|| shown(&server.origin))
}

fn day(record: &Record) -> Option<String> {
    record.read_at.map(date)
}

fn date(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
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
/// Bytes of policies on a tool's page; one that does not fit is a command away.
const POLICIES: usize = 10_000;
/// Values that are listed.
const VALUES: usize = 12;
/// Parameters that are listed; more is a schema to be read, not a page.
const PARAMETERS: usize = 40;

fn parameters(classifier: &Classifier, tool: &Tool, assessment: &Assessment, marks: &[Mark<'_>]) -> Vec<Parameter> {
    let Some(schema) = tool.input_schema() else {
        return Vec::new();
    };
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Vec::new();
    };
    let required = |name: &str| {
        let names = schema.get("required").and_then(Value::as_array);
        names.is_some_and(|names| names.iter().any(|n| n == name))
    };
    let fired = classifier.fired(tool);
    let key = tool.schema_key().unwrap_or_default();
    let one = |(name, schema): (&String, &Value)| {
        let pointer = format!("/{key}/properties/{}", name.replace('~', "~0").replace('/', "~1"));
        let within = |at: &str| at == pointer || at.strip_prefix(&pointer).is_some_and(|rest| rest.starts_with('/'));
        let mut contributes: Vec<String> = Vec::new();
        for evidence in marked::evidence(assessment)
            .chain(&fired)
            .filter(|e| within(&e.pointer))
        {
            let rule = classifier.book().rules().iter().find(|r| r.id == evidence.rule);
            if let Some(rule) = rule.filter(|r| !r.why.is_empty() && !contributes.contains(&r.why)) {
                contributes.push(rule.why.clone());
            }
        }
        let all = schema.get("enum").and_then(Value::as_array);
        let values = all.map_or(&[][..], Vec::as_slice);
        Parameter {
            name: shown(name),
            kind: kind(schema, 0),
            required: required(name),
            default: schema
                .get("default")
                .filter(|d| !d.is_null())
                .map(|d| shorten(&plain(d), 60)),
            values: values.iter().take(VALUES).map(|v| shorten(&plain(v), 60)).collect(),
            more_values: values.len().saturating_sub(VALUES),
            description: Marked::at(tool, &format!("{pointer}/description"), marks)
                .filter(|m| !m.text().trim().is_empty()),
            contributes,
        }
    };
    let mut parameters: Vec<Parameter> = properties.iter().take(PARAMETERS).map(one).collect();
    // What must be given first; the server's order within.
    parameters.sort_by_key(|p| !p.required);
    parameters
}

/// A value as text.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => shown(text),
        other => shown(&other.to_string()),
    }
}

/// The type of a schema in words.
fn kind(schema: &Value, depth: usize) -> String {
    if depth > 3 {
        return "…".to_owned();
    }
    let list = |values: &[Value]| {
        let mut kinds: Vec<String> = values.iter().map(|v| kind(v, depth + 1)).collect();
        kinds.dedup();
        kinds.truncate(4);
        kinds.join(" or ")
    };
    for key in ["anyOf", "oneOf"] {
        if let Some(Value::Array(values)) = schema.get(key) {
            return list(values);
        }
    }
    match schema.get("type") {
        Some(Value::String(name)) if name == "array" => match schema.get("items") {
            Some(items @ Value::Object(_)) => format!("array of {}", kind(items, depth + 1)),
            _ => "array".to_owned(),
        },
        Some(Value::String(name)) => shorten(&shown(name), 40),
        Some(Value::Array(names)) => {
            let names: Vec<String> = names.iter().take(4).map(plain).collect();
            names.join(" or ")
        }
        _ if schema.get("enum").is_some() => "one of".to_owned(),
        _ => "anything".to_owned(),
    }
}

fn annotations(tool: &Tool, assessment: &Assessment) -> Vec<Annotation> {
    let hints = ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"];
    let one = |hint: &&str| {
        let declared = tool.hint(hint)?;
        let conflict = assessment.conflicts.iter().find(|c| c.hint == **hint);
        let (verdict, says) = match (conflict, *hint) {
            (Some(conflict), _) => ("contradicts", shown(&conflict.message)),
            (None, "readOnlyHint" | "destructiveHint") => {
                ("agrees", "nothing in the definition contradicts it".to_owned())
            }
            (None, "idempotentHint") if declared => (
                "claim",
                "a claim: that repeating a call changes nothing more cannot be read from a definition".to_owned(),
            ),
            (None, "openWorldHint") if declared => {
                ("claim", "it reaches things outside of the server's own".to_owned())
            }
            (None, _) => ("claim", "a claim that a definition cannot prove".to_owned()),
        };
        Some(Annotation {
            hint: (*hint).to_owned(),
            declared,
            verdict,
            says,
        })
    };
    hints.iter().filter_map(one).collect()
}

/// Chosen targets.
pub fn targets() -> impl Iterator<Item = &'static Target> {
    TARGETS.iter().filter_map(|id| target::find(id))
}

fn tool_policies(plan: &Plan, own: &ToolPlan, assessment: &Assessment) -> Vec<PolicyText> {
    let alone = Plan {
        server: plan.server.clone(),
        tools: vec![own.clone()],
        native: assessment.policy.clone(),
    };
    let mut policies = texts(&alone);
    let mut room = POLICIES;
    for policy in &mut policies {
        if policy.text.len() > room {
            policy.notes = vec![format!(
                "{} bytes, too many for a page: `mcpclass policy --for {}` writes it",
                policy.text.len(),
                policy.id
            )];
            policy.text.clear();
        }
        room -= policy.text.len();
    }
    policies
}

fn server_policies(plan: &Plan) -> Vec<PolicyText> {
    texts(plan)
}

fn texts(plan: &Plan) -> Vec<PolicyText> {
    let plans = std::slice::from_ref(plan);
    let options = Options::default();
    targets()
        .filter_map(|target| {
            let form = target.forms.first()?;
            let mut policy = PolicyText {
                id: target.id,
                title: target.title,
                file: form.file,
                lives: form.lives,
                text: String::new(),
                notes: Vec::new(),
            };
            match write::one(target, form, plans, &options) {
                Ok(written) => {
                    policy.text = written.files.into_iter().map(|f| f.text).collect();
                    policy.notes = write::describe(&written.losses)
                        .iter()
                        .map(|line| shown(line))
                        .collect();
                    policy.notes.push(target.caution.to_owned());
                }
                Err(why) => policy.notes.push(shown(&why)),
            }
            Some(policy)
        })
        .collect()
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
    let read: serde_json::Map<String, Value> = tool
        .raw()
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "_meta" | "icons" | "annotations" | "outputSchema"))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    // Writing to memory cannot fail.
    let _ = json::compact(&read, &mut text);
    text.len().div_ceil(4)
}

/// Newest first; of one tool or of all.
fn history(changes: &[Change], tool: Option<&str>) -> Vec<ChangeLine> {
    let name = |label: Label| label.to_string();
    let line = |change: &Change| {
        let (kind, says) = match (change.was, change.is) {
            (None, Some(is)) => ("new", format!("new: {}", name(is))),
            (Some(was), None) => ("gone", format!("gone; it was {}", name(was))),
            (Some(was), Some(is)) if was == is => ("same", format!("the definition changed; still {}", name(is))),
            (Some(was), Some(is)) => {
                let worse = is.urgency() > was.urgency();
                (
                    if worse { "worse" } else { "milder" },
                    format!("{} became {}", name(was), name(is)),
                )
            }
            (None, None) => ("same", "unknown".to_owned()),
        };
        ChangeLine {
            at: date(change.at),
            tool: shown(&change.tool),
            says: if change.by_rules {
                format!("{says} (by a change of our rules)")
            } else {
                says
            },
            kind,
        }
    };
    let wanted = changes.iter().rev().filter(|c| tool.is_none_or(|t| c.tool == t));
    wanted.take(50).map(line).collect()
}

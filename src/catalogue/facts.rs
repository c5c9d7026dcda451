//! Records as facts alone: who, which version, names of tools and parameters, labels, signals, the few words that
//! matched, digests. No sentence of the servers' authors, so that a catalogue of them can be given to anyone. One
//! server a line of JSON. Pure.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::record::Record;
use crate::assessment::{Assessment, Conflict, Evidence, Operation, Signal};
use crate::label::{Category, Decision, Risk};
use crate::manifest::{Manifest, Server, Tool, Transport};
use crate::policy::decide::DecisionTable;
use crate::policy::native::{Policy, Subject};
use crate::report::Assessed;
use crate::text::escape::one_line;
use crate::tree::Node;

/// Matched words longer than this are more than words.
const MOST_WORDS: usize = 4;
const MOST_BYTES: usize = 48;
/// Values of parameters longer than this are more than names.
const MOST_VALUE: usize = 64;

/// The facts of a server.
#[derive(Debug, Serialize, Deserialize)]
pub struct Facts {
    name: String,
    version: Option<String>,
    origin: String,
    transport: Transport,
    tools: Vec<ToolFacts>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ToolFacts {
    name: String,
    parameters: Vec<String>,
    category: Category,
    risk: Risk,
    confidence: f64,
    runner_up: Option<Category>,
    decision: Decision,
    operations: Vec<Operation>,
    signals: Vec<Signal>,
    evidence: Vec<Evidence>,
    conflicts: Vec<(String, bool)>,
    digest: String,
}

impl Facts {
    /// Takes the facts out of a record.
    pub fn of(record: &Record) -> Self {
        let Assessed { manifest, assessments } = &record.assessed;
        let server = &manifest.server;
        let tools = manifest.tools.iter().zip(assessments);
        Self {
            name: server.name.clone(),
            version: server.version.clone(),
            origin: server.origin.clone(),
            transport: server.transport,
            tools: tools
                .map(|(tool, assessment)| ToolFacts::of(tool, assessment))
                .collect(),
        }
    }

    /// Reads a line that [`Self::of`] wrote.
    pub fn read(line: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(line)
    }

    /// A record of these facts: its tools have names and parameters, and what was decided stands.
    pub fn into_record(self) -> Record {
        let mut server = Server::from_file(self.name, self.origin);
        server.version = self.version;
        server.transport = self.transport;
        let decisions = DecisionTable::default();
        let mut manifest = Manifest {
            server,
            tools: Vec::with_capacity(self.tools.len()),
            problems: Vec::new(),
        };
        let mut assessments = Vec::with_capacity(self.tools.len());
        for facts in self.tools {
            // An object with a name is always a tool.
            if let Ok(tool) = Tool::from_value(&facts.definition()) {
                manifest.tools.push(tool);
                assessments.push(facts.into_assessment(&decisions));
            }
        }
        Record::new(Assessed { manifest, assessments })
    }
}

impl ToolFacts {
    fn of(tool: &Tool, assessment: &Assessment) -> Self {
        let short = |operation: &&Operation| operation.value.len() <= MOST_VALUE;
        let signals = assessment.signals.iter().map(|signal| Signal {
            evidence: words(&signal.evidence),
            ..signal.clone()
        });
        let conflicts = assessment.conflicts.iter();
        let parameters = tool.properties().into_iter().flat_map(Node::entries);
        Self {
            name: assessment.name.clone(),
            parameters: parameters.map(|(name, _)| name.to_owned()).collect(),
            category: assessment.category,
            risk: assessment.risk,
            confidence: assessment.confidence,
            runner_up: assessment.runner_up,
            decision: assessment.decision,
            operations: assessment.operations.iter().filter(short).cloned().collect(),
            signals: signals.collect(),
            evidence: words(&assessment.evidence),
            conflicts: conflicts
                .map(|conflict| (conflict.hint.clone(), conflict.declared))
                .collect(),
            digest: assessment.digest.clone(),
        }
    }

    fn definition(&self) -> Value {
        let properties: Map<String, Value> = self.parameters.iter().map(|name| (name.clone(), json!({}))).collect();
        json!({"name": self.name, "inputSchema": {"type": "object", "properties": properties}})
    }

    /// The assessment, with a rationale and a policy that say no more than the facts do.
    fn into_assessment(self, decisions: &DecisionTable) -> Assessment {
        let label = crate::label::Label::new(self.category, self.risk);
        let reason = label.to_string();
        let subject = Subject {
            name: &self.name,
            label,
            operations: &self.operations,
            decision: self.decision,
            reason: &reason,
            overridden: false,
            // Facts hold no defaults.
            default_operation: None,
        };
        let policy = Policy::of(subject, decisions);
        let rationale = self.rationale();
        let conflicts = self.conflicts.into_iter().map(|(hint, declared)| Conflict {
            message: format!("it declares {hint}: {declared}, and is {label}"),
            hint,
            declared,
        });
        Assessment {
            category: self.category,
            risk: self.risk,
            confidence: self.confidence,
            runner_up: self.runner_up,
            conflicts: conflicts.collect(),
            decision: self.decision,
            policy,
            digest: self.digest,
            override_reason: None,
            carriers: Vec::new(),
            name: self.name,
            operations: self.operations,
            signals: self.signals,
            evidence: self.evidence,
            rationale,
        }
    }

    fn rationale(&self) -> String {
        let mut words: Vec<String> = self
            .evidence
            .iter()
            .map(|e| format!("\"{}\"", one_line(&e.text)))
            .collect();
        words.dedup();
        words.truncate(5);
        let mut text = format!("{}, {}", self.category, self.risk);
        if !words.is_empty() {
            text.push_str(" by the words ");
            text.push_str(&words.join(", "));
        }
        text.push('.');
        for signal in &self.signals {
            text.push(' ');
            text.push_str(&signal.title);
            text.push('.');
        }
        text
    }
}

/// The evidence whose words are few enough to be facts.
fn words(evidence: &[Evidence]) -> Vec<Evidence> {
    let few = |e: &&Evidence| e.text.len() <= MOST_BYTES && e.text.split_whitespace().count() <= MOST_WORDS;
    evidence.iter().filter(few).cloned().collect()
}

//! From a tool to its assessment: pure, deterministic, the same for a tool wherever it stands. Reads the definition
//! ([`definition`]), adds up the scorecard ([`verdict`]), and says why ([`rationale`], [`signals`]).

mod deed;
mod definition;
pub mod exposure;
mod facets;
mod foreign;
pub(crate) mod hints;
mod name;
mod params;
mod prose;
mod rationale;
mod reading;
mod signals;
mod strings;
mod told;
mod verbs;
pub mod verdict;

use crate::assessment::{Assessment, Evidence, Signal};
use crate::digest;
use crate::manifest::{Manifest, Tool};
use crate::policy::decide::DecisionTable;
use crate::policy::native::{Policy, Subject, default_operation};
use crate::report::Assessed;
use crate::rules::RuleBook;
use crate::rules::weights::{Feature, Manner, Weights};
use crate::rules::words::Stand;
use crate::text::words::Token;
use definition::Definition;
use exposure::{Exposure, IMPERSONATES};
use verdict::Verdict;

/// Whether declared annotations may raise a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Annotations {
    /// Claims are weighed: they can raise, never lower.
    #[default]
    Weigh,
    /// The classifier does not see them: for measuring.
    Hide,
}

/// Room for what is read of a tool, used again from one tool to the next: the texts of tools are long, and their words
/// many.
#[derive(Debug, Default)]
pub struct Workspace {
    tokens: Vec<Token>,
    canonical: String,
}

/// The rule book, made ready, with the decision table.
#[derive(Debug)]
pub struct Classifier {
    book: RuleBook,
    decisions: DecisionTable,
    annotations: Annotations,
}

impl Classifier {
    /// A classifier of this book and table.
    pub fn new(book: RuleBook, decisions: DecisionTable, annotations: Annotations) -> Self {
        Self {
            book,
            decisions,
            annotations,
        }
    }

    /// Digest of the rule book.
    pub fn rules_digest(&self) -> &str {
        self.book.digest()
    }

    /// The rule book.
    pub fn book(&self) -> &RuleBook {
        &self.book
    }

    /// The decision table.
    pub fn decisions(&self) -> &DecisionTable {
        &self.decisions
    }

    /// Assesses every tool of a manifest.
    pub fn assess_all(&self, manifest: Manifest) -> Assessed {
        let assessments = manifest
            .tools
            .iter()
            .map(|tool| self.assess(tool, Some(&manifest.server.name)))
            .collect();
        Assessed { manifest, assessments }
    }

    /// What a server's tools open together, and what its instructions hold.
    pub fn exposure(&self, assessed: &Assessed) -> Exposure {
        self.exposures(std::slice::from_ref(assessed)).remove(0)
    }

    /// The same of servers that are used beside each other, so that one's tools can be taken for another's.
    pub fn exposures(&self, servers: &[Assessed]) -> Vec<Exposure> {
        let alone = |assessed: &Assessed| {
            let instructions = assessed.manifest.server.instructions.as_deref();
            let signals = instructions.map(|text| signals::of_text(&self.book, text, "/instructions"));
            Exposure::of(assessed, signals.unwrap_or_default())
        };
        let mut all: Vec<Exposure> = servers.iter().map(alone).collect();
        Exposure::compare(&mut all, servers);
        let known = self.book.signals().iter().find(|signal| &*signal.id == IMPERSONATES);
        if let Some(known) = known {
            for (exposure, server) in all.iter_mut().zip(servers) {
                exposure.raise(&known.title, &server.assessments);
            }
        }
        all
    }

    /// Assesses one tool. The server's name serves only to find overrides; it never changes a label.
    pub fn assess(&self, tool: &Tool, server: Option<&str>) -> Assessment {
        self.assess_in(tool, server, &mut Workspace::default())
    }

    /// The same, for whoever assesses many, one after the other.
    pub fn assess_in(&self, tool: &Tool, server: Option<&str>, workspace: &mut Workspace) -> Assessment {
        let tokens = std::mem::take(&mut workspace.tokens);
        let definition = Definition::read_in(&self.book, tool, tokens);
        let verdict = Verdict::of(&self.book, &definition, tool, self.annotations);
        let canonical = &mut workspace.canonical;
        digest::canonical(tool, canonical);
        let signals = signals::of(&self.book, &definition, &verdict, tool, canonical);
        let rationale = rationale::write(&self.book, &definition, &verdict, &signals, tool);
        let found = self.decisions.override_for(server, tool.name());
        let decision = found.map_or_else(|| self.decisions.decide(verdict.label), |o| o.decision);
        let subject = Subject {
            name: tool.name(),
            label: verdict.label,
            operations: &verdict.operations,
            default_operation: default_operation(tool, &verdict.operations),
            decision,
            reason: &rationale.reason,
            overridden: found.is_some(),
        };
        let assessment = Assessment {
            name: tool.name().to_owned(),
            category: verdict.label.category,
            risk: verdict.label.risk,
            confidence: f64::from(verdict.confidence) / 1000.0,
            runner_up: Some(verdict.runner_up),
            policy: Policy::of(subject, &self.decisions),
            operations: verdict.operations,
            signals,
            evidence: verdict.evidence,
            rationale: rationale.text,
            conflicts: verdict.conflicts,
            decision,
            digest: digest::of_canonical(canonical),
            override_reason: found.map(|o| o.reason.clone()),
            carriers: verdict::carriers(&definition),
        };
        workspace.tokens = definition.prose.tokens;
        assessment
    }

    /// The features that fire on a tool, for fitting the scorecard.
    pub fn features(&self, tool: &Tool) -> Vec<Feature> {
        Definition::read(&self.book, tool).features
    }

    /// The words of a tool that may say something by themselves, each once with its place, for fitting their table.
    pub fn words(&self, tool: &Tool) -> Vec<(Stand, String)> {
        hints::words(&self.book, tool)
    }

    /// What the verbs of a tool speak of, for fitting.
    pub fn verbs(&self, tool: &Tool) -> Manner {
        Definition::read(&self.book, tool).verbs
    }

    /// Every rule that fired on a tool and where, for `rules test` and `rules show`.
    pub fn fired(&self, tool: &Tool) -> Vec<Evidence> {
        let definition = Definition::read(&self.book, tool);
        let mut fired = definition.everything(&self.book, tool);
        fired.extend(self.signals(&definition, tool).into_iter().flat_map(|s| s.evidence));
        fired
    }

    /// Whether a rule fires on a tool.
    pub fn fires(&self, rule: &str, tool: &Tool) -> bool {
        let definition = Definition::read(&self.book, tool);
        let raised = |signal: &Signal| signal.evidence.iter().any(|e| &*e.rule == rule);
        definition.fires(&self.book, rule) || self.signals(&definition, tool).iter().any(raised)
    }

    fn signals(&self, definition: &Definition, tool: &Tool) -> Vec<Signal> {
        let verdict = Verdict::of(&self.book, definition, tool, self.annotations);
        let mut canonical = String::new();
        digest::canonical(tool, &mut canonical);
        signals::of(&self.book, definition, &verdict, tool, &canonical)
    }

    /// The same classifier with another scorecard: for cross-validation.
    #[must_use]
    pub fn with_weights(mut self, weights: Weights) -> Self {
        self.book.weights = weights;
        self
    }
}

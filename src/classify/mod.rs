//! From a tool to its assessment: pure, deterministic, the same for a tool wherever it stands.

use crate::assessment::Assessment;
use crate::digest;
use crate::label::{Category, Label, Risk};
use crate::manifest::{Manifest, Tool};
use crate::policy::decide::DecisionTable;
use crate::policy::native::{Policy, Subject};
use crate::report::Assessed;

/// The rule book, made ready, with the decision table.
#[derive(Debug)]
pub struct Classifier {
    decisions: DecisionTable,
    rules_digest: String,
}

impl Classifier {
    /// With the rule book that is part of the program.
    pub fn embedded(decisions: DecisionTable) -> Self {
        Self {
            decisions,
            rules_digest: digest::of_bytes([]),
        }
    }

    /// Digest of the rule book.
    pub fn rules_digest(&self) -> &str {
        &self.rules_digest
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

    /// Assesses one tool. The server's name serves only to strip it from the tool's name and to find
    /// overrides; it never makes a label milder.
    pub fn assess(&self, tool: &Tool, server: Option<&str>) -> Assessment {
        let name = tool.name();
        let has = |words: &[&str]| words.iter().any(|w| name.to_lowercase().contains(w));
        let label = if has(&["delete", "clear"]) {
            Label::new(Category::Destructive, Risk::Critical)
        } else if has(&["run", "exec"]) {
            Label::new(Category::Execute, Risk::Critical)
        } else if has(&["set", "create", "update"]) {
            Label::new(Category::Write, Risk::Medium)
        } else {
            Label::new(Category::Read, Risk::Low)
        };
        let found = self.decisions.override_for(server, name);
        let decision = found.map_or_else(|| self.decisions.decide(label), |o| o.decision);
        let subject = Subject {
            name,
            label,
            operations: &[],
            decision,
            reason: "stub",
            overridden: found.is_some(),
        };
        Assessment {
            name: name.to_owned(),
            category: label.category,
            risk: label.risk,
            confidence: 0.5,
            runner_up: None,
            operations: Vec::new(),
            signals: Vec::new(),
            evidence: Vec::new(),
            rationale: String::new(),
            conflicts: Vec::new(),
            decision,
            policy: Policy::of(subject, &self.decisions),
            digest: digest::of_tool(tool),
            override_reason: found.map(|o| o.reason.clone()),
        }
    }
}

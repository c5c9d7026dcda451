//! A scan's result: each server's manifest beside the assessments of its tools, and the summary and policy
//! that follow from them. Every output format is a function of this; nothing here prints.

use serde::Serialize;

use crate::assessment::Assessment;
use crate::classify::Classifier;
use crate::classify::exposure::Exposure;
use crate::label::{Category, Risk};
use crate::manifest::{Manifest, Problem, Server};
use crate::policy::native::Policy;

/// The version of the JSON contract that [`Report`] serialises to.
pub const SCHEMA: &str = "mcpclass/1";

/// One server, read and assessed. `assessments[i]` is about `manifest.tools[i]`.
#[derive(Clone, Debug)]
pub struct Assessed {
    /// What the server said.
    pub manifest: Manifest,
    /// What was decided about each tool.
    pub assessments: Vec<Assessment>,
}

impl Assessed {
    /// Counts by category and risk.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary {
            tools: self.assessments.len(),
            ..Summary::default()
        };
        for assessment in &self.assessments {
            match assessment.category {
                Category::Read => summary.category.read += 1,
                Category::Write => summary.category.write += 1,
                Category::Destructive => summary.category.destructive += 1,
                Category::Execute => summary.category.execute += 1,
            }
            match assessment.risk {
                Risk::Low => summary.risk.low += 1,
                Risk::Medium => summary.risk.medium += 1,
                Risk::Critical => summary.risk.critical += 1,
            }
        }
        summary
    }

    /// The native policy of the whole server.
    pub fn policy(&self) -> Policy {
        Policy::merge(self.assessments.iter().map(|a| &a.policy))
    }

    /// Indices into `assessments`, the ones a person should look at first at the front; ties by name.
    pub fn worst_first(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.assessments.len()).collect();
        order.sort_by(|&a, &b| {
            let (a, b) = (&self.assessments[a], &self.assessments[b]);
            b.label()
                .urgency()
                .cmp(&a.label().urgency())
                .then_with(|| a.name.cmp(&b.name))
        });
        order
    }
}

/// Counts of one server's tools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// All tools.
    pub tools: usize,
    /// By category.
    pub category: CategoryCounts,
    /// By risk.
    pub risk: RiskCounts,
}

/// Tools of each category, in the contract's order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the names say it")]
pub struct CategoryCounts {
    pub read: usize,
    pub write: usize,
    pub destructive: usize,
    pub execute: usize,
}

/// Tools of each risk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct RiskCounts {
    pub low: usize,
    pub medium: usize,
    pub critical: usize,
}

/// The JSON document of a scan.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Which program and rule book decided.
    pub mcpclass: Producer<'a>,
    /// One entry a server, in the order they were named.
    pub servers: Vec<ServerReport<'a>>,
}

/// Which program and rule book decided.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Producer<'a> {
    /// This program's version.
    pub version: &'static str,
    /// Digest of the rule book.
    pub rules: &'a str,
}

/// One server in the JSON document.
#[derive(Debug, Serialize)]
pub struct ServerReport<'a> {
    /// Who answered.
    pub server: &'a Server,
    /// Counts.
    pub summary: Summary,
    /// An assessment a tool, in the server's order.
    pub tools: &'a [Assessment],
    /// The server's policy.
    pub policy: Policy,
    /// What its tools open together, names that people mistake, signals of its instructions.
    #[serde(flatten)]
    pub exposure: Exposure,
    /// What could not be used.
    pub problems: &'a [Problem],
}

impl<'a> Report<'a> {
    /// The document of these servers, which `classifier` has assessed.
    pub fn new(servers: &'a [Assessed], classifier: &'a Classifier) -> Self {
        Self {
            schema: SCHEMA,
            mcpclass: Producer {
                version: env!("CARGO_PKG_VERSION"),
                rules: classifier.rules_digest(),
            },
            servers: servers
                .iter()
                .zip(classifier.exposures(servers))
                .map(|(server, exposure)| ServerReport::new(server, exposure))
                .collect(),
        }
    }
}

impl<'a> ServerReport<'a> {
    fn new(assessed: &'a Assessed, exposure: Exposure) -> Self {
        Self {
            server: &assessed.manifest.server,
            summary: assessed.summary(),
            tools: &assessed.assessments,
            policy: assessed.policy(),
            exposure,
            problems: &assessed.manifest.problems,
        }
    }
}

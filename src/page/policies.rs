//! The part of a page about policies: the recommended one, in the formats that people use most.

use serde::Serialize;

use super::model::shown;
use crate::assessment::Assessment;
use crate::policy::plan::{Plan, ToolPlan};
use crate::policy::target::{self, Options, Target};
use crate::policy::write;

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

/// Bytes of policies on a tool's page; one that does not fit is a command away.
const POLICIES: usize = 10_000;

/// Chosen targets.
pub fn targets() -> impl Iterator<Item = &'static Target> {
    TARGETS.iter().filter_map(|id| target::find(id))
}

pub(super) fn tool_policies(plan: &Plan, own: &ToolPlan, assessment: &Assessment) -> Vec<PolicyText> {
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

pub(super) fn server_policies(plan: &Plan) -> Vec<PolicyText> {
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

//! The native `policy.json`: default deny; hide what destroys, cap what writes, allow what reads.
//! Owns the document's shape and how one tool's decision is written in it.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::assessment::Operation;
use crate::label::{Decision, Label};
use crate::manifest::Tool;
use crate::policy::decide::DecisionTable;

/// A whole document, for one tool or for a server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Always `"1"`.
    pub version: Cow<'static, str>,
    /// Always `"deny"`: what is not listed is refused.
    pub default: Cow<'static, str>,
    /// Tools that the agent does not see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hide: Vec<String>,
    /// Tools that may be called, and under which conditions, in the server's order.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub tools: IndexMap<String, Entry>,
}

/// One tool under `tools`; `{}` allows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Refusals: each applies when all of its conditions hold; none means always.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deny_if: Vec<DenyRule>,
    /// Caps on the number of calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
}

/// A refusal and what the agent is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DenyRule {
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// What the agent is told.
    pub on_deny: String,
}

/// A test of one argument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// `args.NAME`.
    pub path: String,
    /// The operator, for example `in`.
    pub op: String,
    /// What it compares with.
    pub value: Vec<String>,
}

/// A cap on the number of calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// Name of the counter, `TOOL_rate`.
    pub counter: String,
    /// `minute`.
    pub window: Cow<'static, str>,
    /// Calls in a window.
    pub max: u32,
    /// `grant`: counted for each client that was granted access.
    pub scope: Cow<'static, str>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            version: "1".into(),
            default: "deny".into(),
            hide: Vec::new(),
            tools: IndexMap::new(),
        }
    }
}

/// What the native form needs to know of a tool.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its label.
    pub label: Label,
    /// Its operations, where it has several.
    pub operations: &'a [Operation],
    /// The operation that a call does which names none, where the schema says so.
    pub default_operation: Option<&'a str>,
    /// The decision about it.
    pub decision: Decision,
    /// Why a person should be asked: the REASON of `Requires human approval: REASON`.
    pub reason: &'a str,
    /// Whether a person set the decision; then operations are not split.
    pub overridden: bool,
}

impl Policy {
    /// The policy of one tool.
    pub fn of(subject: Subject<'_>, table: &DecisionTable) -> Self {
        let mut policy = Self::default();
        policy.add(subject, table);
        policy
    }

    /// The policy of a server: every tool's own, in order.
    pub fn merge<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut whole = Self::default();
        for part in parts {
            for name in &part.hide {
                if !whole.hide.contains(name) {
                    whole.hide.push(name.clone());
                }
            }
            for (name, entry) in &part.tools {
                whole
                    .tools
                    .entry(name.clone())
                    .and_modify(|first| first.tighten(entry))
                    .or_insert_with(|| entry.clone());
            }
        }
        whole.tools.retain(|name, _| !whole.hide.contains(name));
        whole
    }

    fn add(&mut self, subject: Subject<'_>, table: &DecisionTable) {
        let name = subject.name.to_owned();
        if let Some(entry) = split(subject, table) {
            self.tools.insert(name, entry);
            return;
        }
        match subject.decision {
            Decision::Hide => self.hide.push(name),
            Decision::Deny => {
                let refusal = DenyRule {
                    conditions: Vec::new(),
                    on_deny: format!("Denied: {}", subject.reason),
                };
                self.tools.insert(
                    name,
                    Entry {
                        deny_if: vec![refusal],
                        limits: Vec::new(),
                    },
                );
            }
            Decision::Ask => {
                let on_deny = format!("Requires human approval: {}", subject.reason);
                let refusal = DenyRule {
                    conditions: Vec::new(),
                    on_deny,
                };
                self.tools.insert(
                    name,
                    Entry {
                        deny_if: vec![refusal],
                        limits: Vec::new(),
                    },
                );
            }
            Decision::Limit => {
                let limit = limit(subject.name, table.rate(subject.label.category));
                self.tools.insert(
                    name,
                    Entry {
                        deny_if: Vec::new(),
                        limits: vec![limit],
                    },
                );
            }
            Decision::Allow => {
                self.tools.insert(name, Entry::default());
            }
        }
    }
}

impl Entry {
    /// Adds what another definition of the same name refuses and caps: a server that lists a name twice must not
    /// soften its first definition by the second.
    fn tighten(&mut self, other: &Self) {
        for rule in &other.deny_if {
            if !self.deny_if.contains(rule) {
                self.deny_if.push(rule.clone());
            }
        }
        for limit in &other.limits {
            match self.limits.iter_mut().find(|l| l.counter == limit.counter) {
                Some(first) => first.max = first.max.min(limit.max),
                None => self.limits.push(limit.clone()),
            }
        }
    }
}

/// The operation that a call does which names none: the schema's default of the argument that chooses it.
pub fn default_operation<'a>(tool: &'a Tool, operations: &[Operation]) -> Option<&'a str> {
    let parameter = &operations.first()?.parameter;
    let schema = tool.properties()?.get(parameter)?;
    schema.get("default")?.as_str()
}

/// A cap of `max` calls a minute.
pub fn limit(tool: &str, max: u32) -> Limit {
    Limit {
        counter: [tool, "_rate"].concat(),
        window: "minute".into(),
        max,
        scope: "grant".into(),
    }
}

/// The entry that keeps a tool's harmless operations and refuses the others; `None` where it has none of
/// one kind or the other, or a person decided about the tool as a whole.
fn split(subject: Subject<'_>, table: &DecisionTable) -> Option<Entry> {
    let callable = |o: &&Operation| matches!(table.decide(o.label()), Decision::Allow | Decision::Limit);
    let (kept, refused): (Vec<&Operation>, Vec<&Operation>) = subject.operations.iter().partition(callable);
    let parameter = &refused.first()?.parameter;
    if subject.overridden || kept.is_empty() || refused.iter().any(|o| o.parameter != *parameter) {
        return None;
    }
    // A call that leaves the argument out would do what is refused, and no condition on the argument would see it.
    if refused
        .iter()
        .any(|o| Some(o.value.as_str()) == subject.default_operation)
    {
        return None;
    }
    // What the operations do not account for, such as an open command beside them, no condition can fence.
    let worst_operation = subject.operations.iter().map(|o| o.label().severity()).max()?;
    if subject.label.severity() > worst_operation {
        return None;
    }
    let condition = Condition {
        path: format!("args.{parameter}"),
        op: "in".to_owned(),
        value: refused.iter().map(|o| o.value.clone()).collect(),
    };
    let on_deny = format!("Requires human approval: {}", subject.reason);
    let worst = kept.iter().map(|o| o.label()).max_by_key(|l| l.severity())?;
    let limits = match table.decide(worst) {
        Decision::Limit => vec![limit(subject.name, table.rate(worst.category))],
        _ => Vec::new(),
    };
    Some(Entry {
        deny_if: vec![DenyRule {
            conditions: vec![condition],
            on_deny,
        }],
        limits,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::{Category, Risk};

    #[test]
    fn a_refused_default_operation_keeps_no_other() {
        let operation = |value: &str, category, risk| Operation {
            parameter: "action".to_owned(),
            value: value.to_owned(),
            category,
            risk,
        };
        let operations = [
            operation("list", Category::Read, Risk::Low),
            operation("delete", Category::Destructive, Risk::Critical),
        ];
        let policy = |default_operation| {
            let subject = Subject {
                name: "manage",
                label: Label::new(Category::Destructive, Risk::Critical),
                operations: &operations,
                default_operation,
                decision: Decision::Hide,
                reason: "it deletes",
                overridden: false,
            };
            Policy::of(subject, &DecisionTable::default())
        };
        assert_eq!(
            policy(Some("list")).tools["manage"].deny_if[0].conditions[0].value,
            ["delete"]
        );
        assert_eq!(policy(Some("delete")).hide, ["manage"]);
    }
}

//! What a policy comes to in one file of one target: every tool with a decision that the file can express. This is
//! the one place where decisions are degraded. A decision that is missing becomes the next stricter one; what that
//! costs is a [`Loss`], never silence.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Capabilities, Form, LimitAs, Options, Support, Target};
use crate::label::Decision;
use crate::policy::plan::{Fence, Plan, Split, ToolPlan};
use crate::text::escape;

/// A decision that a target could not be given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// The target.
    pub target: &'static str,
    /// The file of the target.
    pub file: &'static str,
    /// The server.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// What was decided.
    pub wanted: Decision,
    /// What is written.
    pub got: Decision,
    /// Why.
    pub why: String,
    /// Whether what is written is looser than what was decided: only where the target can do nothing stricter, or
    /// a person chose so.
    pub looser: bool,
}

/// What one file says.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// Each server with its tools.
    pub servers: Vec<ServerDraft<'a>>,
    /// What could not be said.
    pub losses: Vec<Loss>,
    /// What a person chose.
    pub options: &'a Options,
}

/// One server in a file.
#[derive(Clone, Debug)]
pub struct ServerDraft<'a> {
    /// What the target calls it.
    pub alias: String,
    /// The plan that this was made from.
    pub plan: &'a Plan,
    /// Every tool, in the server's order.
    pub rulings: Vec<Ruling<'a>>,
}

/// One tool with a decision that the file can express.
#[derive(Clone, Debug)]
pub struct Ruling<'a> {
    /// The plan that this was made from.
    pub tool: &'a ToolPlan,
    /// What the target calls it.
    pub key: String,
    /// What to do with it.
    pub decision: Decision,
    /// Calls a minute, where the decision is a limit.
    pub rate: Option<u32>,
    /// Which operations stay, where the file sees arguments.
    pub split: Option<&'a Split>,
    /// What an open parameter is narrowed to, where the file sees arguments.
    pub fence: Option<&'a Fence>,
}

/// Whether a tool of this decision can be called without asking anybody.
pub fn callable(decision: Decision) -> bool {
    decision <= Decision::Limit
}

/// Whether a tool of this decision can be called at all.
pub fn usable(decision: Decision) -> bool {
    decision <= Decision::Ask
}

impl Ruling<'_> {
    /// The tool's name as the server wrote it.
    pub fn name(&self) -> &str {
        &self.tool.name
    }

    /// Whether it can be called without asking anybody.
    pub fn callable(&self) -> bool {
        callable(self.decision)
    }

    /// Whether it can be called at all.
    pub fn usable(&self) -> bool {
        usable(self.decision)
    }
}

impl ServerDraft<'_> {
    /// The names of the tools for which this holds, in order.
    pub fn names(&self, holds: impl Fn(Decision) -> bool) -> Vec<&str> {
        self.rulings
            .iter()
            .filter(|r| holds(r.decision))
            .map(|r| r.tool.name.as_str())
            .collect()
    }

    /// The keys of the tools for which this holds, in order and each once.
    pub fn keys(&self, holds: impl Fn(Decision) -> bool) -> Vec<&str> {
        let mut keys: Vec<&str> = Vec::new();
        for ruling in self.rulings.iter().filter(|r| holds(r.decision)) {
            if !keys.contains(&ruling.key.as_str()) {
                keys.push(&ruling.key);
            }
        }
        keys
    }
}

impl Draft<'_> {
    /// Head comment for formats that have comments: what this is, every loss, every decision of a person.
    pub fn comments(&self, prefix: &str) -> String {
        let names: Vec<_> = self.servers.iter().map(|s| s.plan.server.name.as_str()).collect();
        let mut lines = vec![format!("Recommended by mcpclass for {}.", names.join(", "))];
        for server in &self.servers {
            lines.extend(server.plan.tools.iter().filter_map(|t| {
                let why = t.override_reason.as_deref()?;
                Some(format!("{}: {} by a person's decision: {why}", t.name, t.decision))
            }));
            lines.extend(server.rulings.iter().filter(|r| r.usable()).filter_map(|r| {
                let fence = r.fence?;
                Some(format!(
                    "{}: the condition on {} is a second fence, not proof",
                    r.tool.name, fence.parameter
                ))
            }));
        }
        lines.extend(
            self.losses
                .iter()
                .map(|l| format!("{}: {} instead of {}: {}", l.tool, l.got, l.wanted, l.why)),
        );
        lines.iter().fold(String::new(), |mut out, line| {
            put!(out, "{prefix} {}\n", escape::one_line(line));
            out
        })
    }
}

/// What the plans come to in this file. The error names the server or the tool whose name the target cannot hold.
pub fn draft<'a>(
    target: &'static Target,
    form: &'static Form,
    plans: &[&'a Plan],
    options: &'a Options,
) -> Result<Draft<'a>, String> {
    let mut losses = Vec::new();
    let mut servers = Vec::new();
    for plan in plans {
        let shown = escape::one_line(&plan.server.name);
        let alias = (target.alias)(&plan.server.name)
            .map_err(|why| format!("{} cannot hold the server name `{shown}`: {why}", target.title))?;
        let same = servers.iter().find(|s: &&ServerDraft<'_>| s.alias == alias);
        if let Some(other) = same.map(|s| escape::one_line(&s.plan.server.name)) {
            return Err(format!(
                "{} cannot tell the servers `{other}` and `{shown}` apart: name one of them with --name",
                target.title
            ));
        }
        let mut rulings = Vec::new();
        for tool in &plan.tools {
            let (ruling, loss) = rule(target, form, &alias, tool, options)?;
            losses.extend(loss.map(|l| l.on(target, form, plan)));
            rulings.push(ruling);
        }
        servers.push(ServerDraft { alias, plan, rulings });
    }
    settle_shared_keys(target, form, &mut servers, &mut losses);
    Ok(Draft {
        servers,
        losses,
        options,
    })
}

/// A loss before it is known whose it is.
struct Change<'a> {
    tool: &'a str,
    wanted: Decision,
    got: Decision,
    why: String,
}

impl Change<'_> {
    fn on(self, target: &Target, form: &Form, plan: &Plan) -> Loss {
        Loss {
            target: target.id,
            file: form.file,
            server: plan.server.name.clone(),
            tool: self.tool.to_owned(),
            wanted: self.wanted,
            got: self.got,
            why: self.why,
            looser: is_looser(self.got, self.wanted),
        }
    }
}

/// Whether a call gets through that should not. A tool that is refused and one that is hidden are both shut.
fn is_looser(got: Decision, wanted: Decision) -> bool {
    got < wanted.min(Decision::Deny)
}

fn rule<'a>(
    target: &Target,
    form: &Form,
    alias: &str,
    tool: &'a ToolPlan,
    options: &Options,
) -> Result<(Ruling<'a>, Option<Change<'a>>), String> {
    let key = if tool.name.trim().is_empty() {
        Err("it is empty".to_owned())
    } else {
        (target.key)(alias, &tool.name)
    };
    let shown = escape::one_line(&tool.name);
    let key = key.map_err(|why| format!("{} cannot hold the tool name `{shown}`: {why}", target.title))?;

    let split = tool.split.as_ref();
    let seen = split.filter(|_| form.can.arguments);
    let (wanted, rate) = match seen {
        Some(split) => (split.decision(), split.rate),
        None => (tool.decision, tool.rate),
    };
    let (decision, why) = nearest(&form.can, wanted, options, &|d| (form.except)(alias, tool, d));
    let unseen = split.filter(|_| !form.can.arguments);
    let change = match (unseen, why) {
        // Some of its operations would get through that should not: that is the loss, not the harmless ones.
        (Some(_), Some(why)) if is_looser(decision, tool.decision) => Some(Change {
            tool: &tool.name,
            wanted: tool.decision,
            got: decision,
            why,
        }),
        (Some(split), why) => Some(Change {
            tool: &tool.name,
            wanted: split.decision(),
            got: decision,
            why: format!(
                "it sees no arguments, so {} {} goes with {}{}",
                split.parameter,
                split.kept.join(", "),
                split.refused.join(", "),
                why.map(|w| format!("; {w}")).unwrap_or_default()
            ),
        }),
        (None, Some(why)) => Some(Change {
            tool: &tool.name,
            wanted,
            got: decision,
            why,
        }),
        (None, None) => None,
    };
    let ruling = Ruling {
        tool,
        key,
        decision,
        rate: if decision == Decision::Limit { rate } else { None },
        split: seen,
        fence: tool.fence.as_ref().filter(|_| form.can.arguments),
    };
    Ok((ruling, change))
}

/// The decision itself, or the next stricter one that the file has, or, where it has none, its strictest; and why
/// that is another one.
fn nearest(
    can: &Capabilities,
    wanted: Decision,
    options: &Options,
    except: &dyn Fn(Decision) -> Option<&'static str>,
) -> (Decision, Option<String>) {
    let has = |decision: Decision| {
        let can = match can.support(decision) {
            Support::Yes => true,
            Support::With(_) => options.every_form,
            Support::No => false,
        };
        can && except(decision).is_none()
    };
    if has(wanted) {
        return (wanted, None);
    }
    let missing = match (can.support(wanted), except(wanted)) {
        (Support::With(file), None) => format!("only {file} can say it: write both with -o DIR/"),
        (Support::No, _) => format!("it cannot {}", verb(wanted)),
        (_, why) => why.unwrap_or("it cannot say it").to_owned(),
    };
    let asked_for = match (wanted, options.limit_as) {
        (Decision::Limit, Some(LimitAs::Allow)) => has(Decision::Allow).then_some(Decision::Allow),
        (Decision::Limit, Some(LimitAs::Deny)) => [Decision::Deny, Decision::Hide].into_iter().find(|d| has(*d)),
        _ => None,
    };
    if let Some(decision) = asked_for {
        return (decision, Some(format!("{missing}; --limit-as {decision}")));
    }
    let stricter = Decision::ALL.iter().copied().find(|d| *d > wanted && has(*d));
    let strictest = || {
        Decision::ALL
            .iter()
            .rev()
            .copied()
            .find(|d| has(*d))
            .unwrap_or(Decision::Deny)
    };
    (stricter.unwrap_or_else(strictest), Some(missing))
}

const fn verb(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "approve a tool in advance",
        Decision::Limit => "count calls",
        Decision::Ask => "ask a person",
        Decision::Deny => "refuse",
        Decision::Hide => "hide a tool from the model",
    }
}

/// Two tools that the target cannot tell apart both get the stricter decision.
fn settle_shared_keys(target: &Target, form: &Form, servers: &mut [ServerDraft<'_>], losses: &mut Vec<Loss>) {
    let mut strictest: BTreeMap<String, (usize, Decision, Option<u32>)> = BTreeMap::new();
    for ruling in servers.iter().flat_map(|s| &s.rulings) {
        let entry = strictest
            .entry(ruling.key.clone())
            .or_insert((0, ruling.decision, None));
        entry.0 += 1;
        entry.1 = entry.1.max(ruling.decision);
        entry.2 = [entry.2, ruling.rate].into_iter().flatten().min();
    }
    for server in servers {
        for ruling in &mut server.rulings {
            let Some((count, decision, rate)) = strictest.get(&ruling.key).copied().filter(|s| s.0 > 1) else {
                continue;
            };
            if decision != ruling.decision {
                losses.push(
                    Change {
                        tool: &ruling.tool.name,
                        wanted: ruling.decision,
                        got: decision,
                        why: format!("it cannot be told from {} of the same name there", others(count - 1)),
                    }
                    .on(target, form, server.plan),
                );
            }
            ruling.decision = decision;
            ruling.rate = if decision == Decision::Limit { rate } else { None };
        }
    }
}

fn others(count: usize) -> String {
    if count == 1 {
        "another tool".to_owned()
    } else {
        format!("{count} other tools")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: Capabilities = Capabilities {
        allow: Support::Yes,
        limit: Support::No,
        ask: Support::Yes,
        deny: Support::Yes,
        hide: Support::No,
        arguments: false,
        unlisted: Decision::Ask,
    };

    fn to(can: &Capabilities, wanted: Decision, limit_as: Option<LimitAs>) -> Decision {
        let options = Options {
            limit_as,
            ..Options::default()
        };
        nearest(can, wanted, &options, &|_| None).0
    }

    #[test]
    fn what_is_missing_becomes_the_next_stricter() {
        assert_eq!(to(&CLIENT, Decision::Limit, None), Decision::Ask);
        assert_eq!(to(&CLIENT, Decision::Hide, None), Decision::Deny);
        let gateway = Capabilities {
            ask: Support::No,
            ..CLIENT
        };
        assert_eq!(to(&gateway, Decision::Limit, None), Decision::Deny);
        assert_eq!(to(&gateway, Decision::Ask, None), Decision::Deny);
        assert_eq!(to(&gateway, Decision::Limit, Some(LimitAs::Allow)), Decision::Allow);
        assert_eq!(to(&gateway, Decision::Limit, Some(LimitAs::Ask)), Decision::Deny);
        assert_eq!(to(&CLIENT, Decision::Limit, Some(LimitAs::Deny)), Decision::Deny);
        assert_eq!(to(&gateway, Decision::Ask, Some(LimitAs::Allow)), Decision::Deny);
    }

    #[test]
    fn a_companion_counts_only_when_it_is_written() {
        let can = Capabilities {
            limit: Support::With("limits.json"),
            ..CLIENT
        };
        assert_eq!(to(&can, Decision::Limit, None), Decision::Ask);
        let options = Options {
            every_form: true,
            ..Options::default()
        };
        assert_eq!(
            nearest(&can, Decision::Limit, &options, &|_| None),
            (Decision::Limit, None)
        );
    }

    #[test]
    fn no_target_is_looser_than_decided_unless_it_says_so() {
        let plan = super::super::sample::plan();
        for target in super::super::ALL {
            for form in target.forms {
                for every_form in [false, true] {
                    let options = Options {
                        every_form,
                        ..Options::default()
                    };
                    let draft = draft(target, form, &[&plan], &options).expect("plain names");
                    for ruling in &draft.servers[0].rulings {
                        let wanted = match ruling.split {
                            Some(split) => split.decision(),
                            None => ruling.tool.decision,
                        };
                        let told = draft.losses.iter().any(|l| l.tool == ruling.tool.name && l.looser);
                        let refused = ruling.decision == Decision::Deny && wanted == Decision::Hide;
                        assert!(
                            ruling.decision >= wanted || refused || told,
                            "{} {}",
                            target.id,
                            ruling.tool.name
                        );
                    }
                }
            }
        }
    }
}

//! What a policy has to say, before any format: per tool the decision, how many calls a minute, which operations
//! stay, and which fence an open parameter gets. Computed once from the assessments and the same native policy
//! that `policy.json` is written from, so that no two targets can disagree about what was decided.

use std::sync::LazyLock;

use indexmap::IndexMap;
use regex::Regex;

use crate::assessment::Assessment;
use crate::label::{Decision, Label};
use crate::manifest::{Server, Tool};
use crate::policy::native::{Entry, Policy};
use crate::report::Assessed;
use crate::tree::Node;

/// One server's tools and what is to be done with each.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Who answered.
    pub server: Server,
    /// Every tool once, in the server's order.
    pub tools: Vec<ToolPlan>,
    /// The server's `policy.json`.
    pub native: Policy,
}

/// One tool and what is to be done with it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolPlan {
    /// Its name as the server wrote it.
    pub name: String,
    /// Its label.
    pub label: Label,
    /// What is to be done where a target sees no arguments.
    pub decision: Decision,
    /// Calls a minute, where the decision is a limit.
    pub rate: Option<u32>,
    /// Why, in one line of printable text.
    pub reason: String,
    /// Why a person decided about this tool against the table.
    pub override_reason: Option<String>,
    /// What stays of it where a target sees arguments.
    pub split: Option<Split>,
    /// What an open parameter is narrowed to where a target sees arguments.
    pub fence: Option<Fence>,
}

/// A tool of several operations that keeps the harmless ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The argument that chooses the operation.
    pub parameter: String,
    /// Values that may pass.
    pub kept: Vec<String>,
    /// Values that may not.
    pub refused: Vec<String>,
    /// Whether the schema names a kept operation as what a call without the argument does.
    pub default_is_kept: bool,
    /// Whether the schema requires the argument.
    pub required: bool,
    /// Calls a minute of what is kept; `None` for as many as one likes.
    pub rate: Option<u32>,
}

/// A condition on a parameter that carries a statement or a method: a second line behind the decision, never
/// proof. A statement that begins like a query can still change data through a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The argument that carries it.
    pub parameter: String,
    /// What is tested.
    pub kind: FenceKind,
}

/// What a fence tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FenceKind {
    /// One SQL statement that begins with a reading verb and names no writing one.
    Sql,
    /// An HTTP method that reads.
    HttpMethod,
}

impl FenceKind {
    /// HTTP methods that read, in both spellings that tools use.
    pub const METHODS: &'static [&'static str] = &["GET", "HEAD", "OPTIONS", "get", "head", "options"];

    /// What a reading statement begins with. RE2 syntax, so that Go, Rust and CEL read it alike.
    pub const SQL_READS: &'static str = r"(?i)^\s*(select|show|describe|desc|explain|values|with)\b";

    /// What no reading statement holds: a writing verb, or a second statement. Columns of such a name are refused
    /// too, which is the safe side.
    pub const SQL_WRITES: &'static str = r"(?i)(;\s*\S|\b(insert|update|delete|drop|alter|create|truncate|grant|revoke|merge|into|exec|execute|call|copy|attach|pragma|vacuum|load_file|load_extension)\b)";
}

impl Plan {
    /// The plan of one server. A name that occurs twice is one tool, with the stricter of both decisions: a second
    /// definition must not soften the first.
    pub fn of(assessed: &Assessed) -> Self {
        let mut tools: IndexMap<String, ToolPlan> = IndexMap::new();
        for (tool, assessment) in assessed.manifest.tools.iter().zip(&assessed.assessments) {
            let plan = ToolPlan::of(tool, assessment);
            match tools.get_mut(&plan.name) {
                Some(first) => first.tighten(plan),
                None => {
                    tools.insert(plan.name.clone(), plan);
                }
            }
        }
        Self {
            server: assessed.manifest.server.clone(),
            tools: tools.into_values().collect(),
            native: assessed.policy(),
        }
    }

    fn tighten(&mut self, other: Self) {
        for tool in other.tools {
            match self.tools.iter_mut().find(|t| t.name == tool.name) {
                Some(first) => first.tighten(tool),
                None => self.tools.push(tool),
            }
        }
        self.native = Policy::merge([&self.native, &other.native]);
    }
}

/// The plans with those of one name as one: a server that stands in two configurations has one policy, and what either
/// of its listings refuses is refused.
pub fn join(plans: Vec<Plan>) -> Vec<Plan> {
    let mut joined: IndexMap<String, Plan> = IndexMap::new();
    for plan in plans {
        match joined.get_mut(&plan.server.name) {
            Some(first) => first.tighten(plan),
            None => {
                joined.insert(plan.server.name.clone(), plan);
            }
        }
    }
    joined.into_values().collect()
}

impl ToolPlan {
    fn of(tool: &Tool, assessment: &Assessment) -> Self {
        let entry = assessment.policy.tools.get(&assessment.name);
        let split = entry.and_then(|e| Split::of(e, tool, assessment));
        let rate = entry.and_then(|e| e.limits.first()).map(|l| l.max);
        let fence = if split.is_some() { None } else { Fence::of(tool) };
        Self {
            name: assessment.name.clone(),
            label: assessment.label(),
            decision: assessment.decision,
            rate: if split.is_none() { rate } else { None },
            reason: reason(assessment, entry),
            override_reason: assessment.override_reason.as_deref().map(one_line),
            split,
            fence,
        }
    }

    /// Takes the stricter of two plans for the same name.
    pub fn tighten(&mut self, other: Self) {
        if other.decision > self.decision {
            self.reason = other.reason;
            self.label = other.label;
            self.override_reason = other.override_reason;
        }
        self.decision = self.decision.max(other.decision);
        self.rate = [self.rate, other.rate].into_iter().flatten().min();
        if self.split != other.split {
            self.split = None;
        }
        self.fence = self.fence.take().or(other.fence);
    }
}

impl Split {
    /// Read back from the native entry, which is where a tool's operations are parted.
    fn of(entry: &Entry, tool: &Tool, assessment: &Assessment) -> Option<Self> {
        let condition = entry.deny_if.first()?.conditions.first()?;
        let parameter = condition.path.strip_prefix("args.")?.to_owned();
        let refused = condition.value.clone();
        let kept: Vec<String> = assessment
            .operations
            .iter()
            .filter(|o| o.parameter == parameter && !refused.contains(&o.value))
            .map(|o| o.value.clone())
            .collect();
        let default = property(tool, &parameter).and_then(|p| p.get("default")?.as_str());
        let default_is_kept = default.is_some_and(|d| kept.iter().any(|k| k == d));
        let required = tool
            .input_schema()
            .and_then(|schema| schema.get("required")?.as_array())
            .is_some_and(|mut names| names.any(|n| n.as_str() == Some(&parameter)));
        (!kept.is_empty()).then_some(Self {
            parameter,
            kept,
            refused,
            default_is_kept,
            required,
            rate: entry.limits.first().map(|l| l.max),
        })
    }

    /// What is to be done with the operations that stay.
    pub const fn decision(&self) -> Decision {
        match self.rate {
            Some(_) => Decision::Limit,
            None => Decision::Allow,
        }
    }
}

impl Fence {
    /// The fence for the first parameter that carries a statement or a method.
    fn of(tool: &Tool) -> Option<Self> {
        let properties = tool.properties()?;
        let takes_text = |schema: Node<'_>| schema.get("type").is_none_or(|t| t.as_str() == Some("string"));
        let named = |names: &[&str]| {
            properties
                .entries()
                .find(|(name, schema)| names.contains(&folded(name).as_str()) && takes_text(*schema))
        };
        let fence = |(name, _): (&str, Node<'_>), kind| Self {
            parameter: name.to_owned(),
            kind,
        };
        if let Some(found) = named(&["sql", "sqlquery", "sqlstatement", "sqltext"]) {
            return Some(fence(found, FenceKind::Sql));
        }
        if let Some(found) = named(&["query", "statement", "stmt", "querystring"]) {
            let about = [
                Some(tool.name()),
                tool.description(),
                found.1.get("description").and_then(Node::as_str),
            ];
            if about.into_iter().flatten().any(|text| SPEAKS_SQL.is_match(text)) {
                return Some(fence(found, FenceKind::Sql));
            }
        }
        let address = named(&["url", "uri", "endpoint", "path", "requesturl"]).is_some();
        named(&["method", "httpmethod", "verb", "httpverb", "requestmethod"])
            .filter(|_| address)
            .map(|found| fence(found, FenceKind::HttpMethod))
    }
}

static SPEAKS_SQL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)(^|[^a-z])sql([^a-z]|$)").expect("a constant pattern"));

/// A parameter's name without case and separators.
fn folded(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

fn property<'a>(tool: &'a Tool, name: &str) -> Option<Node<'a>> {
    tool.properties()?.get(name)
}

/// The reason that the native policy gives, else the first sentence of the rationale, else the label.
fn reason(assessment: &Assessment, entry: Option<&Entry>) -> String {
    if let Some(why) = &assessment.override_reason {
        return one_line(why);
    }
    let told = entry
        .and_then(|e| e.deny_if.first())
        .map(|rule| rule.on_deny.as_str())
        .and_then(|text| {
            text.strip_prefix("Requires human approval: ")
                .or_else(|| text.strip_prefix("Denied: "))
        });
    let sentence = || assessment.rationale.split_inclusive(". ").next().map(str::trim);
    match told.or_else(sentence).filter(|text| !text.is_empty()) {
        Some(text) => one_line(text),
        None => assessment.label().to_string(),
    }
}

/// One line of printable text, cut to a length that a message can have.
fn one_line(text: &str) -> String {
    const MAX: usize = 200;
    let line = crate::text::escape::one_line(text);
    match line.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::target::sample;
    use serde_json::{Value, json};

    #[test]
    fn operations_are_parted_as_in_the_native_policy() {
        let plan = sample::plan();
        let session = plan
            .tools
            .iter()
            .find(|t| t.name == "manage_session")
            .expect("in the sample");
        let split = session.split.as_ref().expect("it has both kinds of operations");
        assert_eq!(split.kept, ["list", "get"]);
        assert_eq!(split.refused, ["delete"]);
        assert_eq!(session.decision, Decision::Hide);
    }

    #[test]
    fn a_second_definition_of_a_name_only_tightens() {
        let mut assessed = sample::assessed("dup", &[("wipe", sample::DESTRUCTIVE), ("wipe", sample::READ)]);
        let decision = |a: &Assessed| Plan::of(a).tools[0].decision;
        assert_eq!(Plan::of(&assessed).tools.len(), 1);
        assert_eq!(decision(&assessed), Decision::Hide);
        assessed.assessments.reverse();
        assert_eq!(decision(&assessed), Decision::Hide);
        assert!(!assessed.policy().tools.contains_key("wipe"));
    }

    #[test]
    fn fences_stand_where_a_statement_or_a_method_is_carried() {
        let fence = |value: Value| Fence::of(&Tool::from_value(&value).expect("a tool")).map(|f| (f.parameter, f.kind));
        let query = json!({"properties": {"query": {"type": "string"}}});
        let found = fence(json!({"name": "run_sql", "inputSchema": query}));
        assert_eq!(found, Some(("query".to_owned(), FenceKind::Sql)));
        assert_eq!(fence(json!({"name": "search", "inputSchema": query})), None);
        let call = json!({"properties": {"url": {"type": "string"}, "http_method": {"type": "string"}}});
        let found = fence(json!({"name": "call", "inputSchema": call}));
        assert_eq!(found, Some(("http_method".to_owned(), FenceKind::HttpMethod)));
    }

    #[test]
    fn the_sql_fence_refuses_what_writes() {
        let reads = Regex::new(FenceKind::SQL_READS).expect("compiles");
        let writes = Regex::new(FenceKind::SQL_WRITES).expect("compiles");
        let passes = |sql: &str| reads.is_match(sql) && !writes.is_match(sql);
        assert!(passes("  SELECT 1;"));
        assert!(passes("with t as (select 1) select * from t"));
        for sql in [
            "delete from t",
            "select 1; drop table t",
            "with x as (delete from t returning *) select * from x",
            "SELECT * INTO u FROM t",
            "/**/ drop table t",
            "",
        ] {
            assert!(!passes(sql), "{sql}");
        }
    }
}

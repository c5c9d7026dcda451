//! Cedar as ToolHive and AgentCore read it: conditions on the arguments of a call. Forbid beats permit and what no
//! policy permits is refused, so a condition that cannot be evaluated refuses.

use super::Ruling;
use super::quote::{cedar, list};
use crate::policy::plan::{Fence, FenceKind, Split};

/// Where a dialect keeps the arguments of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arguments {
    /// The record, for example `context.input`.
    pub(crate) record: &'static str,
    /// What stands before an argument's name there.
    pub(crate) prefix: &'static str,
    /// Whether the target also asks for the list of tools with these policies, without any arguments. Then an
    /// argument that the schema requires may be absent, or nobody would see the tool.
    pub(crate) absent_when_listing: bool,
}

impl Arguments {
    /// The `when` clause of a ruling, with a space before it; empty where it has no conditions.
    pub(crate) fn when(&self, ruling: &Ruling<'_>) -> String {
        let split = ruling.split.map(|s| self.split(s));
        let fence = ruling.fence.map(|f| self.fence(f));
        let conditions: Vec<String> = split.into_iter().chain(fence).collect();
        if conditions.is_empty() {
            return String::new();
        }
        format!(" when {{ {} }}", conditions.join(" && "))
    }

    fn split(&self, split: &Split) -> String {
        let kept = list(split.kept.iter().map(String::as_str), cedar);
        let test = format!("{kept}.contains({})", self.value(&split.parameter));
        let absent_passes = split.default_is_kept || (self.absent_when_listing && split.required);
        self.guarded(&split.parameter, &test, absent_passes)
    }

    fn fence(&self, fence: &Fence) -> String {
        let value = self.value(&fence.parameter);
        let test = match fence.kind {
            FenceKind::HttpMethod => format!("{}.contains({value})", list(FenceKind::METHODS.iter().copied(), cedar)),
            FenceKind::Sql => {
                let starts = ["SELECT *", "select *", "SHOW *", "show *"].map(|p| format!("{value} like \"{p}\""));
                let holds = ["*;*", "* INTO *", "* into *"].map(|p| format!("!({value} like \"{p}\")"));
                format!("({}) && {}", starts.join(" || "), holds.join(" && "))
            }
        };
        self.guarded(&fence.parameter, &test, self.absent_when_listing)
    }

    fn guarded(&self, parameter: &str, test: &str, absent_passes: bool) -> String {
        let name = cedar(&format!("{}{parameter}", self.prefix));
        if absent_passes {
            // A list or an object in its place is shown by another name, and must not pass as absent.
            let otherwise = cedar(&format!("{}{parameter}_present", self.prefix));
            let odd = if self.absent_when_listing {
                format!(" && !({} has {otherwise})", self.record)
            } else {
                String::new()
            };
            format!(
                "((!({0} has {name}){odd}) || ({0} has {name} && ({test})))",
                self.record
            )
        } else {
            format!("{} has {name} && ({test})", self.record)
        }
    }

    fn value(&self, parameter: &str) -> String {
        format!("{}[{}]", self.record, cedar(&format!("{}{parameter}", self.prefix)))
    }
}

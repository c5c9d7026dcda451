//! PolicyLayer: the native `policy.json`, one a server. A hosted gateway outside the model's reach; it filters the
//! list of tools and counts calls, and it cannot ask anybody.

use serde_json::json;

use super::quote::document;
use super::{Capabilities, Draft, Form, Scope, Support, Target, any_alias, bare_key, no_exception};
use crate::label::Decision;
use crate::policy::plan::FenceKind;

pub(super) static TARGET: Target = Target {
    id: "policylayer",
    title: "PolicyLayer",
    scope: Scope::OneServer,
    alias: any_alias,
    key: bare_key,
    forms: &[Form {
        file: "policy.json",
        lives: "the server's policy at PolicyLayer",
        can: Capabilities {
            allow: Support::Yes,
            limit: Support::Yes,
            ask: Support::No,
            deny: Support::Yes,
            hide: Support::Yes,
            arguments: true,
            unlisted: Decision::Deny,
        },
        except: no_exception,
        emit,
        merge: None,
    }],
    reader: "no reader to be had: documented grammar",
    caution: "Intercept accepts this file and silently drops its limits: give it the `intercept` target instead",
};

fn emit(draft: &Draft<'_>) -> Result<String, String> {
    let server = draft.servers.first().ok_or("there is no server")?;
    let mut policy = json!(server.plan.native);
    for ruling in server.rulings.iter().filter(|r| r.callable()) {
        let Some(fence) = ruling.fence else { continue };
        let (op, value) = match fence.kind {
            FenceKind::Sql => ("regex", json!(FenceKind::SQL_WRITES)),
            FenceKind::HttpMethod => ("not_in", json!(FenceKind::METHODS)),
        };
        let condition = json!({"path": format!("args.{}", fence.parameter), "op": op, "value": value});
        let refusal = json!({"conditions": [condition], "on_deny": "A second fence, not proof: only reading passes"});
        let rules = &mut policy["tools"][ruling.name()]["deny_if"];
        match rules.as_array_mut() {
            Some(rules) => rules.push(refusal),
            None => *rules = json!([refusal]),
        }
    }
    Ok(document(&policy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::target::sample;

    #[test]
    fn it_is_the_native_policy() {
        let plan = sample::plan();
        let policy = sample::value(&TARGET, 0, &[&plan]);
        assert_eq!(policy["version"], "1");
        assert_eq!(policy["default"], "deny");
        assert_eq!(policy["hide"], serde_json::json!(["session_clear_all"]));
        assert_eq!(policy["tools"]["session_list"], serde_json::json!({}));
        assert_eq!(policy["tools"]["session_set_active"]["limits"][0]["max"], 30);
        let refusal = &policy["tools"]["manage_session"]["deny_if"][0]["conditions"][0];
        assert_eq!(refusal["value"], serde_json::json!(["delete"]));
    }

    #[test]
    fn a_star_is_an_error_that_names_the_tool() {
        let plan = sample::plan_of("s", &[("*", sample::DESTRUCTIVE)]);
        let options = super::super::Options::default();
        let error = super::super::draft(&TARGET, &TARGET.forms[0], &[&plan], &options).expect_err("it hides all");
        assert!(error.contains("tool name `*`"), "{error}");
    }
}

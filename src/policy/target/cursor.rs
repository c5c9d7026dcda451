//! Cursor: a command line that can refuse, an editor that can only run without asking. Both match with `*`, so a
//! name that holds one cannot be written.

use serde_json::json;

use super::quote::document;
use super::{Capabilities, Draft, Form, Scope, Support, Target, any_alias, callable, no_exception, usable};
use crate::label::Decision;
use crate::policy::merge::{Edit, Format, Merge, path};

const CLI: Capabilities = Capabilities {
    allow: Support::Yes,
    limit: Support::No,
    ask: Support::Yes,
    deny: Support::Yes,
    hide: Support::No,
    arguments: false,
    unlisted: Decision::Ask,
};

pub(super) static TARGET: Target = Target {
    id: "cursor",
    title: "Cursor",
    scope: Scope::ManyServers,
    alias: any_alias,
    key,
    forms: &[
        Form {
            file: "cli.json",
            lives: ".cursor/cli.json, ~/.cursor/cli-config.json",
            can: CLI,
            except: no_exception,
            emit: cli,
            merge: Some(Merge {
                format: Format::Json,
                names: &["cli.json", "cli-config.json"],
                edits: cli_edits,
            }),
        },
        Form {
            file: "permissions.json",
            lives: "~/.cursor/permissions.json",
            can: Capabilities {
                deny: Support::No,
                ..CLI
            },
            except: no_exception,
            emit: editor,
            merge: Some(Merge {
                format: Format::Json,
                names: &["permissions.json"],
                edits: editor_edits,
            }),
        },
    ],
    reader: "no reader to be had: documented grammar",
    caution: "the editor cannot refuse a tool, it only asks; Cursor itself calls its list no security boundary",
};

fn key(alias: &str, tool: &str) -> Result<String, String> {
    let sign = |name: &str| {
        name.chars()
            .find(|c| matches!(c, '*' | '?' | '(' | ')') || c.is_control())
    };
    if let Some(c) = sign(tool) {
        return Err(format!(
            "`{}` has a meaning of its own in its rules",
            c.escape_default()
        ));
    }
    if let Some(c) = sign(alias).or_else(|| alias.chars().find(|c| *c == ':')) {
        let c = c.escape_default();
        return Err(format!(
            "`{c}` in the server's name has a meaning of its own in its rules: use --name"
        ));
    }
    Ok(format!("{alias}:{tool}"))
}

fn keys(draft: &Draft<'_>, holds: fn(Decision) -> bool) -> Vec<String> {
    draft
        .servers
        .iter()
        .flat_map(|s| s.keys(holds))
        .map(str::to_owned)
        .collect()
}

fn rules(draft: &Draft<'_>, holds: fn(Decision) -> bool) -> Vec<String> {
    keys(draft, holds).iter().map(|key| format!("Mcp({key})")).collect()
}

fn cli(draft: &Draft<'_>) -> Result<String, String> {
    let (allow, deny) = (rules(draft, callable), rules(draft, |d| !usable(d)));
    Ok(document(&json!({"permissions": {"allow": allow, "deny": deny}})))
}

fn editor(draft: &Draft<'_>) -> Result<String, String> {
    Ok(draft.comments("//") + &document(&json!({"mcpAllowlist": keys(draft, callable)})))
}

fn cli_edits(draft: &Draft<'_>) -> Vec<Edit> {
    vec![Edit::Levels {
        lists: vec![
            (path(&["permissions", "allow"]), rules(draft, callable)),
            (path(&["permissions", "deny"]), rules(draft, |d| !usable(d))),
        ],
        strictest_wins: true,
    }]
}

fn editor_edits(draft: &Draft<'_>) -> Vec<Edit> {
    vec![Edit::Union {
        path: path(&["mcpAllowlist"]),
        items: keys(draft, callable),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::target::{Options, draft, sample};

    #[test]
    fn it_decides_as_intended() {
        let plan = sample::plan();
        let cli = sample::value(&TARGET, 0, &[&plan]);
        assert_eq!(
            cli["permissions"]["allow"],
            json!(["Mcp(llm-gateway:session_list)", "Mcp(llm-gateway:query_db)"])
        );
        let denied = json!(["Mcp(llm-gateway:session_clear_all)", "Mcp(llm-gateway:manage_session)"]);
        assert_eq!(cli["permissions"]["deny"], denied);
        let editor = sample::value(&TARGET, 1, &[&plan]);
        assert_eq!(
            editor["mcpAllowlist"],
            json!(["llm-gateway:session_list", "llm-gateway:query_db"])
        );
    }

    #[test]
    fn the_editor_says_that_it_cannot_refuse() {
        let plan = sample::plan();
        let options = Options::default();
        let draft = draft(&TARGET, &TARGET.forms[1], &[&plan], &options).expect("plain names");
        let loss = draft
            .losses
            .iter()
            .find(|l| l.tool == "session_clear_all")
            .expect("told");
        assert!(loss.looser && loss.got == Decision::Ask);
    }

    #[test]
    fn a_wildcard_in_a_name_is_an_error_that_names_the_tool() {
        let plan = sample::plan_of("s", &[("get_*", sample::READ)]);
        let options = Options::default();
        let error = draft(&TARGET, &TARGET.forms[0], &[&plan], &options).expect_err("it would match others");
        assert!(error.contains("get_*"), "{error}");
    }
}

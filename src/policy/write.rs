//! What is written for which target: the forms that were asked for, a file a form or a file a server and form. Pure:
//! the command puts the files where they belong.

use crate::policy::plan::Plan;
use crate::policy::target::{Form, Loss, Options, Scope, Target, draft};
use crate::text::escape;

/// One file to be written.
#[derive(Clone, Debug)]
pub struct File {
    /// Its place under the output folder of its target.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// The files of one target.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// The files, the main one first.
    pub files: Vec<File>,
    /// What could not be said.
    pub losses: Vec<Loss>,
}

/// Every file of the target for these servers.
pub fn all(target: &'static Target, plans: &[Plan], options: &Options) -> Result<Written, String> {
    let options = Options {
        every_form: true,
        ..options.clone()
    };
    let every: Vec<&Plan> = plans.iter().collect();
    let mut written = Written::default();
    if target.scope == Scope::ManyServers || plans.len() == 1 {
        for form in target.forms {
            written.add(form.file.to_owned(), target, form, &every, &options)?;
        }
        return Ok(written);
    }
    let folders = folders(plans);
    for (plan, folder) in plans.iter().zip(folders) {
        for form in target.forms {
            written.add(format!("{folder}/{}", form.file), target, form, &[plan], &options)?;
        }
    }
    Ok(written)
}

/// One file of the target for these servers.
pub fn one(target: &'static Target, form: &'static Form, plans: &[Plan], options: &Options) -> Result<Written, String> {
    if target.scope == Scope::OneServer && plans.len() > 1 {
        return Err(format!(
            "a file of {} is about one server, and there are {}",
            target.title,
            plans.len()
        ));
    }
    let every: Vec<&Plan> = plans.iter().collect();
    let mut written = Written::default();
    written.add(form.file.to_owned(), target, form, &every, options)?;
    Ok(written)
}

impl Written {
    fn add(
        &mut self,
        path: String,
        target: &'static Target,
        form: &'static Form,
        plans: &[&Plan],
        options: &Options,
    ) -> Result<(), String> {
        let draft = draft(target, form, plans, options)?;
        let text = (form.emit)(&draft).map_err(|why| format!("{} cannot hold this policy: {why}", target.title))?;
        self.files.push(File { path, text });
        self.losses.extend(draft.losses);
        Ok(())
    }
}

/// A folder name a server: letters, digits, `-`, `_` and `.` of its name, told apart by a number where they clash.
fn folders(plans: &[Plan]) -> Vec<String> {
    let mut taken: Vec<String> = Vec::new();
    for plan in plans {
        let sign = |c: char| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '-'
            }
        };
        let plain: String = plan.server.name.chars().take(100).map(sign).collect();
        let base = match plain.trim_matches(['.', '-']) {
            "" => "server",
            rest => rest,
        };
        let mut name = base.to_owned();
        let mut number = 2;
        while taken.iter().any(|t| t.eq_ignore_ascii_case(&name)) {
            name = format!("{base}-{number}");
            number += 1;
        }
        taken.push(name);
    }
    taken
}

/// Losses for people: those that differ only in the tool stand in one line.
pub fn describe(losses: &[Loss]) -> Vec<String> {
    let mut groups: Vec<(&Loss, Vec<&str>)> = Vec::new();
    for loss in losses {
        let same = |other: &Loss| {
            (
                other.target,
                other.file,
                other.wanted,
                other.got,
                &other.why,
                other.looser,
            ) == (loss.target, loss.file, loss.wanted, loss.got, &loss.why, loss.looser)
        };
        match groups.iter_mut().find(|(first, _)| same(first)) {
            Some((_, tools)) => tools.push(&loss.tool),
            None => groups.push((loss, vec![&loss.tool])),
        }
    }
    let line = |(loss, tools): (&Loss, Vec<&str>)| {
        const SHOWN: usize = 6;
        let mut names: Vec<_> = tools
            .iter()
            .take(SHOWN)
            .map(|t| escape::one_line(t).into_owned())
            .collect();
        if tools.len() > SHOWN {
            names.push(format!("{} more", tools.len() - SHOWN));
        }
        let looser = if loss.looser { " (LOOSER than decided)" } else { "" };
        format!(
            "{} {}: {} instead of {}{looser}: {}; {}",
            loss.target,
            loss.file,
            loss.got,
            loss.wanted,
            names.join(", "),
            escape::one_line(&loss.why)
        )
    };
    groups.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::target::{ALL, find, sample};

    #[test]
    fn every_target_writes_the_sample_and_nasty_names_or_says_which_it_cannot() {
        let plain = vec![sample::plan()];
        let nasty: Vec<_> = sample::NASTY.iter().map(|n| (*n, sample::WRITE)).collect();
        let nasty = vec![sample::plan_of("llm-gateway", &nasty)];
        for target in ALL {
            let options = Options::default();
            let first = all(target, &plain, &options).expect("plain names");
            assert_eq!(first.files.len(), target.forms.len(), "{}", target.id);
            assert!(first.files.iter().all(|f| f.text.ends_with('\n')), "{}", target.id);
            if let Err(error) = all(target, &nasty, &options) {
                assert!(error.contains("tool name"), "{}: {error}", target.id);
            }
        }
    }

    #[test]
    fn a_file_about_one_server_is_written_a_server() {
        let plans = vec![
            sample::plan_of("a/b", &[("x", sample::READ)]),
            sample::plan_of("A:B", &[("x", sample::READ)]),
        ];
        let target = find("intercept").expect("listed");
        let paths: Vec<_> = all(target, &plans, &Options::default())
            .expect("plain")
            .files
            .into_iter()
            .map(|f| f.path)
            .collect();
        assert_eq!(paths, ["a-b/policy.yaml", "A-B-2/policy.yaml"]);
        assert!(one(target, &target.forms[0], &plans, &Options::default()).is_err());
    }

    #[test]
    fn losses_of_one_kind_are_one_line() {
        let tools = [
            ("set_a", sample::WRITE),
            ("set_b", sample::WRITE),
            ("run", sample::EXECUTE),
        ];
        let plans = vec![sample::plan_of("s", &tools)];
        let target = find("claude-code").expect("listed");
        let written = one(target, &target.forms[0], &plans, &Options::default()).expect("plain");
        let lines = describe(&written.losses);
        assert_eq!(
            lines,
            ["claude-code settings.json: ask instead of limit: set_a, set_b; it cannot count calls"]
        );
    }
}

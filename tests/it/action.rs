//! The GitHub action, the GitLab template and the pre-commit hook, run as their platforms would run them: the
//! steps of `action.yml` in order, with expressions resolved, conditions applied and outputs read from the files
//! that the platform sets; `gh` is a stand-in that writes down what it was asked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::json;

use crate::common::{mcpclass, root, stderr};

#[derive(Deserialize)]
struct Action {
    inputs: BTreeMap<String, Input>,
    outputs: BTreeMap<String, OutputValue>,
    runs: Runs,
}

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    default: String,
}

#[derive(Deserialize)]
struct OutputValue {
    value: String,
}

#[derive(Deserialize)]
struct Runs {
    using: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    name: String,
    #[serde(default)]
    id: String,
    #[serde(default, rename = "if")]
    condition: String,
    #[serde(default)]
    env: BTreeMap<String, String>,
    run: String,
    shell: String,
}

/// A runner's folder: the workspace, and the files that the platform sets.
struct Runner {
    dir: tempfile::TempDir,
    event: serde_json::Value,
    /// What `gh` prints when it is asked for the comments.
    comments: String,
    gh_fails: bool,
}

/// What a run of the action came to.
struct Ran {
    code: i32,
    log: String,
    outputs: BTreeMap<String, String>,
    summary: String,
    /// The arguments of each call of `gh`.
    calls: Vec<String>,
}

impl Runner {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        for name in ["work", "temp", "bin"] {
            std::fs::create_dir(dir.path().join(name)).expect("made");
        }
        Self {
            dir,
            event: json!({"pull_request": {"number": 7}}),
            comments: String::new(),
            gh_fails: false,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn manifest(&self, tools: &serde_json::Value) {
        let text = json!({"server": "notes", "tools": tools}).to_string();
        std::fs::write(self.path("work/tools.json"), text).expect("written");
    }

    fn baseline(&self) {
        let output = mcpclass(&self.path("work"))
            .args(["baseline", "tools.json"])
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", stderr(&output));
    }

    fn run(&self, inputs: &[(&str, &str)]) -> Ran {
        let text = std::fs::read_to_string(root().join("action.yml")).expect("the action");
        let action: Action = serde_saphyr::from_str(&text).expect("an action");
        assert_eq!(action.runs.using, "composite");
        for (name, _) in inputs {
            assert!(action.inputs.contains_key(*name), "no input {name}");
        }
        self.stand_ins();
        let mut steps: BTreeMap<String, String> = BTreeMap::new();
        for (name, input) in &action.inputs {
            let given = inputs
                .iter()
                .find(|(given, _)| given == name)
                .map(|(_, value)| (*value).to_owned());
            steps.insert(format!("inputs.{name}"), given.unwrap_or_else(|| input.default.clone()));
        }
        steps.insert("github.token".to_owned(), "a-token".to_owned());
        steps.insert("github.action_repository".to_owned(), String::new());
        steps.insert("inputs.token".to_owned(), "a-token".to_owned());
        let mut ran = Ran {
            code: 0,
            log: String::new(),
            outputs: BTreeMap::new(),
            summary: String::new(),
            calls: Vec::new(),
        };
        for step in &action.runs.steps {
            if ran.code == 0 && holds(&step.condition, &steps) {
                self.step(step, &mut steps, &mut ran);
            }
        }
        for (name, output) in &action.outputs {
            ran.outputs.insert(name.clone(), resolve(&output.value, &steps));
        }
        ran.summary = std::fs::read_to_string(self.path("summary")).unwrap_or_default();
        let calls = std::fs::read_to_string(self.path("calls")).unwrap_or_default();
        ran.calls = calls.lines().map(str::to_owned).collect();
        ran
    }

    fn step(&self, step: &Step, known: &mut BTreeMap<String, String>, ran: &mut Ran) {
        assert_eq!(step.shell, "bash", "{}", step.name);
        // Expressions in a script are pasted into it before the shell reads it: no step may have one.
        assert!(!step.run.contains("${{"), "{}", step.name);
        let script = self.path("temp/step.sh");
        std::fs::write(&script, &step.run).expect("written");
        std::fs::write(self.path("output"), "").expect("written");
        let mut command = Command::new("bash");
        command
            .args(["--noprofile", "--norc", "-e", "-o", "pipefail"])
            .arg(&script)
            .current_dir(self.path("work"))
            .env_clear()
            .env("PATH", self.search_path())
            .env("HOME", self.path("temp"))
            .env("RUNNER_TEMP", self.path("temp"))
            .env("RUNNER_OS", "Linux")
            .env("RUNNER_ARCH", "X64")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_ACTION_PATH", root())
            .env("GITHUB_OUTPUT", self.path("output"))
            .env("GITHUB_STEP_SUMMARY", self.path("summary"))
            .env("GITHUB_EVENT_PATH", self.path("event.json"))
            .env("GITHUB_REPOSITORY", "owner/repository")
            .env("GITHUB_SHA", "0".repeat(40))
            .env("GITHUB_REF", "refs/pull/7/merge");
        for (name, value) in &step.env {
            command.env(name, resolve(value, known));
        }
        let output = command.output().expect("bash starts");
        ran.log.push_str(&String::from_utf8_lossy(&output.stdout));
        ran.log.push_str(&String::from_utf8_lossy(&output.stderr));
        ran.code = output.status.code().unwrap_or(-1);
        for line in std::fs::read_to_string(self.path("output")).expect("outputs").lines() {
            let (name, value) = line.split_once('=').expect("name=value");
            known.insert(format!("steps.{}.outputs.{name}", step.id), value.to_owned());
        }
    }

    /// The program under test and a `gh` that writes down what it is asked, before everything else.
    fn search_path(&self) -> std::ffi::OsString {
        let program = Path::new(env!("CARGO_BIN_EXE_mcpclass")).parent().expect("a folder");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [self.path("bin"), program.to_owned()]
            .into_iter()
            .chain(std::env::split_paths(&path));
        std::env::join_paths(folders.collect::<Vec<_>>()).expect("a search path")
    }

    fn stand_ins(&self) {
        std::fs::write(self.path("event.json"), self.event.to_string()).expect("written");
        std::fs::write(self.path("comments"), &self.comments).expect("written");
        let here = self.dir.path().display();
        let fails = if self.gh_fails { "exit 1" } else { "" };
        let gh = format!(
            "#!/usr/bin/env bash\nprintf '%s ' \"$@\" >>'{here}/calls'\necho >>'{here}/calls'\n{fails}\n\
             for a in \"$@\"; do case \"$a\" in body=@*|sarif=@*) cp \"${{a#*=@}}\" '{here}/sent';; esac; done\n\
             case \" $* \" in *' --jq '*) cat '{here}/comments';; esac\n"
        );
        let path = self.path("bin/gh");
        std::fs::write(&path, gh).expect("written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("executable");
        }
    }
}

/// A text with its `${{ … }}` replaced; an unknown name is empty, as on the platform.
fn resolve(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (name, tail) = after.split_once("}}").expect("a closed expression");
        out.push_str(before);
        out.push_str(known.get(name.trim()).map_or("", String::as_str));
        rest = tail;
    }
    out + rest
}

/// `${{ name == 'text' }}`, the one form of condition that the action uses.
fn holds(condition: &str, known: &BTreeMap<String, String>) -> bool {
    let Some(inner) = condition.strip_prefix("${{").and_then(|c| c.strip_suffix("}}")) else {
        assert!(condition.is_empty(), "{condition}");
        return true;
    };
    let (name, text) = inner.split_once("==").expect("a comparison");
    known.get(name.trim()).map_or("", String::as_str) == text.trim().trim_matches('\'')
}

fn notes() -> serde_json::Value {
    json!([{"name": "list_notes", "description": "Lists the notes."}])
}

fn hostile() -> serde_json::Value {
    json!([{"name": "list_notes", "description": "Lists the notes."},
           {"name": "delete_$(touch pwned)`touch pwned`\n::error::forged\n##[error]forged", "description": "Permanently deletes every note. ::set-output name=status::0"}])
}

const INSTALLED: (&str, &str) = ("version", "installed");

#[test]
fn a_clean_check_passes_and_writes_the_summary() {
    let runner = Runner::new();
    runner.manifest(&notes());
    runner.baseline();
    let ran = runner.run(&[INSTALLED, ("servers", "\n  tools.json  \n\n")]);
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert_eq!(ran.outputs["status"], "0");
    assert!(ran.summary.contains("nothing changed in 1 tool"), "{}", ran.summary);
    assert!(ran.calls.is_empty());
    assert!(Path::new(&ran.outputs["json"]).is_file() && Path::new(&ran.outputs["sarif"]).is_file());
}

#[test]
fn a_failed_check_is_commented_and_uploaded_before_it_fails() {
    let runner = Runner::new();
    runner.manifest(&notes());
    runner.baseline();
    runner.manifest(&hostile());
    let ran = runner.run(&[INSTALLED, ("comment", "true"), ("sarif", "true")]);
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert_eq!(ran.outputs["status"], "1");
    assert!(ran.summary.contains("1 new"), "{}", ran.summary);
    assert!(!runner.path("work/pwned").exists());
    let annotations: Vec<&str> = live_commands(&ran.log);
    assert_eq!(annotations.len(), 1, "{}", ran.log);
    assert!(
        annotations[0].starts_with("::error file=tools.json,line=1"),
        "{}",
        annotations[0]
    );
    assert!(
        ran.calls[0].contains("repos/owner/repository/code-scanning/sarifs"),
        "{:?}",
        ran.calls
    );
    let posted = ran.calls.last().expect("a comment");
    assert!(
        posted.contains("--method POST repos/owner/repository/issues/7/comments"),
        "{posted}"
    );
    let sent = std::fs::read_to_string(runner.path("sent")).expect("a comment");
    assert!(sent.starts_with("<!-- mcpclass check -->\n"), "{sent}");
}

/// The lines that the platform would take for commands: outside of `stop-commands`.
fn live_commands(log: &str) -> Vec<&str> {
    let mut stopped: Option<String> = None;
    let mut commands = Vec::new();
    for line in log.lines() {
        let line = line.trim_start();
        if let Some(token) = &stopped {
            if line == format!("::{token}::") {
                stopped = None;
            }
        } else if let Some(token) = line.strip_prefix("::stop-commands::") {
            assert_eq!(token.len(), 32, "{token}");
            stopped = Some(token.to_owned());
        } else if line.starts_with("::") || line.contains("##[") {
            commands.push(line);
        }
    }
    commands
}

#[test]
fn the_comment_that_is_there_is_edited() {
    let mut runner = Runner::new();
    runner.comments = "4711\n4712\n".to_owned();
    runner.manifest(&notes());
    runner.baseline();
    let ran = runner.run(&[INSTALLED, ("comment", "true")]);
    assert_eq!(ran.code, 0, "{}", ran.log);
    let edited = ran.calls.last().expect("a call");
    assert!(
        edited.contains("--method PATCH repos/owner/repository/issues/comments/4711"),
        "{edited}"
    );
}

#[test]
fn a_token_without_rights_costs_the_comment_alone() {
    let mut runner = Runner::new();
    runner.gh_fails = true;
    runner.manifest(&notes());
    runner.baseline();
    let ran = runner.run(&[INSTALLED, ("comment", "true"), ("sarif", "true")]);
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert_eq!(ran.log.matches("::warning title=mcpclass::").count(), 2, "{}", ran.log);
}

#[test]
fn a_push_has_nothing_to_comment_on() {
    let mut runner = Runner::new();
    runner.event = json!({"ref": "refs/heads/main", "pull_request": {"number": "7; touch pwned"}});
    runner.manifest(&notes());
    runner.baseline();
    let ran = runner.run(&[INSTALLED, ("comment", "true")]);
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert!(ran.calls.is_empty(), "{:?}", ran.calls);
    assert!(!runner.path("work/pwned").exists());
}

#[test]
fn what_cannot_be_checked_is_not_clean() {
    let runner = Runner::new();
    runner.manifest(&notes());
    let ran = runner.run(&[INSTALLED]);
    assert_eq!((ran.code, ran.outputs["status"].as_str()), (2, "2"), "{}", ran.log);
    runner.baseline();
    std::fs::remove_file(runner.path("work/tools.json")).expect("removed");
    let ran = runner.run(&[INSTALLED]);
    assert_eq!((ran.code, ran.outputs["status"].as_str()), (4, "4"), "{}", ran.log);
    for inputs in [
        [INSTALLED, ("servers", "--yes")],
        [("version", "1.2; touch pwned"), ("servers", "")],
    ] {
        let ran = runner.run(&inputs);
        assert_eq!(ran.code, 2, "{}", ran.log);
    }
    assert!(!runner.path("work/pwned").exists());
}

/// A workflow, as far as it calls the action.
#[derive(Deserialize)]
struct Workflow {
    jobs: BTreeMap<String, Job>,
}

#[derive(Deserialize)]
struct Job {
    permissions: BTreeMap<String, String>,
    steps: Vec<Use>,
}

#[derive(Deserialize)]
struct Use {
    uses: String,
    #[serde(default)]
    with: BTreeMap<String, String>,
}

#[test]
fn the_example_workflow_fails_a_pull_request_that_got_worse() {
    let text = std::fs::read_to_string(root().join(".ci/example/workflow.yml")).expect("the example");
    let workflow: Workflow = serde_saphyr::from_str(&text).expect("a workflow");
    let job = &workflow.jobs["check"];
    let step = job.steps.last().expect("a step");
    assert_eq!(step.uses, "OWNER/mcpclass@COMMIT");
    for right in ["pull-requests", "security-events"] {
        assert_eq!(job.permissions[right], "write");
    }
    let mut inputs: Vec<(&str, &str)> = step.with.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    // Building the action's own source is a matter of cargo.
    inputs.push(INSTALLED);
    let runner = Runner::new();
    runner.manifest(&notes());
    runner.baseline();
    assert_eq!(runner.run(&inputs).code, 0);
    runner.manifest(&hostile());
    let ran = runner.run(&inputs);
    assert_eq!(ran.code, 1, "{}", ran.log);
    let called = |path: &str| ran.calls.iter().any(|call| call.contains(path));
    assert!(
        called("code-scanning/sarifs") && called("issues/7/comments"),
        "{:?}",
        ran.calls
    );
}

#[derive(Deserialize)]
struct GitLab {
    mcpclass: GitLabJob,
}

#[derive(Deserialize)]
struct GitLabJob {
    variables: BTreeMap<String, String>,
    script: Vec<String>,
}

#[test]
fn the_gitlab_job_writes_a_test_report_and_fails() {
    let runner = Runner::new();
    runner.manifest(&notes());
    runner.baseline();
    runner.manifest(&hostile());
    let text = std::fs::read_to_string(root().join(".gitlab/mcpclass.yml")).expect("the template");
    let template: GitLab = serde_saphyr::from_str(&text).expect("a job");
    let script = format!("set -eo pipefail\n{}\n", template.mcpclass.script.join("\n"));
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(runner.path("work"))
        .env_clear()
        .env("PATH", runner.search_path())
        .env("CI", "true")
        .envs(&template.mcpclass.variables)
        .output()
        .expect("bash starts");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let report = std::fs::read_to_string(runner.path("work/mcpclass.xml")).expect("a report");
    assert!(report.contains("failures=\"1\""), "{report}");
}

#[derive(Deserialize)]
struct Hook {
    entry: String,
    args: Vec<String>,
    language: String,
    files: String,
}

#[test]
fn the_pre_commit_hook_runs_offline() {
    let text = std::fs::read_to_string(root().join(".pre-commit-hooks.yaml")).expect("the hooks");
    let hooks: Vec<Hook> = serde_saphyr::from_str(&text).expect("hooks");
    let [hook] = hooks.as_slice() else { panic!("one hook") };
    assert_eq!(hook.language, "rust");
    let files = regex::Regex::new(&hook.files).expect("a pattern");
    assert!(files.is_match("a/mcpclass.lock") && files.is_match("tools.json") && !files.is_match("src/main.rs"));
    let runner = Runner::new();
    runner.manifest(&notes());
    runner.baseline();
    let words: Vec<&str> = hook
        .entry
        .split(' ')
        .skip(1)
        .chain(hook.args.iter().map(String::as_str))
        .collect();
    let clean = mcpclass(&runner.path("work"))
        .args(&words)
        .output()
        .expect("the program starts");
    assert_eq!(clean.status.code(), Some(0), "{}", stderr(&clean));
    runner.manifest(&hostile());
    let failed = mcpclass(&runner.path("work"))
        .args(&words)
        .output()
        .expect("the program starts");
    assert_eq!(failed.status.code(), Some(1), "{}", stderr(&failed));
}

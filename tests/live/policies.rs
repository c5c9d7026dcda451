//! Policies as their own readers take them: the clients from npm, each with a real server and a model of our own that
//! calls every tool, and the packages of the hosted targets from PyPI.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};

/// The clients, as they were when their rules were last looked at.
const CLIENTS: [&str; 5] = [
    "@anthropic-ai/claude-code@2.1.197",
    "@openai/codex@0.171.0",
    "@google/gemini-cli@0.61.0",
    "opencode-ai@1.18.33",
    "@github/copilot@1.0.102",
];

/// The hosted targets' packages, and what LiteLLM's proxy imports.
const PACKAGES: [&str; 11] = [
    "openai==3.57.0",
    "anthropic==2.14.0",
    "litellm==1.110.2",
    "fastapi",
    "fastapi-sso",
    "mcp",
    "orjson",
    "expression",
    "backoff",
    "redis",
    "pyyaml",
];

/// The tools of `fixtures/servers/sessions.json`, and one that the server adds after the policy is written.
const READ: &str = "session_list";
const ODD: &str = "session.get größe 🦀";
const WRITE: &str = "session_set_active";
const DELETE: &str = "session_delete";
const EXECUTE: &str = "run_python_code";
const SPLIT: &str = "manage_session";
const NEW: &str = "added_tomorrow";

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    /// The server ran it.
    Ran,
    /// A person would have been asked.
    Asked,
    /// The model is not offered the tool, and a call to it is an error.
    Absent,
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/servers")
        .join(name)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/live/readers")
}

fn done(command: &mut Command) -> Output {
    let output = command.output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    output
}

/// A client from npm.
fn client(name: &str) -> PathBuf {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    let prefix = folder().join("npm");
    INSTALLED.get_or_init(|| {
        fs::create_dir_all(&prefix).expect("a folder");
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--prefix"])
            .arg(&prefix);
        done(npm.args(CLIENTS));
    });
    prefix.join("node_modules/.bin").join(name)
}

/// Writes policies by the program, with whatever follows the manifest.
fn policy(args: &[&str]) -> Output {
    let mut mcpclass = Command::new(env!("CARGO_BIN_EXE_mcpclass"));
    done(mcpclass.arg("policy").arg(fixture("sessions.json")).args(args))
}

/// The server as a command: its tools and the one that is new.
fn server(home: &Path) -> [String; 3] {
    let mut manifest: Value =
        serde_json::from_slice(&fs::read(fixture("sessions.json")).expect("a manifest")).expect("JSON");
    let tools = manifest["tools"].as_array_mut().expect("a list");
    tools.push(json!({"name": NEW, "description": "Lists what is new."}));
    let path = home.join("tools.json");
    fs::write(&path, manifest.to_string()).expect("written");
    [
        "python3".to_owned(),
        fixture("tools.py").display().to_string(),
        path.display().to_string(),
    ]
}

/// A model that calls tools, until it is dropped.
struct Model {
    child: Child,
    port: String,
    record: PathBuf,
}

impl Model {
    fn start(home: &Path, calls: &[Value]) -> Self {
        let record = home.join("record");
        let mut child = Command::new("python3")
            .arg(fixture("model.py"))
            .arg(&record)
            .args(calls.iter().map(Value::to_string))
            .stdout(Stdio::piped())
            .spawn()
            .expect("the model starts");
        let mut port = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut port).expect("a port");
        let port = port.trim().to_owned();
        Self { child, port, record }
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A home of a client with a policy in it.
struct Client {
    home: tempfile::TempDir,
    /// Where the client keeps the names of a server apart from others; empty where names do that themselves.
    namespace: &'static str,
    /// What the client calls a tool when it offers it to a model.
    name: fn(&str) -> String,
    /// The client's command, with the model's port.
    command: fn(&Path, &str) -> Command,
}

impl Client {
    /// How the model calls a tool: with the argument of a deletion.
    fn call(&self, tool: &str) -> Value {
        let mut call = json!({"name": (self.name)(tool), "arguments": {"action": "delete"}});
        if !self.namespace.is_empty() {
            call["namespace"] = json!(self.namespace);
        }
        call
    }

    /// Calls each of the tools once and says what came of it.
    fn decide(&self, tools: &[&'static str]) -> BTreeMap<&'static str, Came> {
        let home = self.home.path();
        let calls: Vec<Value> = tools.iter().map(|tool| self.call(tool)).collect();
        let model = Model::start(home, &calls);
        let work = home.join("work");
        fs::create_dir_all(&work).expect("a folder");
        let output = (self.command)(home, &model.port)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .envs(
                (self.command)(home, &model.port)
                    .get_envs()
                    .filter_map(|(k, v)| Some((k, v?))),
            )
            .current_dir(&work)
            .stdin(Stdio::null())
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        let record = fs::read_to_string(&model.record).unwrap_or_default();
        let last = record
            .lines()
            .next_back()
            .unwrap_or_else(|| panic!("nothing was asked of the model: {said}"));
        let last: Value = serde_json::from_str(last).expect("JSON");
        let offered = last["offered"].as_array().expect("a list");
        let came = |tool: &str| {
            let name = (self.name)(tool);
            let result = last["results"][name.as_str()].as_str();
            let asked = ["permission", "approval", "confirmation"];
            if !offered.contains(&json!(format!("{}{name}", self.namespace))) {
                assert!(!result.unwrap_or_default().contains("ran "), "{tool}: {said}");
                return Came::Absent;
            }
            match result {
                Some(text) if text.contains(&format!("ran {tool}")) => Came::Ran,
                Some(text) if asked.iter().any(|word| text.contains(word)) => Came::Asked,
                None if said.contains(&format!("permission requested: {name}")) => Came::Asked,
                _ => panic!("{tool}: {result:?}\n{said}"),
            }
        };
        tools.iter().map(|&tool| (tool, came(tool))).collect()
    }
}

/// A name as it stands in a model's API.
fn plain(tool: &str) -> String {
    let one = |c: char| {
        if c.is_ascii_alphanumeric() || "_-".contains(c) {
            c.to_string()
        } else {
            "_".repeat(c.len_utf16())
        }
    };
    tool.chars().map(one).collect()
}

fn home() -> tempfile::TempDir {
    fs::create_dir_all(folder()).expect("a folder");
    tempfile::tempdir_in(folder()).expect("a home")
}

fn write(path: &Path, text: &str) -> String {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("written");
    path.display().to_string()
}

fn expect(came: &BTreeMap<&str, Came>, wanted: &[(&str, Came)]) {
    let wanted: BTreeMap<&str, Came> = wanted.iter().copied().collect();
    assert_eq!(*came, wanted);
}

const EVERY: [&str; 7] = [READ, ODD, WRITE, DELETE, EXECUTE, SPLIT, NEW];

#[test]
fn claude_code() {
    let home = home();
    let settings = home.path().join(".claude/settings.json");
    let settings = write(&settings, "{\n  \"permissions\": {\"deny\": [\"Bash\"]}\n}\n");
    policy(&["--for", "claude-code", "--merge", &settings, "--write"]);
    let [program, args @ ..] = server(home.path());
    let servers = json!({"mcpServers": {"llm-gateway": {"command": program, "args": args}}});
    write(&home.path().join("mcp.json"), &servers.to_string());
    client("claude");
    let client = Client {
        home,
        namespace: "",
        name: |tool| format!("mcp__llm-gateway__{}", plain(tool)),
        command: |home, port| {
            let mut claude = Command::new(client("claude"));
            claude.args(["-p", "go", "--mcp-config"]).arg(home.join("mcp.json"));
            claude
                .env("ANTHROPIC_BASE_URL", format!("http://127.0.0.1:{port}"))
                .env("ANTHROPIC_API_KEY", "none");
            claude.env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
            claude
        },
    };
    let came = client.decide(&EVERY);
    let (read, ask, off) = (Came::Ran, Came::Asked, Came::Absent);
    expect(
        &came,
        &[
            (READ, read),
            (ODD, read),
            (WRITE, ask),
            (EXECUTE, ask),
            (DELETE, off),
            (SPLIT, off),
            (NEW, ask),
        ],
    );
}

#[test]
fn codex() {
    let home = home();
    let [program, args @ ..] = server(home.path());
    let provider =
        "model = \"m\"\nmodel_provider = \"m\"\napproval_policy = \"on-request\"\n\n[mcp_servers.llm-gateway]\n";
    let config = write(
        &home.path().join(".codex/config.toml"),
        &format!("{provider}command = {program:?}\nargs = {args:?}\n"),
    );
    policy(&["--for", "codex", "--merge", &config, "--write"]);
    let client = Client {
        home,
        namespace: "mcp__llm_gateway",
        name: |tool| plain(tool).replace("___", "__"),
        command: |_, port| {
            let mut codex = Command::new(client("codex"));
            let provider =
                format!("model_providers.m={{name=\"m\",base_url=\"http://127.0.0.1:{port}/v1\",env_key=\"KEY\"}}");
            codex
                .args([
                    "exec",
                    "--strict-config",
                    "--skip-git-repo-check",
                    "-c",
                    &provider,
                    "go",
                ])
                .env("KEY", "none");
            codex
        },
    };
    let came = client.decide(&EVERY);
    let (read, ask, off) = (Came::Ran, Came::Asked, Came::Absent);
    expect(
        &came,
        &[
            (READ, read),
            (ODD, read),
            (WRITE, ask),
            (EXECUTE, ask),
            (DELETE, off),
            (SPLIT, off),
            (NEW, off),
        ],
    );
}

#[test]
fn gemini_cli() {
    let home = home();
    let [program, args @ ..] = server(home.path());
    let settings = json!({
        "mcpServers": {"llm-gateway": {"command": program, "args": args, "trust": true}},
        "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": false}},
        "privacy": {"usageStatisticsEnabled": false},
    });
    let settings = write(&home.path().join(".gemini/settings.json"), &settings.to_string());
    policy(&["--for", "gemini-cli", "--merge", &settings, "--write"]);
    let policies = write(&home.path().join(".gemini/policies/mcpclass.toml"), "");
    policy(&["--for", "gemini-cli", "-o", &policies]);
    let client = Client {
        home,
        namespace: "",
        name: |tool| format!("mcp_llm-gateway_{}", plain(tool).replace("session_get", "session.get")),
        command: |_, port| {
            let mut gemini = Command::new(client("gemini"));
            gemini
                .args(["-m", "gemini-2.5-flash", "-p", "go"])
                .env("GEMINI_API_KEY", "none");
            gemini.env("GOOGLE_GEMINI_BASE_URL", format!("http://127.0.0.1:{port}"));
            gemini
        },
    };
    let came = client.decide(&EVERY);
    let (read, ask, off) = (Came::Ran, Came::Asked, Came::Absent);
    expect(
        &came,
        &[
            (READ, read),
            (ODD, read),
            (WRITE, ask),
            (EXECUTE, ask),
            (DELETE, off),
            (SPLIT, off),
            (NEW, off),
        ],
    );
}

#[test]
fn opencode() {
    let home = home();
    let command = server(home.path());
    let config = json!({
        "model": "m/m", "small_model": "m/m", "autoupdate": false, "share": "disabled",
        "provider": {"m": {"npm": "@ai-sdk/openai-compatible", "models": {"m": {"tool_call": true}},
            "options": {"baseURL": "{env:MODEL}", "apiKey": "none"}}},
        "mcp": {"llm-gateway": {"type": "local", "command": command}},
    });
    let config = write(&home.path().join(".config/opencode/opencode.json"), &config.to_string());
    policy(&["--for", "opencode", "--merge", &config, "--write"]);
    // As printed, with its comments, in the project.
    policy(&[
        "--for",
        "opencode",
        "-o",
        &write(&home.path().join("work/opencode.json"), ""),
    ]);
    let client = Client {
        home,
        namespace: "",
        name: |tool| format!("llm-gateway_{}", plain(tool)),
        command: |_, port| {
            let mut opencode = Command::new(client("opencode"));
            opencode
                .args(["run", "go"])
                .env("MODEL", format!("http://127.0.0.1:{port}/v1"));
            opencode
        },
    };
    let (read, ask, off) = (Came::Ran, Came::Asked, Came::Absent);
    let came = client.decide(&[READ, ODD, DELETE, SPLIT, NEW]);
    expect(
        &came,
        &[(READ, read), (ODD, read), (DELETE, off), (SPLIT, off), (NEW, off)],
    );
    // A question that nobody answers ends the session.
    expect(&client.decide(&[WRITE, EXECUTE]), &[(WRITE, ask), (EXECUTE, ask)]);
}

#[test]
fn copilot() {
    let home = home();
    let [program, args @ ..] = server(home.path());
    let config =
        json!({"mcpServers": {"llm-gateway": {"type": "local", "command": program, "args": args, "tools": ["*"]}}});
    let config = write(&home.path().join(".copilot/mcp-config.json"), &config.to_string());
    policy(&["--for", "copilot", "--merge", &config, "--write"]);
    policy(&["--for", "copilot", "-o", &format!("{}/", home.path().display())]);
    let client = Client {
        home,
        namespace: "",
        name: |tool| match tool {
            ODD => "llm-gateway-session-xn--get-gre--vya3us5373c".to_owned(),
            plain => format!("llm-gateway-{plain}"),
        },
        command: |home, port| {
            let flags = fs::read_to_string(home.join("copilot-flags.txt")).expect("written");
            let mut copilot = Command::new(client("copilot"));
            copilot
                .args(["-p", "go"])
                .args(shlex::split(&flags).expect("words of a shell"));
            copilot.env("COPILOT_OFFLINE", "true").env("COPILOT_MODEL", "m");
            copilot.env("COPILOT_PROVIDER_BASE_URL", format!("http://127.0.0.1:{port}/v1"));
            copilot
        },
    };
    let came = client.decide(&EVERY);
    let (read, ask, off) = (Came::Ran, Came::Asked, Came::Absent);
    expect(
        &came,
        &[
            (READ, read),
            (ODD, ask),
            (WRITE, ask),
            (EXECUTE, ask),
            (DELETE, off),
            (SPLIT, off),
            (NEW, off),
        ],
    );
}

#[test]
fn packages_of_the_hosted_targets() {
    let venv = folder().join("venv");
    if !venv.join("bin/python").exists() {
        done(Command::new("python3").args(["-m", "venv"]).arg(&venv));
    }
    done(
        Command::new(venv.join("bin/pip"))
            .args(["install", "--quiet"])
            .args(PACKAGES),
    );
    let home = home();
    policy(&["--for", "all", "-o", &home.path().display().to_string()]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live/readers.py");
    let mut python = Command::new(venv.join("bin/python"));
    let output = done(python.arg(script).arg(home.path()).arg(fixture("sessions.json")));
    let came: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let (ran, asked, absent) = ("ran", "asked", "absent");
    for (target, limited) in [("openai", asked), ("claude-api", absent), ("litellm", absent)] {
        let wanted =
            json!({READ: ran, ODD: ran, WRITE: limited, DELETE: absent, EXECUTE: limited, SPLIT: absent, NEW: absent});
        assert_eq!(came[target], wanted, "{target}");
    }
}

//! Real servers, listed by the program as a user would: over stdio, Streamable HTTP and HTTP+SSE, of both eras,
//! from npm and PyPI.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

const PACKAGES: [&str; 5] = [
    "@modelcontextprotocol/server-everything",
    "@modelcontextprotocol/server-filesystem",
    "@modelcontextprotocol/server-memory",
    "@modelcontextprotocol/server@2",
    "zod",
];

/// Where packages are installed, once for all tests.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/live/servers")
}

fn run(program: &str, args: &[&str]) {
    let status = Command::new(program).args(args).stdout(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.success()), "{program} {args:?}");
}

/// The `node_modules` with the servers from npm.
fn npm() -> PathBuf {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    let prefix = folder().join("npm");
    INSTALLED.get_or_init(|| {
        std::fs::create_dir_all(&prefix).expect("a folder");
        let prefix = prefix.display().to_string();
        let mut args = vec!["install", "--no-audit", "--no-fund", "--prefix", &prefix];
        args.extend(PACKAGES);
        run("npm", &args);
    });
    prefix.join("node_modules")
}

/// A server from npm, as its command.
fn bin(name: &str) -> String {
    npm().join(".bin").join(name).display().to_string()
}

/// What the program prints about a server.
struct Scan {
    report: Value,
}

impl Scan {
    #[expect(clippy::print_stderr, reason = "the figures of a run with real servers")]
    fn of(args: &[&str]) -> Self {
        let work = tempfile::tempdir().expect("a folder");
        let started = Instant::now();
        let output = Command::new(env!("CARGO_BIN_EXE_mcpclass"))
            .args(["scan", "--format", "json"])
            .args(args)
            .current_dir(work.path())
            .output()
            .expect("the program starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {stderr}");
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let scan = Self { report };
        let took = started.elapsed().as_secs_f64();
        eprintln!(
            "{}: {} tools in {took:.2} s, {}",
            args[args.len().min(2) - 1],
            scan.tools(),
            scan.server()
        );
        scan
    }

    fn server(&self) -> &Value {
        &self.report["servers"][0]["server"]
    }

    fn tools(&self) -> usize {
        self.report["servers"][0]["tools"].as_array().map_or(0, Vec::len)
    }

    fn has(&self, name: &str) -> bool {
        let tools = self.report["servers"][0]["tools"].as_array();
        tools.is_some_and(|tools| tools.iter().any(|tool| tool["name"] == name))
    }
}

#[test]
fn everything_over_stdio() {
    let scan = Scan::of(&["--", &bin("mcp-server-everything")]);
    assert!(scan.tools() >= 10 && scan.has("echo"), "{}", scan.report);
    assert_eq!(scan.server()["transport"], "stdio");
    assert_eq!(scan.server()["protocol"], "2025-11-25");
    assert_eq!(scan.server()["complete"], true);
}

/// A server that listens on a port until it is dropped.
struct Listening {
    child: Child,
    port: u16,
}

impl Listening {
    fn start(mode: &str) -> Self {
        let program = bin("mcp-server-everything");
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a port")
            .port();
        let child = Command::new(program)
            .arg(mode)
            .env("PORT", port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let listening = Self { child, port };
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("localhost", port)).is_err() {
            assert!(Instant::now() < until, "the server listens");
            std::thread::sleep(Duration::from_millis(50));
        }
        listening
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn everything_over_streamable_http() {
    let server = Listening::start("streamableHttp");
    let scan = Scan::of(&[&format!("http://localhost:{}/mcp", server.port)]);
    assert!(scan.tools() >= 10 && scan.has("echo"), "{}", scan.report);
    assert_eq!(scan.server()["transport"], "http");
}

#[test]
fn everything_over_the_older_transport() {
    let server = Listening::start("sse");
    let scan = Scan::of(&[&format!("http://localhost:{}/sse", server.port)]);
    assert!(scan.tools() >= 10 && scan.has("echo"), "{}", scan.report);
    assert_eq!(scan.server()["transport"], "sse");
}

#[test]
fn filesystem_as_the_readme_has_it() {
    // The runner fetches the package itself, inside the fence.
    let scan = Scan::of(&["--", "npx", "-y", "@modelcontextprotocol/server-filesystem", "."]);
    assert!(scan.has("write_file") && scan.has("read_text_file"), "{}", scan.report);
    let scan = Scan::of(&["npm:@modelcontextprotocol/server-memory", "--yes"]);
    assert!(scan.has("create_entities"), "{}", scan.report);
}

#[test]
fn memory() {
    let scan = Scan::of(&["--", &bin("mcp-server-memory")]);
    assert!(
        scan.has("create_entities") && scan.has("delete_entities"),
        "{}",
        scan.report
    );
}

#[test]
fn a_python_server() {
    let venv = folder().join("venv");
    if !venv.join("bin/mcp-server-time").exists() {
        run("python3", &["-m", "venv", &venv.display().to_string()]);
        run(
            &venv.join("bin/pip").display().to_string(),
            &["install", "--quiet", "mcp-server-time"],
        );
    }
    let scan = Scan::of(&["--", &venv.join("bin/mcp-server-time").display().to_string()]);
    assert_eq!(scan.tools(), 2);
    assert!(scan.has("get_current_time"), "{}", scan.report);
}

#[test]
fn the_era_without_a_handshake() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/servers/modern.mjs")
        .display()
        .to_string();
    let modules = npm().display().to_string();
    let scan = Scan::of(&["--", "node", &script, &modules, "reject"]);
    assert!(scan.has("weather"), "{}", scan.report);
    assert_eq!(scan.server()["protocol"], "2026-07-28");
    let scan = Scan::of(&["--", "node", &script, &modules, "serve"]);
    assert_eq!(scan.server()["protocol"], "2025-11-25");
}

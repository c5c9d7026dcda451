//! What a started server is kept from: the files, terminals, sockets and networks of the user, and more than its share.

use super::*;

/// What a fenced server could do, by name.
fn attempts(case: &Case) -> (Manifest, BTreeMap<String, String>) {
    let manifest = case.listed();
    let found = manifest
        .tools
        .iter()
        .map(|t| (t.name().to_owned(), t.description().unwrap_or_default().to_owned()));
    let found = found.collect();
    (manifest, found)
}

#[test]
fn the_fence_keeps_the_home_folder_shut_and_the_rest_unwritten() {
    let home = std::env::home_dir().expect("a home");
    let private = tempfile::tempdir_in(&home).expect("a folder in the home folder");
    let secret = private.path().join("secret");
    std::fs::write(&secret, "secret").expect("written");
    let target = private.path().join("target").display().to_string();
    let listener = std::os::unix::net::UnixDatagram::bind(private.path().join("listener")).expect("a socket");
    listener.set_nonblocking(true).expect("set");
    let case = case!("fence", &format!(":{}", secret.display()), &format!(":{target}"), "1");
    let (manifest, found) = attempts(&case);
    let applied = manifest.server.sandbox.expect("it was started");
    assert!(applied.contains("rlimits"), "{applied}");
    if !applied.starts_with("landlock") {
        return;
    }
    assert_eq!(found["read"], "PermissionError");
    assert_eq!(found["write"], "PermissionError");
    assert_eq!((found["own"].as_str(), found["temporary"].as_str()), ("done", "done"));
    assert_eq!(found["kill"], "PermissionError", "the supervisor is out of reach");
    if applied.contains("seccomp") {
        assert_eq!(
            found["unix"], "PermissionError",
            "services of this machine listen there"
        );
        assert_eq!(found["datagram"], "PermissionError", "one of a pair sends to any path");
        assert!(listener.recv(&mut [0; 16]).is_err(), "something got out");
    }
    assert_eq!(found["pair"], "done", "runtimes need it for their children");
    assert!(secret.exists() && !Path::new(&target).exists());
}

#[test]
fn a_command_that_a_user_types_starts_in_the_users_folder() {
    let (_, found) = attempts(&case!("fence", ":/nowhere", ":/nowhere", "1"));
    assert_eq!(Path::new(&found["cwd"]), std::env::current_dir().expect("a folder"));
    let mut configured = case!("fence", ":/nowhere", ":/nowhere", "1");
    configured.spec.named_by = NamedBy::Config(PathBuf::from("x.json"));
    let (_, found) = attempts(&configured);
    assert!(found["cwd"].ends_with("/box/work"), "{}", found["cwd"]);
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn without_a_network_not_even_this_machine_is_reached() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port().to_string();
    let mut case = case!("fence", ":/nowhere", ":/nowhere", &port);
    let (_, found) = attempts(&case);
    assert_eq!(found["connect"], "done");
    case.options.no_network = true;
    match case.run() {
        Ok(manifest) => {
            let connect = manifest.tools.iter().find(|tool| tool.name() == "connect");
            assert_ne!(connect.and_then(|tool| tool.description()), Some("done"));
            let listed = names(&manifest);
            assert!(listed.contains(&"cwd"), "{listed:?}");
            assert!(
                manifest
                    .server
                    .sandbox
                    .is_some_and(|applied| applied.contains("no-network"))
            );
        }
        Err(error) if error.to_string().contains("bubblewrap") => {
            eprintln!("skipped: this machine cannot take a network away");
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_required_fence_is_had_or_nothing_is_started() {
    let mut case = case!("normal");
    case.options.sandbox = Sandbox::Required;
    match case.run() {
        Ok(manifest) => assert!(manifest.server.sandbox.is_some_and(|s| s.starts_with("landlock+"))),
        Err(error) => assert!(error.to_string().contains("was not started"), "{error}"),
    }
    case.options.sandbox = Sandbox::Off;
    assert_eq!(case.listed().server.sandbox.as_deref(), Some("rlimits"));
}

/// Runs the program in a terminal of its own, as a person would.
const IN_A_TERMINAL: &str = "
import os, pty, sys
pid, end = pty.fork()
if pid == 0:
    args = [':' + os.ttyname(0) if arg == 'TERMINAL' else arg for arg in sys.argv[1:]]
    os.execv(args[0], args)
shown = b''
while True:
    try:
        piece = os.read(end, 65536)
    except OSError:
        break
    if not piece:
        break
    shown += piece
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";

#[test]
fn a_server_has_no_terminal_to_write_to_or_read_from() {
    let case = case!("terminal");
    let Endpoint::Command { program, args, .. } = &case.spec.endpoint else {
        return;
    };
    let home = tempfile::tempdir().expect("a folder");
    // Without the fence files are the user's, terminals among them; its own it has none in either case.
    for (sandbox, named) in [("auto", &["TERMINAL"][..]), ("off", &[])] {
        let output = Command::new(program)
            .args(["-c", IN_A_TERMINAL, env!("CARGO_BIN_EXE_mcpclass")])
            .args(["scan", "--sandbox", sandbox, "--format", "json", "-o", "out.json", "--"])
            .arg(program)
            .args(args)
            .args(named)
            .current_dir(home.path())
            .env("HOME", home.path())
            .output()
            .expect("it runs");
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{sandbox}: {shown}");
        let result = std::fs::read(home.path().join("out.json")).expect("written");
        let result: serde_json::Value = serde_json::from_slice(&result).expect("JSON");
        let server = &result["servers"][0];
        let tools = server["tools"].as_array().expect("tools");
        let done: Vec<&str> = tools
            .iter()
            .filter_map(|t| t["name"].as_str())
            .filter(|n| n.ends_with("_done"))
            .collect();
        let fenced = server["server"]["sandbox"]
            .as_str()
            .is_some_and(|applied| applied.contains("landlock"));
        assert_eq!(tools.len(), 1 + 2 * named.len());
        assert!(done.is_empty() || sandbox == "auto" && !fenced, "{sandbox}: {done:?}");
        assert!(
            !shown.contains("owned"),
            "{sandbox}: it wrote to the terminal: {shown:?}"
        );
    }
}

#[test]
fn a_server_that_wants_a_unix_socket_is_told_why_it_gets_none() {
    let mut case = case!("unix_server");
    match case.run() {
        // Without a filter of system calls there is nothing that denies it.
        Ok(manifest) => assert!(
            !manifest
                .server
                .sandbox
                .is_some_and(|applied| applied.contains("seccomp"))
        ),
        Err(error) => {
            let error = error.to_string();
            for part in [
                "listen EPERM",
                "no server open Unix sockets",
                "node --import tsx",
                "--sandbox off",
            ] {
                assert!(error.contains(part), "{part}: {error}");
            }
        }
    }
    // The way out that it names is one.
    case.options.sandbox = Sandbox::Off;
    assert_eq!(names(&case.listed()), ["weather", "tide"]);
    // A server that failed for another reason is not told about sockets.
    let error = case!("exits", "7").failed();
    assert!(!error.contains("no server open Unix sockets"), "{error}");
}

#[test]
fn greed_is_stopped() {
    let error = case!("greedy").failed();
    assert!(error.contains("memory") || error.contains("MemoryError"), "{error}");
    let error = case!("forks").timeout(20.0).failed();
    assert!(error.contains("processes"), "{error}");
}

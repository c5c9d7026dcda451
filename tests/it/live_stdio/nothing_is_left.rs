//! However a listing ends, the processes and folders of its servers are gone.

use super::*;

/// A case whose server writes the ids of its processes to a file.
fn noted(args: &[&str]) -> Option<(Case, tempfile::TempDir)> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pids").display().to_string();
    let mut case = Case::new(args)?.env("PIDS", &file);
    // The file is outside of what a fenced server may write.
    case.options.sandbox = Sandbox::Off;
    Some((case, folder))
}

fn pids(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("pids")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn runs(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

fn all_gone(pids: &[String], within: Duration) -> bool {
    let until = Instant::now() + within;
    while pids.iter().any(|pid| runs(pid)) {
        if Instant::now() > until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

#[test]
fn after_a_listing_and_after_a_failure() {
    let Some((case, folder)) = noted(&["parent"]) else {
        return;
    };
    assert_eq!(names(&case.listed()), ["weather", "tide"]);
    assert_eq!(pids(folder.path()).len(), 3);
    assert!(all_gone(&pids(folder.path()), Duration::ZERO));

    let Some((case, folder)) = noted(&["parent", "hang"]) else {
        return;
    };
    let error = case.timeout(1.5).failed();
    assert!(error.contains("--timeout"), "{error}");
    assert_eq!(pids(folder.path()).len(), 3);
    assert!(all_gone(&pids(folder.path()), Duration::ZERO));

    let Some((case, folder)) = noted(&["stubborn"]) else {
        return;
    };
    assert_eq!(names(&case.listed()), ["weather", "tide"]);
    assert!(all_gone(&pids(folder.path()), Duration::ZERO));
}

/// How the listing program ends while it waits for a server that has left processes all over.
const WAYS: [&str; 4] = ["kill", "interrupt", "panic", "cancel"];

/// A shell that starts us in the background has interrupts ignored, and whatever we start inherits that.
fn interrupts_are_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (rustix::process::Signal::INT.as_raw() - 1)) != 0)
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn however_the_listing_program_ends() {
    for way in WAYS {
        if way == "interrupt" && interrupts_are_ignored() {
            eprintln!("skipped: interrupts are ignored where these tests run");
            continue;
        }
        let Some((_, folder)) = noted(&["parent", "hang"]) else {
            return;
        };
        let mut program = Command::new(std::env::current_exe().expect("this program"))
            .args([
                "--exact",
                "live_stdio::nothing_is_left::the_listing_program",
                "--nocapture",
            ])
            .env("LIVE_TEST_PIDS", folder.path().join("pids"))
            .env("LIVE_TEST_WAY", way)
            .env("TMPDIR", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("this program starts");
        let until = Instant::now() + Duration::from_secs(20);
        while pids(folder.path()).len() < 3 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        let pids = pids(folder.path());
        assert_eq!(pids.len(), 3, "{way}: the server started");
        let id = rustix::process::Pid::from_child(&program);
        match way {
            "kill" => program.kill().expect("killed"),
            "interrupt" => rustix::process::kill_process(id, rustix::process::Signal::INT).expect("interrupted"),
            _ => {}
        }
        assert!(all_gone(&pids, Duration::from_secs(10)), "{way}: something is left");
        let _ = program.wait();
        let until = Instant::now() + Duration::from_secs(5);
        let left = || {
            let entries = std::fs::read_dir(folder.path()).expect("a folder").flatten();
            entries
                .filter(|e| e.file_name().display().to_string().starts_with("mcpclass-"))
                .count()
        };
        while left() > 0 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(left(), 0, "{way}: a temporary folder is left");
    }
}

/// Not a test of its own: the program that [`however_the_listing_program_ends`] starts and ends.
#[test]
fn the_listing_program() {
    let (Ok(file), Ok(way)) = (std::env::var("LIVE_TEST_PIDS"), std::env::var("LIVE_TEST_WAY")) else {
        return;
    };
    let Some(case) = Case::new(&["parent", "hang"]) else {
        return;
    };
    let mut case = case.env("PIDS", &file);
    case.options.sandbox = Sandbox::Off;
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let listing = live::list(&case.spec, &case.limits, &case.options);
        let give_up = async {
            while std::fs::read_to_string(&file).unwrap_or_default().lines().count() < 3 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            match way.as_str() {
                "panic" => panic!("on purpose"),
                "cancel" => {}
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = listing => {}
            () = give_up => {}
        }
    });
}

//! A disk that is really full: a small file system of our own, in which the program writes until nothing fits. Needs
//! user namespaces; where there are none the tests skip.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::common::{mcpclass, stderr, stdout};

const SMALL: &str = r#"{"server":{"name":"notes"},"tools":[{"name":"list_notes","description":"Lists notes."}]}"#;

/// Runs a shell script in a folder `disk` that has room for 3 MB; the program is `$B`. What it prints; `None`, with a
/// message, where such a folder cannot be had.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn on_a_small_disk(folder: &Path, script: &str) -> Option<String> {
    fs::create_dir(folder.join("disk")).expect("a folder");
    let whole = format!("mount -t tmpfs -o size=3m none disk || exit 77\nset -u\n{script}");
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &whole])
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("B", env!("CARGO_BIN_EXE_mcpclass"))
        .output();
    match output {
        Ok(output) if output.status.success() => Some(stdout(&output) + &stderr(&output)),
        Ok(output) if !stderr(&output).contains("unshare") && output.status.code() != Some(77) => {
            panic!("{}: {}{}", output.status, stdout(&output), stderr(&output))
        }
        _ => {
            eprintln!("skipped: this machine lets nobody make a small disk");
            None
        }
    }
}

/// Many servers, of which the catalogue does not fit.
fn large() -> String {
    let mut text = String::new();
    for server in 0..400 {
        let tool = |n: u32| {
            let noise = scatter(server * 1000 + n);
            json!({"name": format!("delete_{n}_{noise:x}"), "description": format!("Deletes {noise:x} of {server} for good.")})
        };
        let tools: Vec<_> = (0..40).map(tool).collect();
        let _ = writeln!(
            text,
            "{}",
            json!({"server": {"name": format!("s{server}")}, "tools": tools})
        );
    }
    text
}

/// A number that looks like no other, so that nothing compresses.
fn scatter(n: u32) -> u64 {
    u64::from(n + 1)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .rotate_left(31)
        .wrapping_mul(0xBF58_476D_1CE4_E5B9)
}

#[test]
fn a_full_disk_leaves_the_catalogue_as_it_was() {
    let home = tempfile::tempdir().expect("a folder");
    fs::write(home.path().join("small.json"), SMALL).expect("written");
    fs::write(home.path().join("large.jsonl"), large()).expect("written");
    let script = r#"
        C="--catalogue disk/cat"
        "$B" index -q --offline $C small.json || exit 1
        "$B" export $C -o before.jsonl || exit 1
        "$B" index -q --offline $C large.jsonl; echo "status $?"
        "$B" export $C -o after.jsonl || exit 1
        # With room it goes on where it stood.
        mount -o remount,size=64m none disk || exit 1
        "$B" index -q --offline $C large.jsonl || exit 1
        "$B" stats $C
    "#;
    let Some(said) = on_a_small_disk(home.path(), script) else {
        return;
    };
    assert!(said.contains("status 2"), "{said}");
    assert!(
        said.contains("the disk is full: disk/cat/catalogue.db") && said.contains("make room"),
        "{said}"
    );
    assert!(said.contains("401 servers"), "{said}");
    // What was there is there; of what came, servers that were committed meanwhile, each as a whole.
    let read = |name: &str| fs::read_to_string(home.path().join(name)).expect("exported");
    let (before, after) = (read("before.jsonl"), read("after.jsonl"));
    assert!(!before.is_empty() && after.starts_with(&before), "{after}");
    let mut tools: BTreeMap<String, usize> = BTreeMap::new();
    for line in after[before.len()..].lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        *tools
            .entry(line["server"].as_str().expect("a name").to_owned())
            .or_default() += 1;
    }
    assert!(tools.values().all(|&n| n == 40) && tools.len() < 400, "{tools:?}");
}

#[test]
fn a_full_disk_leaves_every_output_as_it_was() {
    let home = tempfile::tempdir().expect("a folder");
    fs::write(home.path().join("small.json"), SMALL).expect("written");
    let tools: Vec<_> = (0..200)
        .map(|n| json!({"name": format!("delete_{n}"), "description": format!("Deletes note {:x}.", scatter(n))}))
        .collect();
    fs::write(home.path().join("more.json"), json!({"tools": tools}).to_string()).expect("written");
    let script = r#"
        write() {
            "$B" policy -q --for policylayer -o disk/policy.json "$1"; echo "policy $?"
            "$B" scan -q --format json -o disk/scan.json "$1"; echo "scan $?"
            "$B" baseline -q --offline -o disk/mcpclass.lock "$1"; echo "baseline $?"
            "$B" site -q --offline --out disk/site "$1"; echo "site $?"
            "$B" index -q --offline --catalogue cat "$1" && "$B" export --catalogue cat -o disk/all.csv --format csv; echo "export $?"
        }
        write small.json || exit 1
        cp -r disk before
        head -c 8000000 /dev/zero > disk/fill 2>/dev/null
        echo full
        write more.json
        rm disk/fill
        diff -r before disk || exit 1
        ls -A disk
    "#;
    let Some(said) = on_a_small_disk(home.path(), script) else {
        return;
    };
    let (before, after) = said.split_once("full\n").expect("both halves");
    for what in ["policy", "scan", "baseline", "site", "export"] {
        assert!(before.contains(&format!("{what} 0")), "{before}");
        assert!(after.contains(&format!("{what} 2")), "{after}");
    }
    assert!(after.matches("no space left on device").count() >= 5, "{after}");
    for file in [
        "disk/policy.json",
        "disk/scan.json",
        "disk/mcpclass.lock",
        "disk/site",
        "disk/all.csv",
    ] {
        assert!(after.contains(file), "the error names {file}: {after}");
    }
    assert!(
        !after.contains("\n.mcpclass-"),
        "nothing of what failed is left: {after}"
    );
}

/// However soon or late it is killed, the pages that stand there are those of one site, and each leads somewhere.
#[test]
fn a_kill_leaves_a_site_that_is_whole() {
    let home = tempfile::tempdir().expect("a folder");
    let (site, page) = (home.path().join("site"), |name: &str| {
        format!("servers/{name}/index.html")
    });
    let tools = |n: usize| -> Vec<_> {
        (0..n)
            .map(|n| json!({"name": format!("delete_{n}"), "description": "Deletes."}))
            .collect()
    };
    for (name, size) in [("old", 3), ("new", 60)] {
        let listing = json!({"server": {"name": name}, "tools": tools(size)});
        fs::write(home.path().join(format!("{name}.json")), listing.to_string()).expect("written");
    }
    let write = |name: &str| {
        let file = format!("{name}.json");
        let mut command = mcpclass(home.path());
        command
            .args(["site", "-q", "--offline", "--out", "site", &file])
            .stderr(Stdio::null());
        command.spawn().expect("it starts")
    };
    assert!(write("old").wait().expect("it ends").success());
    let (mut old, mut new) = (0, 0);
    for wait in 0..12 {
        let mut child = write("new");
        std::thread::sleep(Duration::from_millis(wait * 60));
        let _ = child.kill();
        let _ = child.wait();
        if site.join(page("old")).exists() {
            assert!(!site.join(page("new")).exists(), "two sites in one");
            assert!(
                site.join("servers/old/delete-2.html").exists()
                    || site.join("servers/old").read_dir().expect("there").count() > 3
            );
            old += 1;
        } else {
            let pages = site.join("servers/new").read_dir().expect("the new one, whole").count();
            assert!(pages > 60, "only {pages} files");
            new += 1;
            assert!(write("old").wait().expect("it ends").success());
        }
        assert!(site.join("index.html").exists() && site.join("mcpclass-site.json").exists());
    }
    assert_eq!(old + new, 12);
    // What the killed ones left is gone after a run that was not.
    assert!(write("new").wait().expect("it ends").success());
    let left = site
        .read_dir()
        .expect("there")
        .flatten()
        .filter(|e| e.file_name().to_string_lossy().starts_with('.'));
    assert_eq!(left.count(), 0);
}

/// Two megabytes that unpack to two hundred and more cost what a line or a file may hold.
#[test]
fn a_compressed_bomb_in_a_file_is_not_unpacked() {
    use std::io::Write as _;
    let home = tempfile::tempdir().expect("a folder");
    let pack = |name: &str, parts: &[&[u8]]| {
        let file = fs::File::create(home.path().join(name)).expect("created");
        let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        for part in parts {
            packed.write_all(part).expect("written");
        }
        packed.finish().expect("written");
    };
    let blank = vec![b' '; 100_000_000];
    pack("whole.json.gz", &[SMALL.as_bytes(), &blank, &blank]);
    let first = format!("{SMALL}\n");
    let last = format!("\n{}\n", SMALL.replace("notes", "after"));
    pack(
        "lines.jsonl.gz",
        &[first.as_bytes(), &blank, &blank, b"x", last.as_bytes()],
    );
    for (file, servers) in [("whole.json.gz", 0), ("lines.jsonl.gz", 2)] {
        let output = mcpclass(home.path())
            .args([
                "index",
                "--offline",
                "--catalogue",
                file.strip_suffix(".gz").expect("packed"),
                file,
            ])
            .output()
            .expect("it runs");
        let said = stdout(&output) + &stderr(&output);
        assert_eq!(output.status.code(), Some(4), "{said}");
        assert!(
            said.contains("--max-bytes") && said.contains(&format!("{servers} servers in")),
            "{said}"
        );
    }
}

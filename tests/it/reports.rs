//! What a check tells, whatever a server wrote: acceptances that went stale, reports in every format at once, the size
//! of a comment, and the statuses that a script can rely on.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::common::{mcpclass, stderr, stdout};

/// 2026-01-01 and 2026-03-01.
const TODAY: &str = "1767225600";
const LATER: &str = "1772323200";

fn on(day: &str, dir: &Path, args: &[&str]) -> Output {
    mcpclass(dir)
        .args(args)
        .env("SOURCE_DATE_EPOCH", day)
        .output()
        .expect("the program starts")
}

fn run(dir: &Path, args: &[&str]) -> Output {
    on(TODAY, dir, args)
}

fn save(dir: &Path, file: &str, server: &str, tools: &Value) {
    let text = json!({"server": server, "tools": tools}).to_string();
    std::fs::write(dir.join(file), text).expect("written");
}

fn read(dir: &Path, file: &str) -> String {
    std::fs::read_to_string(dir.join(file)).expect("a report")
}

/// One tool, described.
fn tool(name: &str, description: &str) -> Value {
    json!([{"name": name, "description": description}])
}

/// Two pinned servers, `notes` with `list_notes` and `other` with `list_files`.
fn two_servers() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    save(
        dir.path(),
        "notes.json",
        "notes",
        &tool("list_notes", "Lists the notes."),
    );
    save(
        dir.path(),
        "other.json",
        "other",
        &tool("list_files", "Lists the files."),
    );
    for args in [&["baseline", "notes.json"][..], &["baseline", "--add", "other.json"]] {
        let output = run(dir.path(), args);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    dir
}

/// The one acceptance of a check: its status, what it comes to, and what people are told of it.
fn standing(output: &Output, dir: &Path) -> (i32, String, bool) {
    let report: Value = serde_json::from_str(&stdout(output)).unwrap_or_else(|_| panic!("{}", stderr(output)));
    let standing = report["acceptances"][0]["standing"].as_str().expect("one acceptance");
    let sarif: Value = serde_json::from_str(&read(dir, "check.sarif")).expect("JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    let found = results.iter().any(|result| result["ruleId"] == "acceptance");
    let told = ["check.txt", "check.md"].map(|file| read(dir, file).contains("acceptance of list"));
    assert_eq!(told, [found, found], "the reports differ");
    (output.status.code().unwrap_or(-1), standing.to_owned(), found)
}

#[test]
fn an_acceptance_holds_for_one_definition_until_its_day_and_is_told_when_it_does_not() {
    let dir = two_servers();
    let reports = [
        "--format",
        "json",
        "--report",
        "sarif=check.sarif",
        "--report",
        "table=check.txt",
        "--report",
        "markdown=check.md",
    ];
    let check = |day: &str, args: &[&str]| {
        let output = on(day, dir.path(), &[&["check"], args, &reports].concat());
        standing(&output, dir.path())
    };
    let wipe = tool("list_notes", "Permanently deletes every note.");
    save(dir.path(), "notes.json", "notes", &wipe);
    let accept = ["accept", "list_notes", "--reason", "scratch", "--until", "2026-02-01"];
    let accepted = run(dir.path(), &accept);
    assert!(accepted.status.success(), "{}", stderr(&accepted));
    assert_eq!(check(TODAY, &[]), (0, "applies".to_owned(), false));
    // The day of `until` is its last; after it, the change fails again.
    assert_eq!(check("1769990399", &[]), (0, "applies".to_owned(), false));
    assert_eq!(check("1769990400", &[]), (1, "expired".to_owned(), true));
    assert_eq!(check(LATER, &[]), (1, "expired".to_owned(), true));

    // What was not looked at proves nothing about an acceptance.
    assert_eq!(check(TODAY, &["other.json"]), (0, "unchecked".to_owned(), false));
    std::fs::rename(dir.path().join("notes.json"), dir.path().join("away.json")).expect("moved");
    assert_eq!(check(TODAY, &[]), (4, "unchecked".to_owned(), false));
    std::fs::rename(dir.path().join("away.json"), dir.path().join("notes.json")).expect("moved");

    let again = tool("list_notes", "Permanently deletes each note and the trash.");
    save(dir.path(), "notes.json", "notes", &again);
    assert_eq!(check(TODAY, &[]), (1, "changed".to_owned(), true));
    save(
        dir.path(),
        "notes.json",
        "notes",
        &tool("list_notes", "Lists the notes."),
    );
    assert_eq!(check(TODAY, &[]), (0, "changed".to_owned(), true));
    save(dir.path(), "notes.json", "notes", &tool("find_notes", "Finds notes."));
    assert_eq!(check(TODAY, &[]), (0, "unmatched".to_owned(), true));
    // A listing without its end does not show that the tool is gone.
    save(dir.path(), "notes.json", "notes", &json!([{"description": "?"}]));
    assert_eq!(check(TODAY, &[]), (4, "unchecked".to_owned(), false));
    // Pinned as it is, the accepted definition needs no acceptance any more.
    save(dir.path(), "notes.json", "notes", &wipe);
    assert!(run(dir.path(), &["baseline"]).status.success());
    assert_eq!(check(TODAY, &[]), (0, "unmatched".to_owned(), true));
}

#[test]
fn junit_is_xml_and_counts_what_it_holds() {
    let dir = tempfile::tempdir().expect("a folder");
    let nasty = "]]><!--&amp;\u{0}\u{1b}[31m\u{8}\u{85}\u{fffe}\u{ffff}\u{202e}\u{1f600}\"'<a b=\"\n\r\t";
    let server = format!("srv {nasty}");
    let name = |what: &str| format!("{what} {nasty}");
    // What is typed on a command line holds no NUL.
    let typed = nasty.replace('\0', "");
    let taken = format!("taken {typed}");
    let described = |name: &str, text: &str| json!({"name": name, "description": format!("{text} {nasty}")});
    let same = json!({"name": "same", "description": "Lists the notes."});
    let before = json!([
        described(&name("worse"), "Lists the notes."),
        described(&taken, "Lists the notes."),
        described(&name("gone"), "Lists the notes."),
        same,
    ]);
    let after = json!([
        described(&name("worse"), "Permanently deletes every note."),
        described(&taken, "Permanently deletes every note."),
        described(&name("new"), "Lists the notes."),
        same,
    ]);
    save(dir.path(), "tools.json", &server, &before);
    save(dir.path(), "other.json", "other", &json!([same]));
    for args in [&["baseline", "tools.json"][..], &["baseline", "--add", "other.json"]] {
        let output = run(dir.path(), args);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    save(dir.path(), "tools.json", &server, &after);
    std::fs::write(dir.path().join("other.json"), "no JSON").expect("written");
    let accept = [
        "accept",
        &taken,
        "--reason",
        &typed,
        "--until",
        "2026-02-01",
        "--manifest",
        "tools.json",
    ];
    let accepted = run(dir.path(), &accept);
    assert!(accepted.status.success(), "{}", stderr(&accepted));
    let check = run(dir.path(), &["check", "--report", "junit=check.xml"]);
    assert_eq!(check.status.code(), Some(1), "{}", stderr(&check));
    let text = read(dir.path(), "check.xml");
    let document = roxmltree::Document::parse(&text).unwrap_or_else(|why| panic!("{why}: {text}"));
    let suites: Vec<_> = document.descendants().filter(|n| n.has_tag_name("testsuite")).collect();
    assert_eq!(suites.len(), 2);
    for suite in &suites {
        let count = |tag: &str| suite.descendants().filter(|n| n.has_tag_name(tag)).count().to_string();
        for (attribute, tag) in [
            ("tests", "testcase"),
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ] {
            assert_eq!(
                suite.attribute(attribute),
                Some(count(tag).as_str()),
                "{attribute}: {text}"
            );
        }
    }
    let of = |attribute: &str| {
        suites
            .iter()
            .map(|s| s.attribute(attribute).unwrap_or("?"))
            .collect::<Vec<_>>()
    };
    // In the order of names: `other` could not be listed; what got worse fails, and so does what is new and hides text.
    assert_eq!(of("tests"), ["2", "5"], "{text}");
    assert_eq!(of("failures"), ["0", "2"], "{text}");
    assert_eq!(of("errors"), ["1", "0"], "{text}");
    assert_eq!(of("skipped"), ["0", "1"], "{text}");
    for c in ['\0', '\u{1b}', '\u{8}', '\u{202e}', '\u{fffe}', '\u{ffff}'] {
        assert!(!text.contains(c), "{c:?}");
    }
}

/// GitHub's limit on a comment, in characters.
const COMMENT: usize = 65_536;

#[test]
fn a_comment_on_thousands_of_changes_leads_with_the_worst_and_says_what_it_leaves_out() {
    let dir = tempfile::tempdir().expect("a folder");
    let nasty = "@team #1 | `x` [a](b) <i> \u{202e}";
    let tools = |worse: fn(usize) -> bool, words: &str| -> Value {
        let describe = |i: usize| {
            if worse(i) {
                format!("Permanently deletes every note. {nasty}")
            } else {
                format!("Lists {words} of notebook {i}. {nasty}")
            }
        };
        (0..5_000)
            .map(|i| json!({"name": format!("tool_{i:04} {nasty}"), "description": describe(i)}))
            .collect()
    };
    save(dir.path(), "tools.json", "big", &tools(|_| false, "the notes"));
    assert!(run(dir.path(), &["baseline", "tools.json"]).status.success());
    // What got worse stands last in the listing.
    save(dir.path(), "tools.json", "big", &tools(|i| i >= 4_990, "all notes"));
    let check = run(dir.path(), &["check", "--report", "markdown=comment.md"]);
    assert_eq!(check.status.code(), Some(1), "{}", stderr(&check));
    let text = read(dir.path(), "comment.md");
    assert!(text.chars().count() <= COMMENT, "{} characters", text.chars().count());
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("<!-- mcpclass check -->"));
    assert_eq!(
        lines.next(),
        Some("### MCP tools: 10 got worse, 4990 only reworded · 0 unchanged")
    );
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| w")).collect();
    assert!(rows.len() > 50, "{} rows", rows.len());
    assert!(
        rows[..10].iter().all(|row| row.starts_with("| worse |")),
        "{:?}",
        &rows[..10]
    );
    let left = 5_000 - rows.len();
    let told = format!("… and {left} more, left out for the limit on a comment: {left} wording.");
    assert!(
        text.contains(&told),
        "{}",
        text.lines().rev().take(12).collect::<Vec<_>>().join("\n")
    );
    assert!(text.contains("mcpclass accept 'tool_499"), "no way out");
}

#[test]
fn a_comment_keeps_its_limit_whatever_fails_and_whatever_it_is_called() {
    let dir = tempfile::tempdir().expect("a folder");
    // Every character of it grows when it is made safe.
    let long = "@\u{202e}`|".repeat(400);
    let tools: Value = (0..300)
        .map(|i| json!({"name": format!("{i} {long}"), "description": format!("Lists notes. {long}")}))
        .collect();
    save(dir.path(), "tools.json", &long, &tools);
    let mut baseline = vec!["baseline".to_owned(), "tools.json".to_owned()];
    for i in 0..60 {
        let file = format!("{i} {}.json", "@`#<&_*".repeat(20));
        save(
            dir.path(),
            &file,
            &format!("{i} {long}"),
            &tool("list_notes", "Lists the notes."),
        );
        baseline.push(file);
    }
    let words: Vec<&str> = baseline.iter().map(String::as_str).collect();
    let pinned = run(dir.path(), &words);
    assert!(pinned.status.success(), "{}", stderr(&pinned));
    for file in &baseline[2..] {
        std::fs::write(dir.path().join(file), "").expect("written");
    }
    let changed = tools
        .to_string()
        .replace("Lists notes.", "Permanently deletes every note.");
    save(
        dir.path(),
        "tools.json",
        &long,
        &serde_json::from_str(&changed).expect("JSON"),
    );
    let check = run(dir.path(), &["check", "--format", "markdown"]);
    assert_eq!(check.status.code(), Some(1), "{}", stderr(&check));
    let text = stdout(&check);
    assert!(text.chars().count() <= COMMENT, "{} characters", text.chars().count());
    assert!(
        text.contains("more: `mcpclass check` shows all"),
        "what could not be listed is cut unsaid"
    );
    let worst = text.find("| worse |").expect("a row");
    assert!(text[..worst].chars().count() < 10_000, "the rows begin at {worst}");
}

#[test]
fn several_reports_are_written_at_once_and_none_over_another() {
    let dir = two_servers();
    save(
        dir.path(),
        "notes.json",
        "notes",
        &tool("list_notes", "Permanently deletes every note."),
    );
    let formats = ["table", "json", "sarif", "github", "markdown", "junit"];
    let mut args = vec!["check".to_owned(), "--format".to_owned(), "github".to_owned()];
    for format in formats {
        args.extend(["--report".to_owned(), format!("{format}=out.{format}")]);
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let check = run(dir.path(), &args);
    assert_eq!(check.status.code(), Some(1), "{}", stderr(&check));
    for format in formats {
        let alone = run(dir.path(), &["check", "--format", format]);
        assert_eq!(stdout(&alone), read(dir.path(), &format!("out.{format}")), "{format}");
        assert!(stdout(&alone).contains("list_notes"), "{format}");
    }
    assert_eq!(stdout(&check), read(dir.path(), "out.github"));
    let twice = run(dir.path(), &["check", "--report", "json=one", "--report", "sarif=one"]);
    assert_eq!(twice.status.code(), Some(2));
    assert!(
        stderr(&twice).contains("two reports would be written to one"),
        "{}",
        stderr(&twice)
    );
    assert!(!dir.path().join("one").exists());
    let unknown = run(dir.path(), &["check", "--report", "xml=one"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("junit"), "{}", stderr(&unknown));
}

#[test]
fn the_status_says_what_came_of_it() {
    let dir = two_servers();
    let status = |args: &[&str]| run(dir.path(), args).status.code();
    let wipe = tool("list_notes", "Permanently deletes every note.");
    assert_eq!(status(&["check", "--offline"]), Some(0));
    save(dir.path(), "notes.json", "notes", &wipe);
    assert_eq!(status(&["check", "--offline"]), Some(1));
    assert_eq!(status(&["check", "--offline", "--fail-on", "none"]), Some(0));
    // A gate that tripped is certain, whatever could not be listed; without one, nothing is.
    std::fs::remove_file(dir.path().join("other.json")).expect("removed");
    assert_eq!(status(&["check", "--offline"]), Some(1));
    assert_eq!(status(&["check", "--offline", "--fail-on", "none"]), Some(4));
    for mistaken in [
        &["check", "--baseline", "absent.lock"][..],
        &["check", "--fail-on", "worst"],
        &["check", "--report", "json"],
        &["check", "--report", "json=no/such/folder"],
        &["check", "--nonesuch"],
    ] {
        assert_eq!(status(mistaken), Some(2), "{mistaken:?}");
    }
    std::fs::write(dir.path().join("mcpclass.toml"), "[[accept]]\nreason = \"x\"\n").expect("written");
    assert_eq!(status(&["check"]), Some(2));
}

#[test]
fn offline_neither_connects_nor_starts() {
    let dir = two_servers();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("set");
    let url = format!("http://{}/mcp", listener.local_addr().expect("an address"));
    let config = json!({"mcpServers": {"s": {"command": "touch", "args": ["started"]}, "h": {"url": url}}});
    std::fs::write(dir.path().join("mcp.json"), config.to_string()).expect("written");
    for args in [&[url.as_str()][..], &["--yes", "mcp.json"], &["--", "touch", "started"]] {
        let check = run(dir.path(), &[&["check", "--offline"], args].concat());
        assert_eq!(check.status.code(), Some(4), "{args:?}: {}", stderr(&check));
        assert!(stdout(&check).contains("--offline"), "{args:?}: {}", stdout(&check));
    }
    assert!(listener.accept().is_err(), "somebody connected");
    assert!(!dir.path().join("started").exists());
}

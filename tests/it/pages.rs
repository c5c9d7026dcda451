//! Rationale pages and the site: files, links, sizes, and what becomes of hostile names and texts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{mcpclass, root, shared, stderr};

/// Every file under a folder, by its path in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).expect("listed") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path
                    .strip_prefix(folder)
                    .expect("inside")
                    .to_string_lossy()
                    .replace('\\', "/");
                found.insert(name, fs::read(&path).expect("readable"));
            }
        }
    }
    found
}

/// The fixtures' site, in a folder that goes with the first part.
fn site(sources: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("out");
    let mut command = mcpclass(dir.path());
    command
        .args([
            "site",
            "--offline",
            "--base-url",
            "https://catalogue.example/tools",
            "--out",
        ])
        .arg(&out);
    for source in sources {
        command.arg(root().join("fixtures/site").join(source));
    }
    let output = command.output().expect("started");
    assert!(output.status.success(), "{}", stderr(&output));
    (dir, out)
}

/// Values of an attribute, as the browser reads them.
fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    html.split(&start)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

/// Where a relative link leads from a page.
fn resolve(page: &str, link: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            ".." => {
                assert!(parts.pop().is_some(), "{page}: {link} leads out of the site");
            }
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn every_relative_link_leads_somewhere_and_no_other_host_is_asked() {
    let (_dir, out) = site(&["harbour.json", "library.json", "hostile.json"]);
    let all = files(&out);
    let mut pages = 0;
    for (name, bytes) in all.iter().filter(|(name, _)| name.ends_with(".html")) {
        pages += 1;
        let html = std::str::from_utf8(bytes).expect("UTF-8");
        assert!(html.contains("Content-Security-Policy"), "{name}");
        for link in attributes(html, "href") {
            if let Some((_, id)) = link.split_once('#').filter(|(path, _)| path.is_empty()) {
                assert!(html.contains(&format!("id=\"{id}\"")), "{name}: nothing is called {id}");
                continue;
            }
            if link.starts_with("https://") {
                continue;
            }
            let path = link.split('#').next().unwrap_or(link);
            let target = resolve(name, path);
            assert!(all.contains_key(&target), "{name}: {link} leads nowhere ({target})");
            if let Some((_, id)) = link.split_once('#') {
                let there = String::from_utf8_lossy(&all[&target]).contains(&format!("id=\"{id}\""));
                assert!(there, "{name}: {link}: nothing on that page is called {id}");
            }
        }
        for source in attributes(html, "src") {
            assert!(all.contains_key(&resolve(name, source)), "{name}: {source}");
        }
        assert!(
            !html.contains(" style="),
            "{name}: an inline style, which the policy refuses"
        );
        assert!(
            !html.contains(" onclick=") && !html.contains("javascript:alert(2)\""),
            "{name}"
        );
    }
    assert!(pages > 60, "{pages} pages");
    let sitemap = String::from_utf8(all["sitemap.xml"].clone()).expect("UTF-8");
    assert!(sitemap.contains("<loc>https://catalogue.example/tools/servers/harbour/clear_quay.html</loc>"));
    assert!(all.contains_key("llms.txt") && all.contains_key("robots.txt"));
}

#[test]
fn each_page_has_its_data_beside_it() {
    let (_dir, out) = site(&["harbour.json", "library.json"]);
    let all = files(&out);
    for name in all.keys().filter(|name| name.ends_with(".html")) {
        let html = std::str::from_utf8(&all[name]).expect("UTF-8");
        let data = html
            .split("<link rel=\"alternate\" type=\"application/json\" href=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .unwrap_or_else(|| panic!("{name} names its data"));
        let value: serde_json::Value = serde_json::from_slice(&all[&resolve(name, data)]).expect("JSON");
        assert!(value.is_object(), "{name}");
    }
    let tool: serde_json::Value = serde_json::from_slice(&all["servers/harbour/clear_quay.json"]).expect("JSON");
    assert_eq!(tool["assessment"]["category"], "Destructive");
    assert_eq!(tool["schema"], "mcpclass/1");
    let server: serde_json::Value = serde_json::from_slice(&all["servers/harbour/index.json"]).expect("JSON");
    assert_eq!(
        server["servers"][0]["server"]["origin"],
        serde_json::Value::Null,
        "no path of this disk"
    );
    let native: serde_json::Value =
        serde_json::from_slice(&all["servers/harbour/policy/policylayer.policy.json"]).expect("JSON");
    assert_eq!(native["default"], "deny");
}

#[test]
fn strangers_texts_stay_text() {
    let (_dir, out) = site(&["hostile.json"]);
    for (name, bytes) in files(&out).iter().filter(|(name, _)| name.ends_with(".html")) {
        let html = std::str::from_utf8(bytes).expect("UTF-8");
        let scripts: Vec<&str> = html.split("<script").skip(1).collect();
        for script in &scripts {
            let ours = script.starts_with(" src=\"") || script.starts_with(" type=\"application/ld+json\">{");
            assert!(ours, "{name}: <script{}", &script[..script.len().min(60)]);
        }
        for markup in ["<img", "<iframe", "<svg onload", "<u>", "<b>string", "<!--"] {
            assert!(!html.contains(markup), "{name}: {markup} became markup");
        }
        for hidden in ['\u{202e}', '\u{202c}', '\u{200b}', '\u{7}'] {
            assert!(!html.contains(hidden), "{name}: {hidden:?} is hidden in it");
        }
        assert!(
            !attributes(html, "href")
                .iter()
                .any(|h| h.contains("javascript:") || h.contains("evil")),
            "{name}"
        );
    }
    // Parts of the search index are scripts: the same texts inside of them are strings.
    for (name, bytes) in files(&out).iter().filter(|(name, _)| name.starts_with("search/")) {
        let text = std::str::from_utf8(bytes).expect("UTF-8");
        let inside = text
            .strip_prefix("shard(\"")
            .and_then(|t| t.strip_suffix(");\n"))
            .expect("one call");
        let (_, json) = inside.split_once("\",").expect("a name and a value");
        serde_json::from_str::<serde_json::Value>(json).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(!text.contains('\u{202e}') && !text.contains('\u{2028}'), "{name}");
    }
}

#[test]
fn names_become_files_that_any_file_system_takes() {
    let (dir, out) = site(&["hostile.json"]);
    let all = files(&out);
    let folded: BTreeSet<String> = all.keys().map(|name| name.to_lowercase()).collect();
    assert_eq!(folded.len(), all.len(), "two names differ in case alone");
    for name in all.keys() {
        for part in name.split('/') {
            let plain = part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
            assert!(plain && !part.starts_with('.') && part.len() < 100, "{name}");
            let stem = part.split('.').next().unwrap_or(part);
            assert!(!["con", "nul", "aux", "prn"].contains(&stem), "{name}");
        }
    }
    let beside: Vec<_> = fs::read_dir(dir.path()).expect("listed").collect();
    assert_eq!(beside.len(), 1, "something climbed out of its folder");
    // Fourteen tools, and the page of their server.
    let pages = all
        .keys()
        .filter(|n| n.starts_with("servers/") && n.ends_with(".html") && n.matches('/').count() == 2);
    assert_eq!(pages.count(), 15);
}

#[test]
fn the_same_catalogue_gives_the_same_bytes() {
    let (_one, first) = site(&["harbour.json", "library.json"]);
    let (_other, second) = site(&["library.json", "harbour.json"]);
    assert_eq!(files(&first), files(&second));
}

#[test]
fn pages_are_small() {
    let Some(corpus) = shared("corpus/servers.jsonl.gz") else {
        return;
    };
    let dir = tempfile::tempdir().expect("a folder");
    let mut text = String::new();
    let packed = fs::File::open(corpus).expect("readable");
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(packed), &mut text).expect("unpacked");
    let lines: Vec<&str> = text.lines().step_by(6).collect();
    fs::write(dir.path().join("part.jsonl"), lines.join("\n")).expect("written");
    let out = mcpclass(dir.path())
        .args(["site", "--offline", "part.jsonl", "--out", "out"])
        .output()
        .expect("started");
    assert!(out.status.success(), "{}", stderr(&out));
    for (name, bytes) in files(&dir.path().join("out")) {
        let most = if name.starts_with("search/labels") {
            200_000
        } else {
            50_000
        };
        let counts = name.ends_with(".html") || name.starts_with("search/") || name.starts_with("assets/");
        assert!(!counts || bytes.len() < most, "{name} has {} bytes", bytes.len());
    }
}

#[test]
fn a_folder_of_somebody_else_is_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::create_dir(dir.path().join("mine")).expect("made");
    fs::write(dir.path().join("mine/thesis.txt"), "years of work").expect("written");
    let output = mcpclass(dir.path())
        .args(["site", "--offline", "--out", "mine"])
        .arg(root().join("fixtures/site/harbour.json"))
        .output()
        .expect("started");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("not empty"), "{}", stderr(&output));
    assert_eq!(files(&dir.path().join("mine")).len(), 1);
}

#[test]
fn a_page_says_why_and_what_to_do() {
    let dir = tempfile::tempdir().expect("a folder");
    let page = |format: &str| {
        let output = mcpclass(dir.path())
            .args(["page", "--offline", "--format", format, "-o", format])
            .arg(root().join("fixtures/site/harbour.json"))
            .arg(root().join("fixtures/site/library.json"))
            .output()
            .expect("started");
        assert!(output.status.success(), "{}", stderr(&output));
        let ending = if format == "html" { "html" } else { "md" };
        let read = |name: &str| {
            fs::read_to_string(dir.path().join(format).join(format!("{name}.{ending}")))
                .unwrap_or_else(|e| panic!("{name}: {e}"))
        };
        (
            read("harbour/clear_quay"),
            read("harbour/manage_pilot"),
            read("harbour/run_query"),
            read("harbour/index"),
        )
    };
    let (clear, manage, query, index) = page("markdown");
    assert!(clear.contains("**Destructive, critical: hide**"), "{clear}");
    assert!(
        clear.contains("<b>Deletes</b><sup>1</sup>"),
        "the words are marked:\n{clear}"
    );
    assert!(clear.contains("contradicts"), "the annotation is a lie:\n{clear}");
    assert!(clear.contains("AML.T0101"), "{clear}");
    assert!(
        manage.contains("Without the operation `delete`: Write, medium"),
        "{manage}"
    );
    assert!(
        manage.contains("list, assign may stay") || manage.contains("assign, list may stay"),
        "{manage}"
    );
    assert!(
        query.contains("restricted what is passed to reading: Read, medium"),
        "{query}"
    );
    assert!(
        query.contains("another label"),
        "the library's query only reads:\n{query}"
    );
    assert!(index.contains("[clear\\_quay](clear_quay.md)"), "{index}");
    let (clear, ..) = page("html");
    assert!(clear.contains("<mark class=\"destructive\">Deletes<a"), "{clear}");
    assert!(clear.contains("../assets/site.css"), "{clear}");
}

#[test]
fn markdown_stays_text() {
    let dir = tempfile::tempdir().expect("a folder");
    let output = mcpclass(dir.path())
        .args(["page", "--offline", "-o", "out"])
        .arg(root().join("fixtures/site/hostile.json"))
        .output()
        .expect("started");
    assert!(output.status.success(), "{}", stderr(&output));
    for (name, bytes) in files(&dir.path().join("out")) {
        let text = String::from_utf8(bytes).expect("UTF-8");
        let mut fenced = false;
        for line in text.lines() {
            if line.starts_with("```") {
                fenced = !fenced;
            }
            if fenced {
                continue;
            }
            // What stands in code is text.
            let outside = line.split('`').step_by(2).collect::<String>().replace("\\]", "");
            for markup in [
                "<script",
                "<img",
                "<svg",
                "<iframe",
                "](javascript:",
                "![",
                "](https://evil",
            ] {
                assert!(!outside.contains(markup), "{name}: {markup} in {line}");
            }
        }
        assert!(!fenced, "{name}: a fence is open");
    }
}

#[test]
fn what_the_tools_open_together_is_told_everywhere() {
    let dir = tempfile::tempdir().expect("a folder");
    let manifest = root().join("fixtures/manifests/mail.json");
    let output = mcpclass(dir.path())
        .args(["scan", "--format", "json"])
        .arg(&manifest)
        .output()
        .expect("started");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let found = &report["servers"][0]["combinations"];
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found:#}");
    assert_eq!(found[0]["parts"].as_array().map(Vec::len), Some(3), "{found:#}");
    for format in ["markdown", "html"] {
        let output = mcpclass(dir.path())
            .args(["page", "--format", format, "-o", format])
            .arg(&manifest)
            .output()
            .expect("started");
        assert!(output.status.success(), "{}", stderr(&output));
        let pages = files(&dir.path().join(format));
        let (_, page) = pages
            .iter()
            .find(|(name, _)| name.starts_with("mail/index."))
            .expect("the server's page");
        let text = String::from_utf8_lossy(page);
        assert!(text.contains("What the tools open together"), "{text}");
        assert!(text.contains("a way out from fetch"), "{text}");
    }
    // A server that only lists opens nothing.
    let output = mcpclass(&root())
        .args(["scan", "--format", "json", "fixtures/manifests/sessions.json"])
        .output()
        .expect("started");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["servers"][0]["combinations"].as_array().map(Vec::len), Some(0));
}

//! The site in a real browser, from disk and from a host: search, filters, copying, keyboard, accessibility, and a
//! hostile manifest that must execute nothing. What happens in the browser stands in `site.mjs`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What drives the browser and what judges the pages.
const PACKAGES: [&str; 2] = ["playwright-core@1", "axe-core@4"];

/// Where Debian puts it.
const CHROMIUM: &str = "/usr/bin/chromium";

#[test]
fn people_find_filter_copy_and_nothing_else_happens() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert!(
        Path::new(CHROMIUM).exists(),
        "the browser is missing: apt-get install chromium"
    );
    let packages: PathBuf = root.join("target/live/site");
    std::fs::create_dir_all(&packages).expect("a folder");
    // A browser of the package's own is not wanted: Debian's is there.
    let installed = Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--prefix"])
        .arg(&packages)
        .args(PACKAGES)
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
        .status();
    assert!(
        installed.is_ok_and(|status| status.success()),
        "npm install {PACKAGES:?}"
    );

    let work = tempfile::tempdir().expect("a folder");
    // In a subfolder with a blank: links must not lean on the root.
    let site = work.path().join("some where/site");
    std::fs::create_dir_all(site.parent().expect("there")).expect("made");
    let written = Command::new(env!("CARGO_BIN_EXE_mcpclass"))
        .args(["site", "--offline", "--no-config", "--out"])
        .arg(&site)
        .args(["harbour.json", "library.json", "hostile.json"].map(|name| root.join("fixtures/site").join(name)))
        .status();
    assert!(written.is_ok_and(|status| status.success()), "the site is written");

    let browsed = Command::new("node")
        .arg(root.join("tests/live/site.mjs"))
        .arg(&site)
        .env("NODE_PATH", packages.join("node_modules"))
        .env("CHROMIUM", CHROMIUM)
        .output()
        .expect("node starts");
    let said = String::from_utf8_lossy(&browsed.stdout);
    let errors = String::from_utf8_lossy(&browsed.stderr);
    assert!(browsed.status.success(), "{said}\n{errors}");
}

//! The folder that a site is written to: made anew, and never on top of anything else's files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Says that a folder is a site of ours, so that it may be written anew.
const MARKER: &str = "mcpclass-site.json";
/// What a site consists of.
const FOLDERS: [&str; 7] = ["servers", "category", "risk", "signal", "method", "search", "assets"];

/// A folder being filled.
#[derive(Clone, Debug)]
pub(super) struct Out {
    root: PathBuf,
}

impl Out {
    /// The folder for a site: empty, absent or an earlier site, whose pages go.
    pub(super) fn site(root: &Path) -> Result<Self> {
        let out = Self { root: root.to_owned() };
        let empty = match fs::read_dir(root) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
            Err(error) => return Err(Error::io("cannot read the folder", root, &error)),
        };
        if !empty && !root.join(MARKER).is_file() {
            return Err(
                Error::new(format!("{} is not empty and holds no site of ours", root.display()))
                    .help("name a new or an empty folder: mcpclass site --out DIR"),
            );
        }
        out.write(MARKER, b"{\"site\":\"mcpclass\"}\n")?;
        for folder in FOLDERS {
            let path = root.join(folder);
            if path.exists() {
                fs::remove_dir_all(&path).map_err(|e| Error::io("cannot empty", &path, &e))?;
            }
        }
        Ok(out)
    }

    /// A folder for pages, beside what is there.
    pub(super) fn pages(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Makes a folder.
    pub(super) fn folder(&self, path: &str) -> Result<()> {
        let path = self.root.join(path);
        fs::create_dir_all(&path).map_err(|e| Error::io("cannot make the folder", &path, &e))
    }

    /// Writes a file, and its folder where it is missing.
    pub(super) fn write(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let path = self.root.join(path);
        let mut written = fs::write(&path, bytes);
        if let (Err(error), Some(folder)) = (&written, path.parent())
            && error.kind() == std::io::ErrorKind::NotFound
        {
            fs::create_dir_all(folder).map_err(|e| Error::io("cannot make the folder", folder, &e))?;
            written = fs::write(&path, bytes);
        }
        written.map_err(|e| Error::io("cannot write", &path, &e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_site_is_written_over() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("thesis.txt"), "x").expect("written");
        let error = Out::site(dir.path()).expect_err("somebody else's folder");
        assert!(error.message().contains("not empty"), "{error}");
        let site = dir.path().join("site");
        let out = Out::site(&site).expect("made");
        out.write("servers/old/index.html", b"x").expect("written");
        Out::site(&site).expect("written anew");
        assert!(!site.join("servers").exists());
    }
}

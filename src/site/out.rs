//! The folder that a site is written to: made anew, and never on top of anything else's files.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::{Error, Result};
use crate::fsio::{self, Flush};

/// Says that a folder is a site of ours, so that it may be written anew.
const MARKER: &str = "mcpclass-site.json";
/// What a site consists of.
const FOLDERS: [&str; 7] = ["servers", "category", "risk", "signal", "method", "search", "assets"];

/// How the folder in which a site is made begins; one that is left belongs to a run that was killed.
const STAGE: &str = ".mcpclass-site-";

/// A folder being filled.
#[derive(Debug)]
pub(super) struct Out {
    /// Where files are written.
    folder: PathBuf,
    place: Place,
}

/// How what is written comes to where it belongs.
#[derive(Debug)]
enum Place {
    /// A file at a time, beside what is there.
    Pages,
    /// All at once, when it is whole: a full disk or an interruption leaves the old site as it was.
    Site { root: PathBuf, stage: TempDir },
}

impl Out {
    /// The folder for a site: empty, absent or an earlier site, whose pages go when [`Self::finish`] is called.
    pub(super) fn site(root: &Path) -> Result<Self> {
        fs::create_dir_all(root).map_err(|e| Error::io("cannot make the folder", root, &e))?;
        let entries = fs::read_dir(root).map_err(|e| Error::io("cannot read the folder", root, &e))?;
        let (left, others): (Vec<_>, Vec<_>) = entries
            .flatten()
            .partition(|entry| entry.file_name().to_string_lossy().starts_with(STAGE));
        if !others.is_empty() && !root.join(MARKER).is_file() {
            return Err(
                Error::new(format!("{} is not empty and holds no site of ours", root.display()))
                    .help("name a new or an empty folder: mcpclass site --out DIR"),
            );
        }
        for entry in left {
            let path = entry.path();
            fs::remove_dir_all(&path).map_err(|e| Error::io("cannot empty", &path, &e))?;
        }
        let stage = tempfile::Builder::new().prefix(STAGE).tempdir_in(root);
        let stage = stage.map_err(|e| Error::io("cannot make a folder in", root, &e))?;
        let out = Self {
            folder: stage.path().join("new"),
            place: Place::Site {
                root: root.to_owned(),
                stage,
            },
        };
        out.write(MARKER, b"{\"site\":\"mcpclass\"}\n")?;
        Ok(out)
    }

    /// A folder for pages, beside what is there.
    pub(super) fn pages(root: &Path) -> Self {
        Self {
            folder: root.to_owned(),
            place: Place::Pages,
        }
    }

    /// Puts a site that is whole in the place of the old one.
    pub(super) fn finish(self) -> Result<()> {
        let Place::Site { root, stage } = self.place else {
            return Ok(());
        };
        let old = stage.path().join("old");
        fs::create_dir(&old).map_err(|e| Error::io("cannot make the folder", &old, &e))?;
        let rename = |from: &Path, to: &Path| match fs::rename(from, to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("cannot write", to, &error)),
            _ => Ok(()),
        };
        for folder in FOLDERS {
            rename(&root.join(folder), &old.join(folder))?;
            rename(&self.folder.join(folder), &root.join(folder))?;
        }
        // What is left are files, which take the place of their namesakes by themselves.
        let files = fs::read_dir(&self.folder).map_err(|e| Error::io("cannot read the folder", &self.folder, &e))?;
        for file in files.flatten() {
            rename(&file.path(), &root.join(file.file_name()))?;
        }
        stage.close().map_err(|e| Error::io("cannot empty", &root, &e))
    }

    /// Makes a folder.
    pub(super) fn folder(&self, path: &str) -> Result<()> {
        let path = self.folder.join(path);
        fs::create_dir_all(&path).map_err(|e| Error::io("cannot make the folder", &path, &e))
    }

    /// Writes a file, and its folder where it is missing.
    pub(super) fn write(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let path = self.folder.join(path);
        let write = || match self.place {
            Place::Pages => fsio::replace(&path, bytes, Flush::Later),
            Place::Site { .. } => fs::write(&path, bytes),
        };
        let mut written = write();
        if let (Err(error), Some(folder)) = (&written, path.parent())
            && error.kind() == std::io::ErrorKind::NotFound
        {
            fs::create_dir_all(folder).map_err(|e| Error::io("cannot make the folder", folder, &e))?;
            written = write();
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
        assert!(!site.join("servers").exists(), "it is not whole yet");
        out.finish().expect("in its place");
        fs::write(site.join("CNAME"), "a.example").expect("written");
        let out = Out::site(&site).expect("a site of ours");
        out.write("servers/new/index.html", b"y").expect("written");
        assert!(
            site.join("servers/old/index.html").exists(),
            "the old site stands until then"
        );
        // What was killed leaves its folder, and the next run takes it away.
        std::mem::forget(out);
        let out = Out::site(&site).expect("written anew");
        out.write("servers/new/index.html", b"y").expect("written");
        out.finish().expect("in its place");
        assert!(!site.join("servers/old").exists() && site.join("servers/new/index.html").exists());
        let names = fs::read_dir(&site).expect("listed").flatten().map(|e| e.file_name());
        assert_eq!(names.count(), 3, "the servers, the mark, and what is somebody else's");
    }
}

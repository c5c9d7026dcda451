//! Where findings stand: in the saved manifest, else in the client configuration that names the server, else in
//! the lock. Reads those files once; a file that cannot be read only costs places.

use std::path::Path;

use crate::baseline::check::Check;
use crate::locate::{self, Region};
use crate::output::finding::{Finding, Place};

/// Files beyond this size are not searched for places.
const LIMIT: u64 = 64 << 20;

/// The files that findings may stand in.
#[derive(Debug, Default)]
pub struct Places {
    /// What was listed: manifests and client configurations.
    sources: Vec<File>,
    lock: Option<File>,
    settings: Option<File>,
}

#[derive(Debug)]
struct File {
    path: String,
    text: String,
}

impl Places {
    /// Reads what a check was made of: the files among the origins and the words that named them, the lock, and
    /// the configuration that acceptances stand in.
    pub fn read(check: &Check, words: Vec<String>, lock: &Path, settings: Option<&Path>) -> Self {
        let origins = check.servers.iter().map(|server| server.origin.clone());
        let mut paths: Vec<String> = origins.chain(words).collect();
        paths.sort_unstable();
        paths.dedup();
        Self {
            sources: paths.iter().filter_map(|path| File::read(Path::new(path))).collect(),
            lock: File::read(lock),
            settings: settings.and_then(File::read),
        }
    }

    /// Gives every finding its place.
    pub fn fill(&self, findings: &mut [Finding]) {
        for finding in findings {
            finding.place = self.of(finding);
        }
    }

    fn of(&self, finding: &Finding) -> Option<Place> {
        if finding.rule == "acceptance" {
            let file = self.settings.as_ref()?;
            let at = file.text.find(&finding.digest);
            return Some(file.place(at.map(|at| at..at + finding.digest.len())));
        }
        let tool = |file: &File| {
            let found = locate::tool(&file.text, &finding.server, &finding.tool, finding.pointer.as_deref());
            found.map(|range| file.place(Some(range)))
        };
        let server = |file: &File| Some(file.place(Some(locate::server(&file.text, &finding.server)?)));
        let lock = self.lock.iter();
        self.sources
            .iter()
            .find_map(tool)
            .or_else(|| self.sources.iter().find_map(server))
            .or_else(|| lock.clone().find_map(tool))
            .or_else(|| lock.clone().find_map(server))
            .or_else(|| lock.clone().next().map(|file| file.place(None)))
    }
}

impl File {
    fn read(path: &Path) -> Option<Self> {
        let meta = std::fs::metadata(path).ok()?;
        if !meta.is_file() || meta.len() > LIMIT {
            return None;
        }
        let text = std::fs::read_to_string(path).ok()?;
        Some(Self {
            path: shown(path),
            text,
        })
    }

    fn place(&self, range: Option<std::ops::Range<usize>>) -> Place {
        Place {
            file: self.path.clone(),
            region: range.map(|range| Region::of(&self.text, &range)),
        }
    }
}

/// The path as reports name it: relative to the working folder where it stands below it, with slashes.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let relative = path.strip_prefix(&here).unwrap_or(path);
    let text = relative.to_string_lossy().replace('\\', "/");
    text.strip_prefix("./").map(str::to_owned).unwrap_or(text)
}

//! Where findings stand: in the saved manifest, else in the client configuration that names the server, else in
//! the lock. Reads those files once; a file that cannot be read only costs places.

use std::path::Path;

use crate::locate::{self, Query, Region};
use crate::output::finding::{Finding, Place};

/// Files beyond this size are not searched for places.
const LIMIT: u64 = 64 << 20;

/// Findings beyond this number get no line: no reader shows as many, and a hostile listing could ask for any.
const REGIONS: usize = 500;

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
    /// Reads the files among `paths`: the origins of what was listed, and the words that named it.
    pub fn read(paths: impl IntoIterator<Item = String>) -> Self {
        let mut paths: Vec<String> = paths.into_iter().collect();
        paths.sort_unstable();
        paths.dedup();
        Self {
            sources: paths.iter().filter_map(|path| File::read(Path::new(path))).collect(),
            lock: None,
            settings: None,
        }
    }

    /// Reads the lock of a check too, and the configuration that its acceptances stand in.
    #[must_use]
    pub fn and_check(mut self, lock: &Path, settings: Option<&Path>) -> Self {
        self.lock = File::read(lock);
        self.settings = settings.and_then(File::read);
        self
    }

    /// Gives the findings their places: in a file, and for the first [`REGIONS`] where in it.
    pub fn fill(&self, findings: &mut [Finding]) {
        let placed = findings.len().min(REGIONS);
        for file in self.sources.iter().chain(&self.lock) {
            let queries: Vec<Query<'_>> = findings[..placed].iter().map(query).collect();
            let found = locate::tools(&file.text, &queries);
            let places: Vec<Option<Place>> = found.into_iter().map(|range| Some(file.place(Some(range?)))).collect();
            for (finding, place) in findings.iter_mut().zip(places).filter(|(f, _)| f.place.is_none()) {
                finding.place = place.or_else(|| file.server(&finding.server));
            }
        }
        for finding in findings {
            if finding.rule == "acceptance" {
                finding.place = self.settings.as_ref().map(|file| file.word(&finding.digest));
            }
            finding.place = finding.place.take().or_else(|| Some(self.lock.as_ref()?.place(None)));
        }
    }
}

fn query(finding: &Finding) -> Query<'_> {
    Query {
        server: &finding.server,
        tool: &finding.tool,
        pointer: finding.pointer.as_deref(),
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

    /// Where a server is configured.
    fn server(&self, name: &str) -> Option<Place> {
        Some(self.place(Some(locate::server(&self.text, name)?)))
    }

    /// The first place of a word; the whole file where it is not in it.
    fn word(&self, word: &str) -> Place {
        self.place(self.text.find(word).map(|at| at..at + word.len()))
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

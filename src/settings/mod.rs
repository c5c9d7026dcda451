//! What `mcpclass.toml` and the global options come to: the decision table, acceptances and the classifier.
//! Owns finding the file and turning it into domain types; its layout stands in [`file`].

pub mod file;

use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use crate::classify::{Annotations, Classifier};
use crate::cli::Global;
use crate::error::{Error, Result};
use crate::label::{Decision, Label};
use crate::policy::decide::{DecisionTable, Override};
use crate::report::Assessed;
use crate::rules::RuleBook;
use crate::settings::file::{AcceptEntry, Config};
use crate::text::suggest;
use crate::ui;

/// The file's name.
pub const FILE_NAME: &str = "mcpclass.toml";

/// The resolved configuration.
#[derive(Debug, Default)]
pub struct Settings {
    /// Which label gets which decision.
    pub decisions: DecisionTable,
    /// Findings that a person accepted.
    pub accept: Vec<AcceptEntry>,
    /// The file that was read, if any.
    pub path: Option<PathBuf>,
}

impl Settings {
    /// Reads the configuration file that the options name or that [`find`] finds. Says so where it permits more
    /// than the table of the contract.
    pub fn load(global: &Global) -> Result<Self> {
        if global.no_config {
            return Ok(Self::default());
        }
        let path = match &global.config {
            Some(path) => path.clone(),
            None => match std::env::current_dir().ok().as_deref().and_then(find) {
                Some(path) => path,
                None => return Ok(Self::default()),
            },
        };
        let text = std::fs::read_to_string(&path).map_err(|e| Error::io("cannot read", &path, &e))?;
        let settings = Self::from_config(file::parse(&text, &path)?, path);
        for change in settings.looser() {
            ui::note(global, &change);
        }
        Ok(settings)
    }

    /// The classifier of these settings. It lasts as long as the program: taking it down word by word would cost a
    /// short run a twentieth of its time, and the system takes all of it back at once.
    pub fn classifier(&self, global: &Global) -> Result<ManuallyDrop<Classifier>> {
        let book = match &global.rules {
            Some(folder) => RuleBook::load(folder)?,
            None => RuleBook::embedded()?,
        };
        let classifier = Classifier::new(book, self.decisions.clone(), Annotations::Weigh);
        Ok(ManuallyDrop::new(classifier))
    }

    /// Warns of decisions for single tools that no tool of this scan meets: most likely the tool was renamed or
    /// the entry mistyped. Entries for servers that were not scanned are not about this scan.
    pub fn warn_unused(&self, servers: &[Assessed], global: &Global) {
        let shown = self.path.as_deref().unwrap_or(Path::new(FILE_NAME)).display();
        for entry in self.decisions.overrides() {
            if let Some(why) = unused(entry, servers) {
                ui::warn(
                    global,
                    &format!("{shown}: the decision for tool {:?} matches nothing: {why}", entry.tool),
                );
            }
        }
    }

    fn from_config(config: Config, path: PathBuf) -> Self {
        let mut decisions = DecisionTable::default();
        for (label, decision) in config.decisions.cells() {
            decisions.set(label, decision);
        }
        for (category, rate) in config.decisions.rates() {
            decisions.set_rate(category, rate);
        }
        for entry in config.decisions.tool {
            decisions.add_override(entry.into());
        }
        Self {
            decisions,
            accept: config.accept,
            path: Some(path),
        }
    }

    /// The cells that permit more than the default table, for people.
    fn looser(&self) -> Vec<String> {
        let usual = DecisionTable::default();
        let shown = self.path.as_deref().unwrap_or(Path::new(FILE_NAME)).display();
        every_label()
            .filter_map(|label| {
                let (was, is): (Decision, Decision) = (usual.decide(label), self.decisions.decide(label));
                (is < was).then(|| format!("{shown} permits more than usual: {label} is {is}, by default {was}"))
            })
            .collect()
    }
}

/// The configuration file of a folder: its own, or the nearest of its parents' up to the root of the repository.
/// Outside of a repository only the folder itself counts, for a parent such as `/tmp` may be anybody's.
pub fn find(folder: &Path) -> Option<PathBuf> {
    let root = folder.ancestors().find(|f| f.join(".git").exists()).unwrap_or(folder);
    folder
        .ancestors()
        .take_while(|f| f.starts_with(root))
        .map(|f| f.join(FILE_NAME))
        .find(|path| path.is_file())
}

/// Why an entry matches no tool of the scan; `None` where it does, or is about another server.
fn unused(entry: &Override, servers: &[Assessed]) -> Option<String> {
    if let Some(wanted) = &entry.server {
        let names = || servers.iter().map(|s| s.manifest.server.name.as_str());
        if !names().any(|name| name == wanted) {
            return suggest::nearest(wanted, names()).map(|name| format!("did you mean server {name:?}?"));
        }
    }
    let tools = || {
        servers
            .iter()
            .filter(|s| {
                entry
                    .server
                    .as_ref()
                    .is_none_or(|wanted| *wanted == s.manifest.server.name)
            })
            .flat_map(|s| s.assessments.iter().map(|a| a.name.as_str()))
    };
    if tools().any(|name| name == entry.tool) {
        return None;
    }
    Some(match suggest::nearest(&entry.tool, tools()) {
        Some(name) => format!("did you mean {name:?}?"),
        None => "no server of this scan has such a tool".to_owned(),
    })
}

fn every_label() -> impl Iterator<Item = Label> {
    use crate::label::{Category, Risk};
    Category::ALL
        .iter()
        .flat_map(|&category| Risk::ALL.iter().map(move |&risk| Label::new(category, risk)))
        .filter(|label| label.risk != Risk::Low || label.category == Category::Read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_up_to_the_repository_counts() {
        let dir = tempfile::tempdir().expect("a folder");
        let outside = dir.path().join(FILE_NAME);
        let deep = dir.path().join("repo/a/b");
        std::fs::create_dir_all(&deep).expect("made");
        std::fs::create_dir(dir.path().join("repo/.git")).expect("made");
        std::fs::write(&outside, "").expect("written");
        assert_eq!(find(&deep), None);
        let inside = dir.path().join("repo").join(FILE_NAME);
        std::fs::write(&inside, "").expect("written");
        assert_eq!(find(&deep), Some(inside));
        assert_eq!(find(dir.path()), Some(outside));
        let loose = dir.path().join("loose");
        std::fs::create_dir(&loose).expect("made");
        assert_eq!(find(&loose), None);
    }
}

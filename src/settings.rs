//! What `mcpclass.toml` and the global options come to: the decision table and the classifier.
//! Owns discovery and validation of the configuration file.

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

    /// The classifier of these settings.
    pub fn classifier(&self, _global: &Global) -> Result<Classifier> {
        Ok(Classifier::embedded(self.decisions.clone()))
    }
}

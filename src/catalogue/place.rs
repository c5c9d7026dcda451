//! Which catalogue a command means: the folder that is named, else the usual one of this machine, else the one
//! that the program carries.

use std::path::PathBuf;

use super::starter;
use super::store::Store;
use crate::error::{Error, Result};

/// Names a catalogue. Flattened into every command that uses one.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CatalogueArgs {
    /// Folder of the catalogue; by default `mcpclass` in the data folder of this user
    #[arg(long, value_name = "DIR", env = "MCPCLASS_CATALOGUE", help_heading = "Catalogue")]
    pub catalogue: Option<PathBuf>,
}

impl CatalogueArgs {
    /// The folder to write to.
    pub fn folder(&self) -> Result<PathBuf> {
        self.catalogue.clone().or_else(usual).ok_or_else(|| {
            Error::new("there is no data folder for this user").help("name a folder: mcpclass index --catalogue DIR …")
        })
    }
}

impl CatalogueArgs {
    /// The catalogue to ask: the one that is named, which must be there; else the usual one, where there is anything in
    /// it; else the one that the program carries.
    pub fn open(&self) -> Result<Store> {
        if let Some(folder) = &self.catalogue {
            return Store::read(folder)?.ok_or_else(|| {
                Error::new(format!("there is no catalogue in {}", folder.display())).help(format!(
                    "make one: mcpclass index --catalogue {} SOURCE…",
                    folder.display()
                ))
            });
        }
        if let Some(store) = usual().as_deref().map(Store::read).transpose()?.flatten()
            && !store.is_empty()?
        {
            return Ok(store);
        }
        starter::open()
    }
}

/// The usual folder of this machine.
pub fn usual() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let data = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        variable("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        variable("XDG_DATA_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| variable("HOME").map(|home| home.join(".local/share")))
    };
    data.map(|data| data.join("mcpclass"))
}

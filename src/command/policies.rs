//! Policies of several targets in one folder, as `policy --for all` and `baseline --policy-dir` write them: a folder
//! a target, named after it. Owns which targets a word names, and putting files where they belong, each whole or
//! not at all. What one target cannot hold costs no other, and is told.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use crate::error::{Error, Result};
use crate::fsio;
use crate::policy::plan::Plan;
use crate::policy::target::{self, Loss, Options, Target};
use crate::policy::write::{self, Written};
use crate::text::escape;

/// The targets of a word after `--for`.
pub fn named(word: &str) -> Result<Vec<&'static Target>> {
    if word == "all" {
        return Ok(target::ALL.to_vec());
    }
    target::find(word).map(|t| vec![t]).ok_or_else(|| {
        let ids: Vec<_> = target::ALL.iter().map(|t| t.id).collect();
        let known = format!("known targets: {}, all", ids.join(", "));
        Error::new(format!("there is no target `{}`", escape::one_line(word))).help(known)
    })
}

/// The files of several targets before any of them is written.
pub struct Drafts {
    written: Vec<(&'static Target, Written)>,
    /// Targets that cannot hold these policies, and why not.
    refused: Vec<(&'static Target, String)>,
}

impl Drafts {
    /// What each target gets for these servers.
    pub fn of(targets: &[&'static Target], plans: &[Plan], options: &Options) -> Self {
        let mut drafts = Self {
            written: Vec::new(),
            refused: Vec::new(),
        };
        for &target in targets {
            match write::all(target, plans, options) {
                Ok(written) => drafts.written.push((target, written)),
                Err(why) => drafts.refused.push((target, why)),
            }
        }
        drafts
    }

    /// Writes every file below the folder.
    pub fn write(&self, folder: &Path) -> Result<()> {
        for (target, written) in &self.written {
            write_under(&folder.join(target.id), written)?;
        }
        Ok(())
    }

    /// Says which targets were not written, whatever else is kept quiet. Whether all were.
    pub fn tell_refused(&self) -> bool {
        for (target, why) in &self.refused {
            say(&format!("{} is not written: {why}", target.id));
        }
        self.refused.is_empty()
    }

    /// How many files there are.
    pub fn files(&self) -> usize {
        self.written.iter().map(|(_, written)| written.files.len()).sum()
    }

    /// What the targets cannot say.
    pub fn losses(&self) -> Vec<Loss> {
        let of = |(_, written): &(_, Written)| written.losses.clone();
        self.written.iter().flat_map(of).collect()
    }
}

/// Decisions of a person, a line each: no output passes over them in silence.
pub fn overridden(plans: &[Plan]) -> Vec<String> {
    let tools = plans.iter().flat_map(|plan| &plan.tools);
    let line = |tool: &crate::policy::plan::ToolPlan| {
        let why = tool.override_reason.as_deref()?;
        let name = escape::one_line(&tool.name);
        Some(format!("note: {name} is {} by mcpclass.toml: {why}", tool.decision))
    };
    tools.filter_map(line).collect()
}

/// The files of one target, below a folder.
pub fn write_under(folder: &Path, written: &Written) -> Result<()> {
    for file in &written.files {
        write_file(&folder.join(&file.path), &file.text)?;
    }
    Ok(())
}

/// Writes a whole file or none, and the folders around it.
pub fn write_file(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|e| Error::io("cannot make the folder", folder, &e))?;
    }
    fsio::write_atomic(path, text.as_bytes())
}

/// A line on standard error.
pub fn say(line: &str) {
    // Nobody is left to tell when stderr is gone.
    let _ = writeln!(anstream::stderr(), "{line}");
}

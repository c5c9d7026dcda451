//! How reviewed servers were named, so that they can be listed again: the words of the command line, paths
//! relative to the lock, secrets by name only. Converts from and to [`SourceArgs`].

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::source::{SourceArgs, redact};

/// One command line's servers.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Files and folders relative to the lock, URLs, package names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<String>,
    /// A command that speaks MCP over stdio.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// The name given to the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Origin {
    /// What these arguments name, with paths relative to the lock's folder.
    pub fn of(args: &SourceArgs, lock_folder: &Path) -> Self {
        let relative = |word: &String| {
            if names_file(word) {
                slashed(&relative_to(lock_folder, Path::new(word)))
            } else if word.contains("://") {
                redact::url(word)
            } else {
                word.clone()
            }
        };
        let (program, rest) = args.command.split_at(args.command.len().min(1));
        Self {
            servers: args.servers.iter().map(relative).collect(),
            command: program.iter().cloned().chain(redact::arguments(rest)).collect(),
            name: args.name.clone(),
        }
    }

    /// Whether secrets were taken out of it, so that it has to be named again to be listed.
    pub fn is_redacted(&self) -> bool {
        let mut words = self.servers.iter().chain(&self.command);
        words.any(|word| word.contains(redact::HIDDEN))
    }

    /// The arguments that list them again, with paths from here.
    pub fn args(&self, lock_folder: &Path) -> SourceArgs {
        let from_here = |word: &String| {
            if names_file(word) {
                tidy(&lock_folder.join(word)).to_string_lossy().into_owned()
            } else {
                word.clone()
            }
        };
        SourceArgs {
            servers: self.servers.iter().map(from_here).collect(),
            command: self.command.clone(),
            name: self.name.clone(),
            ..SourceArgs::default()
        }
    }

    /// What listing this would start, for consent: command lines and packages.
    pub fn starts(&self) -> Vec<String> {
        let mut starts: Vec<String> = self.servers.iter().filter(|w| names_package(w)).cloned().collect();
        if !self.command.is_empty() {
            starts.push(self.command.join(" "));
        }
        starts
    }

    /// What it names, for messages.
    pub fn label(&self) -> String {
        let command = (!self.command.is_empty()).then(|| self.command.join(" "));
        self.servers
            .iter()
            .cloned()
            .chain(command)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Whether everything it names is a file.
    pub fn is_offline(&self) -> bool {
        self.command.is_empty() && self.servers.iter().all(|word| names_file(word) || word == "-")
    }
}

fn names_package(word: &str) -> bool {
    word.starts_with("npm:") || word.starts_with("pypi:")
}

fn names_file(word: &str) -> bool {
    word != "-" && !word.contains("://") && !names_package(word)
}

/// `path` as seen from `folder`, by their words alone; as it is where the two have no common ground.
fn relative_to(folder: &Path, path: &Path) -> PathBuf {
    let (Ok(folder), Ok(path_full)) = (std::path::absolute(folder), std::path::absolute(path)) else {
        return path.to_owned();
    };
    let (folder, full) = (tidy(&folder), tidy(&path_full));
    let common = folder
        .components()
        .zip(full.components())
        .take_while(|(a, b)| a == b)
        .count();
    if common <= 1 {
        return full;
    }
    let up = folder.components().skip(common).map(|_| Component::ParentDir);
    up.chain(full.components().skip(common)).collect()
}

/// Without `.` and with `..` resolved by the words alone.
fn tidy(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_lock_and_come_back() {
        let args = SourceArgs {
            servers: vec![
                "a/tools.json".to_owned(),
                "https://h/mcp".to_owned(),
                "npm:x".to_owned(),
                "-".to_owned(),
            ],
            ..SourceArgs::default()
        };
        let origin = Origin::of(&args, Path::new("locks"));
        assert_eq!(origin.servers, ["../a/tools.json", "https://h/mcp", "npm:x", "-"]);
        assert_eq!(origin.args(Path::new("locks")).servers, args.servers);
        assert_eq!(Origin::of(&args, Path::new("")).servers[0], "a/tools.json");
        assert_eq!(origin.starts(), ["npm:x"]);
        assert!(!origin.is_offline());
    }
}

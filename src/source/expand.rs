//! Variables in configuration files, as the clients that own the files expand them. Reads the environment only for
//! names that a configuration spells out, and says which ones it read. What a client would ask a person or read
//! from another file is an error that names it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::spec::Secret;

/// How a client spells variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// It expands nothing.
    Literal,
    /// `${X}`, `${X:-default}`, `${env:X}`, `${workspaceFolder}`, `${{ secrets.X }}`; what is not set stays as it is.
    Braces,
    /// The same, and `$X`; what is not set becomes empty.
    Shell,
    /// `{env:X}`; what is not set becomes empty.
    OpenCode,
}

/// Finds the value of a variable.
type Lookup = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Where values come from.
pub struct Environment {
    given: BTreeMap<String, Secret>,
    lookup: Lookup,
}

impl Environment {
    /// The process's environment, behind the variables `given` on the command line.
    pub fn process(given: BTreeMap<String, Secret>) -> Self {
        Self {
            given,
            lookup: Box::new(|name| std::env::var(name).ok()),
        }
    }

    /// The value that the command line gives a variable.
    pub fn given(&self, name: &str) -> Option<&Secret> {
        self.given.get(name)
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<Secret> {
        match self.given.get(name) {
            Some(value) => Some(value.clone()),
            None => (self.lookup)(name).map(Secret::new),
        }
    }

    /// The home folder, where there is one.
    pub fn home(&self) -> Option<PathBuf> {
        let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        (self.lookup)(name).filter(|home| !home.is_empty()).map(PathBuf::from)
    }
}

/// What stands around a configured server: the environment, and where its file is.
pub struct Context<'a> {
    /// The environment.
    pub environment: &'a Environment,
    /// The configuration file.
    pub file: &'a Path,
}

/// Text with its variables replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expanded {
    /// The text.
    pub text: String,
    /// The variables of the environment whose values are in it.
    pub read: Vec<String>,
    /// The variables that it names and that are not set.
    pub unset: Vec<String>,
}

/// Replaces the variables in a text; the error is a reason for a person.
pub fn expand(text: &str, syntax: Syntax, context: &Context<'_>) -> Result<Expanded, String> {
    let mut done = Expanded::default();
    if syntax == Syntax::Literal {
        text.clone_into(&mut done.text);
        return Ok(done);
    }
    let mut rest = text;
    while let Some(found) = next(rest, syntax) {
        done.text.push_str(&rest[..found.start]);
        let written = &rest[found.start..found.end];
        match value(found.inside, context)? {
            Meaning::Text(value) => done.text.push_str(&value),
            Meaning::Variable { name, default } => match context.environment.get(name) {
                Some(value) => {
                    done.text.push_str(value.expose());
                    done.read.push(name.to_owned());
                }
                None if default.is_some() => done.text.push_str(default.unwrap_or_default()),
                None => {
                    done.unset.push(name.to_owned());
                    if syntax == Syntax::Braces {
                        done.text.push_str(written);
                    }
                }
            },
            Meaning::Nothing => done.text.push_str(written),
        }
        rest = &rest[found.end..];
    }
    done.text.push_str(rest);
    Ok(done)
}

/// A variable as written: where, and what is between its marks.
struct Found<'a> {
    start: usize,
    end: usize,
    inside: &'a str,
}

/// The next variable of a text.
fn next(text: &str, syntax: Syntax) -> Option<Found<'_>> {
    let pattern = if syntax == Syntax::OpenCode { "{" } else { "$" };
    let mut from = 0;
    while let Some(offset) = text[from..].find(pattern) {
        let start = from + offset;
        let rest = &text[start..];
        let found = |open: &str, close: &str| {
            let inside = rest.strip_prefix(open)?;
            let length = inside.find(close)?;
            Some(Found {
                start,
                end: start + open.len() + length + close.len(),
                inside: inside[..length].trim(),
            })
        };
        let hit = match syntax {
            Syntax::OpenCode => {
                found("{", "}").filter(|f| f.inside.starts_with("env:") || f.inside.starts_with("file:"))
            }
            _ if rest.starts_with("${{") => found("${{", "}}"),
            _ if rest.starts_with("${") => found("${", "}"),
            Syntax::Shell => {
                let name = &rest[1..];
                let length = name
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(name.len());
                is_name(&name[..length]).then(|| Found {
                    start,
                    end: start + 1 + length,
                    inside: &name[..length],
                })
            }
            _ => None,
        };
        if hit.is_some() {
            return hit;
        }
        from = start + 1;
    }
    None
}

/// What a variable stands for.
enum Meaning<'a> {
    Text(String),
    Variable { name: &'a str, default: Option<&'a str> },
    Nothing,
}

fn value<'a>(inside: &'a str, context: &Context<'_>) -> Result<Meaning<'a>, String> {
    let folder = workspace(context.file);
    let path = |path: &Path| Meaning::Text(path.display().to_string());
    Ok(match inside {
        "workspaceFolder" | "workspaceRoot" | "cwd" => path(&folder),
        "workspaceFolderBasename" => {
            Meaning::Text(folder.file_name().unwrap_or_default().to_string_lossy().into_owned())
        }
        "userHome" => match context.environment.home() {
            Some(home) => path(&home),
            None => return Err("it uses the home folder, and there is none".to_owned()),
        },
        "__dirname" | "CLAUDE_PLUGIN_ROOT" | "extensionPath" => path(context.file.parent().unwrap_or(Path::new("."))),
        "pathSeparator" | "/" => Meaning::Text(std::path::MAIN_SEPARATOR.to_string()),
        _ => {
            let (kind, name) = inside.split_once(':').unwrap_or(("", inside));
            match kind {
                "input" => {
                    return Err(format!(
                        "it needs the input {name:?}, which its client asks a person for"
                    ));
                }
                "file" => {
                    return Err(format!(
                        "it takes a value from the file {name:?}, which mcpclass does not read for it"
                    ));
                }
                "command" | "config" => return Err(format!("it needs {inside:?}, which only its client knows")),
                "env" => variable(name),
                _ => {
                    let name = inside
                        .strip_prefix("secrets.")
                        .or_else(|| inside.strip_prefix("env."))
                        .unwrap_or(inside);
                    variable(name)
                }
            }
        }
    })
}

fn variable(text: &str) -> Meaning<'_> {
    let (name, default) = match text.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (text, None),
    };
    if is_name(name) {
        Meaning::Variable { name, default }
    } else {
        Meaning::Nothing
    }
}

fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The folder that a project's configuration file is about: the one that holds `.vscode`, `.cursor` and the like.
pub fn workspace(file: &Path) -> PathBuf {
    let folder = file
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let hidden = folder.ancestors().take(3).find(|f| {
        f.file_name()
            .is_some_and(|n| n.to_string_lossy().starts_with('.') && n.len() > 1)
    });
    let root = hidden.and_then(Path::parent).filter(|p| !p.as_os_str().is_empty());
    let chosen = match (hidden, root) {
        (None, _) => folder,
        (Some(_), Some(root)) => root,
        (Some(_), None) => Path::new("."),
    };
    std::path::absolute(chosen).unwrap_or_else(|_| chosen.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str, syntax: Syntax) -> Result<Expanded, String> {
        let environment = Environment {
            given: BTreeMap::from([("GIVEN".to_owned(), Secret::new("g"))]),
            lookup: Box::new(|name| match name {
                "A" => Some("1".to_owned()),
                "HOME" | "USERPROFILE" => Some("/h".to_owned()),
                _ => None,
            }),
        };
        expand(
            text,
            syntax,
            &Context {
                environment: &environment,
                file: Path::new("/p/.vscode/mcp.json"),
            },
        )
    }

    fn text(from: &str, syntax: Syntax) -> String {
        run(from, syntax).expect("it expands").text
    }

    #[test]
    fn each_client_has_its_own_spelling() {
        assert_eq!(text("${A}${env:A}-${{ secrets.A }}-${GIVEN}", Syntax::Braces), "11-1-g");
        assert_eq!(text("${B:-x}/$A/${B}", Syntax::Braces), "x/$A/${B}");
        assert_eq!(text("$A ${A} $B. $1 $", Syntax::Shell), "1 1 . $1 $");
        assert_eq!(text("{env:A}{env:B}{x}", Syntax::OpenCode), "1{x}");
        assert_eq!(text("${A}", Syntax::Literal), "${A}");
        assert_eq!(
            text(
                "${workspaceFolder}${/}x ${userHome} ${workspaceFolderBasename}",
                Syntax::Braces
            ),
            "/p/x /h p"
        );
        assert_eq!(text("${unclosed ${", Syntax::Braces), "${unclosed ${");
    }

    #[test]
    fn what_was_read_and_what_is_missing_is_said() {
        let done = run("${A} ${B}", Syntax::Braces).expect("it expands");
        assert_eq!((done.read, done.unset), (vec!["A".to_owned()], vec!["B".to_owned()]));
    }

    #[test]
    fn what_only_a_client_can_know_is_an_error_that_names_it() {
        assert!(run("${input:api-key}", Syntax::Braces).is_err_and(|e| e.contains("api-key")));
        assert!(run("{file:~/.token}", Syntax::OpenCode).is_err_and(|e| e.contains("~/.token")));
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_fatal(text: String, mixed in r"[${}:\-A-Za-z é]{0,40}") {
            for syntax in [Syntax::Braces, Syntax::Shell, Syntax::OpenCode] {
                let _ = run(&text, syntax);
                let _ = run(&mixed, syntax);
            }
        }
    }
}

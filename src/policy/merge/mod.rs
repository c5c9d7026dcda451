//! Adding a policy to a settings file that a person wrote. A target says what should hold ([`Edit`]); this module
//! works out the fewest changes to the file's values that make it hold and never loosens what is there; the format's
//! own editor makes those changes in the text. What comes out is read again and must be what was worked out, so an
//! editor's mistake is an error and not a broken file.

mod json;
mod rank;
mod toml;
mod yaml;

use serde_json::{Map, Value};

use crate::policy::target::Draft;

/// Where a value stands: the keys from the root.
pub type Path = Vec<String>;

/// The path of these keys.
pub fn path(keys: &[&str]) -> Path {
    keys.iter().map(|&key| key.to_owned()).collect()
}

/// How a file of a target is added to one that is there.
#[derive(Clone, Copy, Debug)]
pub struct Merge {
    /// The file's format.
    pub format: Format,
    /// File names by which it is recognised among the target's files.
    pub names: &'static [&'static str],
    /// What should hold.
    pub edits: fn(&Draft<'_>) -> Vec<Edit>,
}

/// A format that can be edited in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON with comments.
    Json,
    /// TOML.
    Toml,
    /// YAML.
    Yaml,
}

/// Stands in an allowlist that would otherwise be empty where an empty one means every tool.
pub const NO_TOOL: &str = "mcpclass-allows-no-tool";

/// What an allowlist looks like that allows everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Everything {
    /// It is absent.
    Absent,
    /// It holds this word.
    Word(&'static str),
    /// It is absent or empty.
    Empty,
}

/// What should hold in a file, at the least.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// This must be there already: a server's entry with its address, which no policy can know.
    Needs(Path),
    /// This value, or one that is stricter.
    Scale {
        /// Where.
        path: Path,
        /// The value.
        value: Value,
        /// Every value that it can have. Another one is a person's and stays.
        loosest_first: Vec<Value>,
        /// Where the value stands that counts while this one is absent: what a person wrote there for all is not
        /// loosened for one.
        general: Option<Path>,
    },
    /// Each item stands in its list, or in a stricter one.
    Levels {
        /// The lists with their items, the loosest first.
        lists: Vec<(Path, Vec<String>)>,
        /// Whether the strictest list that names an item decides. Where it does not, an item is taken out of the
        /// looser lists, and every list must be there.
        strictest_wins: bool,
    },
    /// An allowlist that holds none but these.
    Within {
        /// Where.
        path: Path,
        /// What may stand in it.
        items: Vec<String>,
        /// What allows everything there.
        everything: Everything,
    },
    /// A list that holds at least these.
    Union {
        /// Where.
        path: Path,
        /// What must stand in it.
        items: Vec<String>,
    },
    /// A map of patterns of which the last that matches decides.
    LastWins {
        /// Where.
        path: Path,
        /// What each name or pattern should come to.
        entries: Vec<(String, String)>,
        /// Every value that it can have.
        loosest_first: &'static [&'static str],
    },
}

/// A change of the values in a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// Writes a value, with the maps around it where they are missing.
    Set(Path, Value),
    /// Writes a new key of a map before the key at this position.
    Insert(Path, usize, String, Value),
    /// Takes a key out of its map.
    Remove(Path),
    /// Adds an item to the end of a list.
    Push(Path, String),
    /// Takes the item at this position out of a list.
    Pull(Path, usize),
}

/// A file after a merge.
#[derive(Clone, Debug)]
pub struct Merged {
    /// Its text.
    pub text: String,
    /// What stays because a person was stricter, in words.
    pub stricter: Vec<String>,
}

/// The text with the edits made. The error says what about the file is in the way.
pub fn merge(text: &str, format: Format, edits: &[Edit]) -> Result<Merged, String> {
    let (changes, wanted, stricter) = plan(&read(text, format)?, edits)?;
    let text = match format {
        Format::Json => json::edit(text, &changes)?,
        Format::Toml => toml::edit(text, &changes)?,
        Format::Yaml => yaml::edit(text, &changes)?,
    };
    if read(&text, format)? != wanted {
        return Err("its layout cannot be kept with these changes: it has to be edited by hand".to_owned());
    }
    Ok(Merged { text, stricter })
}

fn read(text: &str, format: Format) -> Result<Value, String> {
    if text.trim().is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let value = match format {
        Format::Json => json::read(text)?,
        Format::Toml => toml::read(text)?,
        Format::Yaml => yaml::read(text)?,
    };
    match value {
        Value::Null => Ok(Value::Object(Map::new())),
        Value::Object(_) => Ok(value),
        _ => Err("it is no map of settings".to_owned()),
    }
}

/// The changes that make the edits hold, and the values after them.
fn plan(value: &Value, edits: &[Edit]) -> Result<(Vec<Change>, Value, Vec<String>), String> {
    let mut work = Work {
        value: value.clone(),
        changes: Vec::new(),
        stricter: Vec::new(),
    };
    for edit in edits {
        work.make_hold(edit)?;
    }
    Ok((work.changes, work.value, work.stricter))
}

/// The values as they stand after the changes so far.
struct Work {
    value: Value,
    changes: Vec<Change>,
    stricter: Vec<String>,
}

impl Work {
    fn make_hold(&mut self, edit: &Edit) -> Result<(), String> {
        match edit {
            Edit::Needs(path) => match self.get(path) {
                Some(Value::Object(_)) => Ok(()),
                _ => Err(format!(
                    "it has no {}: add the server first, or name it as it is called there with --name",
                    dotted(path)
                )),
            },
            Edit::Scale {
                path,
                value,
                loosest_first,
                general,
            } => self.scale(path, value, loosest_first, general.as_ref()),
            Edit::Levels { lists, strictest_wins } => self.levels(lists, *strictest_wins),
            Edit::Within {
                path,
                items,
                everything,
            } => self.within(path, items, *everything),
            Edit::Union { path, items } => items.iter().try_for_each(|item| self.add(path, item)),
            Edit::LastWins {
                path,
                entries,
                loosest_first,
            } => rank::last_wins(self, path, entries, loosest_first),
        }
    }

    fn scale(
        &mut self,
        path: &Path,
        value: &Value,
        loosest_first: &[Value],
        general: Option<&Path>,
    ) -> Result<(), String> {
        let rank = |v: &Value| loosest_first.iter().position(|known| known == v);
        let there = self.get(path).filter(|v| !v.is_null());
        let general = general
            .filter(|_| there.is_none())
            .and_then(|at| Some((at, self.get(at)?)));
        match there {
            None if general.is_some_and(|(_, v)| rank(v) > rank(value)) => {
                if let Some((at, word)) = general.map(|(at, v)| (dotted(at), v.to_string())) {
                    self.keep(&dotted(path), &format!("{at} = {word}"));
                }
                Ok(())
            }
            None => self.change(Change::Set(path.clone(), value.clone())),
            Some(there) if rank(there) < rank(value) && rank(there).is_some() => {
                self.change(Change::Set(path.clone(), value.clone()))
            }
            Some(there) if there != value => {
                let there = there.to_string();
                self.keep(&dotted(path), &there);
                Ok(())
            }
            Some(_) => Ok(()),
        }
    }

    fn levels(&mut self, lists: &[(Path, Vec<String>)], strictest_wins: bool) -> Result<(), String> {
        if !strictest_wins {
            for (path, _) in lists {
                if self.get(path).is_none_or(Value::is_null) {
                    self.change(Change::Set(path.clone(), Value::Array(Vec::new())))?;
                }
            }
        }
        for (level, (path, items)) in lists.iter().enumerate() {
            for item in items {
                let mut holding = Vec::new();
                for (at, (other, _)) in lists.iter().enumerate() {
                    if self.list(other)?.contains(item) {
                        holding.push(at);
                    }
                }
                let strictest = holding.last().copied();
                match strictest {
                    Some(there) if there > level => self.keep(item, lists[there].0.last().map_or("", String::as_str)),
                    Some(there) if there == level => {}
                    _ => self.change(Change::Push(path.clone(), item.clone()))?,
                }
                if strictest_wins {
                    continue;
                }
                let top = strictest.unwrap_or(level).max(level);
                for (other, _) in lists.iter().take(top) {
                    if let Some(at) = self.list(other)?.iter().position(|i| i == item) {
                        self.change(Change::Pull(other.clone(), at))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn within(&mut self, path: &Path, items: &[String], everything: Everything) -> Result<(), String> {
        let there = self.list(path)?;
        let all = match everything {
            Everything::Absent => false,
            Everything::Word(word) => there.iter().any(|i| i == word),
            Everything::Empty => there.is_empty(),
        };
        if all || self.get(path).is_none_or(Value::is_null) {
            let items: Vec<Value> = items.iter().cloned().map(Value::String).collect();
            return self.change(Change::Set(path.clone(), Value::Array(items)));
        }
        let outside: Vec<usize> = (0..there.len())
            .filter(|&i| !items.contains(&there[i]) && there[i] != NO_TOOL)
            .collect();
        if everything == Everything::Empty && outside.len() == there.len() {
            self.change(Change::Push(path.clone(), NO_TOOL.to_owned()))?;
        }
        outside
            .into_iter()
            .rev()
            .try_for_each(|at| self.change(Change::Pull(path.clone(), at)))?;
        let left: Vec<&String> = items.iter().filter(|i| !there.contains(i)).collect();
        if !left.is_empty() {
            let left: Vec<&str> = left.into_iter().map(String::as_str).collect();
            self.keep(&dotted(path), &format!("leaves out {}", left.join(", ")));
        }
        Ok(())
    }

    fn add(&mut self, path: &Path, item: &str) -> Result<(), String> {
        if self.list(path)?.iter().any(|i| i == item) {
            return Ok(());
        }
        self.change(Change::Push(path.clone(), item.to_owned()))
    }

    fn get(&self, path: &Path) -> Option<&Value> {
        path.iter().try_fold(&self.value, |value, key| value.get(key))
    }

    /// The strings of a list; none where it is absent.
    fn list(&self, path: &Path) -> Result<Vec<String>, String> {
        match self.get(path) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(items)) => items
                .iter()
                .map(|i| {
                    i.as_str()
                        .map(str::to_owned)
                        .ok_or_else(|| format!("{} holds more than names", dotted(path)))
                })
                .collect(),
            Some(_) => Err(format!("{} is no list", dotted(path))),
        }
    }

    fn keep(&mut self, what: &str, there: &str) {
        self.stricter.push(format!("{what}: {there} stays"));
    }

    /// Makes a change and writes it down.
    fn change(&mut self, change: Change) -> Result<(), String> {
        match &change {
            Change::Set(path, value) => {
                let (last, maps) = path.split_last().ok_or("a value needs a key")?;
                self.map(maps)?.insert(last.clone(), value.clone());
            }
            Change::Insert(path, at, key, value) => {
                let map = self.map(path)?;
                map.shift_insert((*at).min(map.len()), key.clone(), value.clone());
            }
            Change::Remove(path) => {
                let (last, maps) = path.split_last().ok_or("a value needs a key")?;
                self.map(maps)?.shift_remove(last);
            }
            Change::Push(path, item) => {
                let (last, maps) = path.split_last().ok_or("a value needs a key")?;
                let list = self.map(maps)?.entry(last.clone()).or_insert(Value::Null);
                if list.is_null() {
                    *list = Value::Array(Vec::new());
                }
                let list = list
                    .as_array_mut()
                    .ok_or_else(|| format!("{} is no list", dotted(path)))?;
                list.push(Value::String(item.clone()));
            }
            Change::Pull(path, at) => {
                let (last, maps) = path.split_last().ok_or("a value needs a key")?;
                let list = self.map(maps)?.get_mut(last).and_then(Value::as_array_mut);
                list.ok_or_else(|| format!("{} is no list", dotted(path)))?.remove(*at);
            }
        }
        self.changes.push(change);
        Ok(())
    }

    /// The map at this path, made where it is missing.
    fn map(&mut self, path: &[String]) -> Result<&mut Map<String, Value>, String> {
        let mut here = &mut self.value;
        for (depth, key) in path.iter().enumerate() {
            let map = here
                .as_object_mut()
                .ok_or_else(|| format!("{} is no map", dotted(&path[..depth])))?;
            here = map.entry(key.clone()).or_insert(Value::Null);
            if here.is_null() {
                *here = Value::Object(Map::new());
            }
        }
        here.as_object_mut()
            .ok_or_else(|| format!("{} is no map", dotted(path)))
    }
}

/// A path for people.
fn dotted(path: &[String]) -> String {
    crate::text::escape::one_line(&path.join(".")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn levels(strictest_wins: bool) -> Vec<Edit> {
        let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        vec![Edit::Levels {
            lists: vec![
                (path(&["allow"]), owned(&["a", "b"])),
                (path(&["ask"]), owned(&["c"])),
                (path(&["deny"]), owned(&["d"])),
            ],
            strictest_wins,
        }]
    }

    #[test]
    fn what_a_person_denied_stays_denied() {
        let there = json!({"deny": ["a"], "allow": ["d", "mine"]});
        let (_, after, stricter) = plan(&there, &levels(true)).expect("it fits");
        assert_eq!(
            after,
            json!({"deny": ["a", "d"], "allow": ["d", "mine", "b"], "ask": ["c"]})
        );
        assert_eq!(stricter, ["a: deny stays"]);
    }

    #[test]
    fn where_the_strictest_does_not_win_looser_entries_go() {
        let there = json!({"deny": ["a"], "allow": ["d", "mine"]});
        let (_, after, _) = plan(&there, &levels(false)).expect("it fits");
        assert_eq!(after, json!({"deny": ["a", "d"], "allow": ["mine", "b"], "ask": ["c"]}));
    }

    #[test]
    fn an_allowlist_only_shrinks() {
        let within = |everything| {
            vec![Edit::Within {
                path: path(&["tools"]),
                items: vec!["a".to_owned(), "b".to_owned()],
                everything,
            }]
        };
        let after = |there: Value, everything| plan(&there, &within(everything)).expect("it fits").1;
        assert_eq!(after(json!({}), Everything::Absent), json!({"tools": ["a", "b"]}));
        assert_eq!(
            after(json!({"tools": ["b", "z"]}), Everything::Absent),
            json!({"tools": ["b"]})
        );
        assert_eq!(after(json!({"tools": []}), Everything::Absent), json!({"tools": []}));
        assert_eq!(
            after(json!({"tools": ["*"]}), Everything::Word("*")),
            json!({"tools": ["a", "b"]})
        );
        assert_eq!(
            after(json!({"tools": []}), Everything::Empty),
            json!({"tools": ["a", "b"]})
        );
        assert_eq!(
            after(json!({"tools": ["z"]}), Everything::Empty),
            json!({"tools": [NO_TOOL]})
        );
        assert_eq!(
            after(json!({"tools": [NO_TOOL]}), Everything::Empty),
            json!({"tools": [NO_TOOL]})
        );
    }

    #[test]
    fn a_scale_only_goes_up_and_unknown_values_stay() {
        let edit = [Edit::Scale {
            path: path(&["x", "mode"]),
            value: json!("ask"),
            loosest_first: vec![json!("allow"), json!("ask"), json!("deny")],
            general: Some(path(&["mode"])),
        }];
        let after = |there: Value| plan(&there, &edit).expect("it fits").1;
        assert_eq!(after(json!({"mode": "deny"})), json!({"mode": "deny"}));
        assert_eq!(
            after(json!({"mode": "allow"})),
            json!({"mode": "allow", "x": {"mode": "ask"}})
        );
        assert_eq!(after(json!({})), json!({"x": {"mode": "ask"}}));
        assert_eq!(after(json!({"x": {"mode": "allow"}})), json!({"x": {"mode": "ask"}}));
        assert_eq!(after(json!({"x": {"mode": "deny"}})), json!({"x": {"mode": "deny"}}));
        assert_eq!(after(json!({"x": {"mode": "new"}})), json!({"x": {"mode": "new"}}));
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let error = plan(&json!({"allow": "everything"}), &levels(true)).expect_err("no list");
        assert_eq!(error, "allow is no list");
        let error = plan(&json!({}), &[Edit::Needs(path(&["servers", "s"]))]).expect_err("no server");
        assert!(error.contains("servers.s"), "{error}");
    }
}

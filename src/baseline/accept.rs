//! Acceptances: a person looked at a finding of one definition of one tool and takes it, with a reason, until a
//! date. Owns what the `[[accept]]` entries of `mcpclass.toml` mean, what each still stands for, and adding one.
//! Refuses an entry that names no definition or no end.

use jiff::civil::Date;
use toml_edit::{DocumentMut, Item, Table, value};

use crate::baseline::compare::{Change, Difference, Effect, Kind};
use crate::settings::file::AcceptEntry;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// The server's name.
    pub server: String,
    /// The tool's name.
    pub tool: String,
    /// What is accepted: a kind of change (`worse`, `new`, …), a finding (`signal:bulk`) or a rule; `None` for
    /// whatever this definition brings.
    pub finding: Option<String>,
    /// Digest of the definition that was looked at.
    pub digest: String,
    /// Why it is fine.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Date,
}

/// What an entry comes to today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It accepts something.
    Applies,
    /// It would, but its date has passed.
    Expired,
    /// The tool's definition is another one now.
    Changed {
        /// Digest of the present definition.
        is: String,
    },
    /// Nothing that it names was found.
    Unmatched,
    /// Its server was not listed this time, or not to its end, so that nothing is known about it.
    Unchecked,
}

/// How a tool is listed now, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Now<'a> {
    /// With a definition of this digest.
    As(&'a str),
    /// Not at all.
    Absent,
    /// Nobody looked, or the listing stopped before its end.
    Unknown,
}

impl Standing {
    /// The word for it in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Applies => "applies",
            Self::Expired => "expired",
            Self::Changed { .. } => "changed",
            Self::Unmatched => "unmatched",
            Self::Unchecked => "unchecked",
        }
    }
}

/// A mistake in the section: the line, counted from one, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl TryFrom<&AcceptEntry> for Acceptance {
    type Error = String;

    /// An entry that says which definition of which tool, and until when.
    fn try_from(entry: &AcceptEntry) -> Result<Self, String> {
        let needed = |value: &Option<String>, key: &str| {
            let missing = || format!("an acceptance names no {key}: {}", entry.reason);
            value.clone().ok_or_else(missing)
        };
        let until = needed(&entry.until, "until")?;
        Ok(Self {
            server: needed(&entry.server, "server")?,
            tool: needed(&entry.tool, "tool")?,
            finding: entry.rule.clone(),
            digest: needed(&entry.digest, "digest")?,
            reason: entry.reason.clone(),
            until: until
                .parse()
                .map_err(|_| format!("until = {until:?} is no date such as 2027-02-01"))?,
        })
    }
}

/// The file with one more entry, everything else as it was. An entry for the same server, tool and finding is
/// replaced: it was about another definition, or its date has passed.
pub fn add(text: &str, entry: &Acceptance) -> Result<String, Mistake> {
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| Mistake {
        line: error
            .span()
            .map_or(1, |span| text[..span.start].matches('\n').count() + 1),
        message: error.message().to_owned(),
    })?;
    let section = document
        .entry("accept")
        .or_insert_with(|| Item::ArrayOfTables(toml_edit::ArrayOfTables::new()));
    let Some(entries) = section.as_array_of_tables_mut() else {
        let message = "`accept` is not written as [[accept]] sections".to_owned();
        return Err(Mistake { line: 1, message });
    };
    let field = |table: &Table, key: &str| table.get(key).and_then(Item::as_str).map(str::to_owned);
    let same = |table: &Table| {
        field(table, "server").as_deref() == Some(&entry.server)
            && field(table, "tool").as_deref() == Some(&entry.tool)
            && field(table, "rule").or_else(|| field(table, "finding")) == entry.finding
    };
    entries.retain(|table| !same(table));
    let mut table = Table::new();
    table["server"] = value(&entry.server);
    table["tool"] = value(&entry.tool);
    if let Some(finding) = &entry.finding {
        table["rule"] = value(finding);
    }
    table["digest"] = value(&entry.digest);
    table["reason"] = value(&entry.reason);
    table["until"] = value(entry.until.to_string());
    if !text.trim().is_empty() {
        table.decor_mut().set_prefix("\n");
    }
    entries.push(table);
    Ok(document.to_string())
}

/// Which of the entries (by index) accept this change; empty unless together they cover all of it.
pub fn covering(entries: &[Acceptance], server: &str, change: &Change, today: Date) -> Vec<usize> {
    let fitting: Vec<usize> = (0..entries.len())
        .filter(|&i| names(&entries[i], server, change) && entries[i].digest == change.digest())
        .filter(|&i| entries[i].until >= today)
        .collect();
    if fitting.iter().any(|&i| is_whole(&entries[i], change.kind)) {
        return fitting;
    }
    let telling = |effect: Effect| change.kind != Kind::Worse || effect == Effect::Worse;
    let mut reasons = change.reasons.iter().filter(|r| telling(r.effect)).peekable();
    let covered = reasons.peek().is_some()
        && reasons.all(|reason| fitting.iter().any(|&i| covers(&entries[i], change, &reason.what)));
    if covered { fitting } else { Vec::new() }
}

/// What an entry comes to, given every change found and how its tool is listed now.
pub fn standing(entry: &Acceptance, changes: &[(&str, &Change)], now: Now<'_>, today: Date) -> Standing {
    let about = || changes.iter().filter(|(server, change)| names(entry, server, change));
    let of_digest = || about().filter(|(_, change)| change.digest() == entry.digest);
    let matches = of_digest().any(|(_, change)| {
        is_whole(entry, change.kind) || change.reasons.iter().any(|reason| covers(entry, change, &reason.what))
    });
    match now {
        _ if matches && entry.until < today => Standing::Expired,
        _ if matches => Standing::Applies,
        Now::As(is) if is != entry.digest => Standing::Changed { is: is.to_owned() },
        Now::As(_) | Now::Absent => Standing::Unmatched,
        Now::Unknown => Standing::Unchecked,
    }
}

fn names(entry: &Acceptance, server: &str, change: &Change) -> bool {
    entry.server == server && entry.tool == change.subject.name()
}

fn is_whole(entry: &Acceptance, kind: Kind) -> bool {
    entry.finding.as_deref().is_none_or(|finding| finding == kind.name())
}

/// Whether an entry for a finding or a rule is about this difference. A rule is what a label rests on.
fn covers(entry: &Acceptance, change: &Change, what: &Difference) -> bool {
    let Some(finding) = entry.finding.as_deref() else {
        return true;
    };
    let by_rule = || {
        let category = change.label().map(|label| label.category);
        matches!(what, Difference::Category { .. } | Difference::Risk { .. })
            && change
                .evidence
                .iter()
                .any(|e| &*e.rule == finding && e.says == category)
    };
    what.id() == finding || by_rule()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::settings::file;

    fn entry() -> Acceptance {
        Acceptance {
            server: "notes".to_owned(),
            tool: "read_file".to_owned(),
            finding: Some("worse".to_owned()),
            digest: "sha256:00".to_owned(),
            reason: "only \"scratch\" files".to_owned(),
            until: jiff::civil::date(2027, 2, 1),
        }
    }

    fn read(text: &str) -> Result<Vec<Acceptance>, String> {
        let config = file::parse(text, Path::new("mcpclass.toml")).map_err(|e| e.to_string())?;
        config.accept.iter().map(Acceptance::try_from).collect()
    }

    #[test]
    fn what_is_added_reads_back_and_the_rest_stays() {
        let before = "# ours\n[decisions]\nread.medium = 'ask' # why\n";
        let after = add(before, &entry()).expect("valid TOML");
        assert!(after.starts_with(before), "{after}");
        assert_eq!(read(&after), Ok(vec![entry()]));
        let again = Acceptance {
            digest: "sha256:11".to_owned(),
            ..entry()
        };
        let replaced = add(&after, &again).expect("valid TOML");
        assert_eq!(read(&replaced), Ok(vec![again]));
        assert_eq!(
            add("", &entry()).expect("valid TOML").lines().next(),
            Some("[[accept]]")
        );
    }

    #[test]
    fn an_entry_needs_a_definition_and_an_end() {
        let text = add("", &entry()).expect("valid TOML");
        let toml_date = text.replace("\"2027-02-01\"", "2027-02-01");
        assert_eq!(read(&toml_date), Ok(vec![entry()]));
        for broken in [
            text.replace("2027-02-01", "soon"),
            text.replace("until =", "#"),
            text.replace("digest =", "#"),
            text.replace("reason =", "raeson ="),
        ] {
            assert!(read(&broken).is_err(), "{broken}");
        }
    }
}

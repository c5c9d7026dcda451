//! Questions to a catalogue: which tools, which server, how many. Answers are data; the commands print them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use rusqlite::params;
use rusqlite::types::Value;
use serde::Serialize;

use super::entry::facet;
use super::query::{Query, Scope};
use super::record::{Change, Record};
use super::schema::POSITION_BITS;
use super::store::{Store, change};
use crate::assessment::Assessment;
use crate::error::{Error, Result};
use crate::label::{Category, Risk};
use crate::text::suggest;

/// Tools that are put in order of relevance; what matches more is cut to these first.
const RANKED: usize = 4000;

/// What a search is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this category.
    pub category: Option<Category>,
    /// Only this risk.
    pub risk: Option<Risk>,
    /// Only tools with all of these signals.
    pub signals: Vec<String>,
    /// Only tools whose declared annotations their definitions contradict.
    pub conflict: bool,
    /// Only this server, or servers with this in their name.
    pub server: Option<String>,
}

/// What the full text index is asked.
struct Asked {
    expression: String,
    /// Only tools of these servers.
    servers: Option<Vec<i64>>,
}

/// A tool that was found.
#[derive(Clone, Debug, Serialize)]
pub struct Hit {
    /// The server's name.
    pub server: String,
    /// Where its listing came from.
    pub origin: String,
    /// What was decided.
    #[serde(flatten)]
    pub assessment: Assessment,
}

/// The tools that were found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The best, best first.
    pub hits: Vec<Hit>,
    /// How many match; at least this many where `more`.
    pub matches: usize,
    /// Whether more match than were counted and put in order.
    pub more: bool,
}

/// What a catalogue holds.
#[derive(Clone, Debug, Serialize)]
pub struct Stats {
    /// Servers.
    pub servers: i64,
    /// Tools.
    pub tools: i64,
    /// Tools by category, in the contract's order.
    pub category: Vec<Count>,
    /// Tools by risk.
    pub risk: Vec<Count>,
    /// Tools by signal, the most frequent first.
    pub signals: Vec<Count>,
    /// Tools whose declared annotations their definitions contradict.
    pub conflicts: i64,
    /// The servers with the most critical tools.
    pub riskiest: Vec<ServerCount>,
    /// The servers with the most contradicted annotations.
    pub most_conflicts: Vec<ServerCount>,
    /// Sources that could not be read.
    pub failures: i64,
}

/// A number of tools.
#[derive(Clone, Debug, Serialize)]
pub struct Count {
    /// Of what.
    pub key: String,
    /// How many.
    pub tools: i64,
}

/// A server among others.
#[derive(Clone, Debug, Serialize)]
pub struct ServerCount {
    /// Its name.
    pub server: String,
    /// Where its listing came from.
    pub origin: String,
    /// Its tools.
    pub tools: i64,
    /// Of them critical.
    pub critical: i64,
    /// Of them with contradicted annotations.
    pub conflicts: i64,
}

/// A change and the server that it happened in.
#[derive(Clone, Debug)]
pub struct ServerChange {
    /// The server's name.
    pub server: String,
    /// What changed.
    pub change: Change,
}

/// A source that could not be read.
#[derive(Clone, Debug, Serialize)]
pub struct FailureRow {
    /// What was named.
    pub source: String,
    /// Since when it fails that way.
    pub at: String,
    /// Why.
    pub reason: String,
}

impl Store {
    /// Searches for tools.
    pub fn search(&self, query: &Query, filter: &Filter, limit: usize) -> Result<Found> {
        let servers = match &filter.server {
            Some(name) => Some(self.named(name)?),
            None => None,
        };
        if let Some(servers) = &servers
            && query.is_empty()
            && filter.facets().is_empty()
        {
            return self.all_of(servers, limit);
        }
        let facets = filter.facets();
        let Some(everywhere) = query.expression(&facets, Scope::Everywhere) else {
            return Err(Error::new("there is nothing to search for")
                .help("name words: mcpclass search delete repository")
                .help("or properties: mcpclass search --category Destructive --risk critical"));
        };
        let all = Asked {
            expression: everywhere,
            servers,
        };
        let matches = self.matching(&all, RANKED + 1)?;
        let more = matches.len() > RANKED;
        let names = query.expression(&facets, Scope::Names);
        let names = names.filter(|_| more && !query.is_empty()).map(|expression| Asked {
            expression,
            servers: all.servers.clone(),
        });
        let (best, matches) = match names {
            // A phrase costs a way through the lists of all its words, and most are in no name.
            Some(names) if self.all_in_names(query)? => self.best_by_names(&names, &all, &matches, limit)?,
            _ => (self.best(&all, &matches, limit)?, matches.len()),
        };
        Ok(Found {
            hits: self.hits(&best)?,
            matches: matches.min(RANKED),
            more,
        })
    }

    /// Whether each word of each phrase is in any name.
    fn all_in_names(&self, query: &Query) -> Result<bool> {
        for expression in query.words_of_phrases() {
            let servers = None;
            if self.matching(&Asked { expression, servers }, 1)?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The best of many, and how many matched: first those whose names match. Where they are enough, nothing else is put
    /// in order.
    fn best_by_names(&self, names: &Asked, all: &Asked, matches: &[i64], limit: usize) -> Result<(Vec<i64>, usize)> {
        let in_names = self.matching(names, RANKED + 1)?;
        let others = || self.best(all, matches, limit);
        if in_names.is_empty() {
            return Ok((others()?, matches.len()));
        }
        let mut best = self.best(names, &in_names, limit)?;
        if in_names.len() >= limit {
            return Ok((best, in_names.len()));
        }
        best.extend(others()?.into_iter().filter(|tool| !in_names.contains(tool)));
        best.truncate(limit);
        Ok((best, matches.len()))
    }

    /// Tools that match, in their own order, up to a number.
    fn matching(&self, asked: &Asked, limit: usize) -> Result<Vec<i64>> {
        let sql = format!(
            "SELECT rowid FROM words WHERE words MATCH ?1 {} LIMIT ?2",
            within(asked.servers.as_deref())
        );
        self.numbers(&sql, params![asked.expression, limit as i64])
    }

    /// The best of those that matched, or of the first of them.
    fn best(&self, asked: &Asked, matches: &[i64], limit: usize) -> Result<Vec<i64>> {
        let last = matches.get(RANKED).copied().unwrap_or(i64::MAX);
        let sql = format!(
            "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid < ?2 {} \
             ORDER BY bm25(words, 8.0, 4.0, 2.0, 1.0, 0.0), rowid LIMIT ?3",
            within(asked.servers.as_deref())
        );
        self.numbers(&sql, params![asked.expression, last, limit as i64])
    }

    fn all_of(&self, servers: &[i64], limit: usize) -> Result<Found> {
        let sql = format!(
            "SELECT id FROM tools WHERE id >> {POSITION_BITS} IN ({}) AND id >= ?1 AND id < ?2 ORDER BY risk DESC, id LIMIT ?3",
            list(servers)
        );
        let (first, last) = (servers.iter().min(), servers.iter().max());
        let range = |id: Option<&i64>, plus: i64| id.map_or(0, |id| (id + plus) << POSITION_BITS);
        let all = self.numbers(&sql, params![range(first, 0), range(last, 1), i64::MAX])?;
        Ok(Found {
            matches: all.len(),
            hits: self.hits(&all[..limit.min(all.len())])?,
            more: false,
        })
    }

    fn numbers(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<Vec<i64>> {
        let fail = |error: rusqlite::Error| self.explain(&error);
        let mut statement = self.connection.prepare_cached(sql).map_err(fail)?;
        let rows = statement.query_map(parameters, |row| row.get(0)).map_err(fail)?;
        rows.collect::<rusqlite::Result<_>>().map_err(fail)
    }

    /// The tools of these numbers. Of their servers, only what is shown is read.
    fn hits(&self, numbers: &[i64]) -> Result<Vec<Hit>> {
        let split = |number: &i64| (number >> POSITION_BITS, (number & ((1 << POSITION_BITS) - 1)) as usize);
        let mut of_server: BTreeMap<i64, BTreeSet<usize>> = BTreeMap::new();
        for (server, position) in numbers.iter().map(split) {
            of_server.entry(server).or_default().insert(position);
        }
        let mut found = HashMap::with_capacity(numbers.len());
        for (server, positions) in of_server {
            let (about, assessments) = self.some(server, &positions)?;
            for (position, assessment) in assessments {
                let hit = Hit {
                    server: about.name.clone(),
                    origin: about.origin.clone(),
                    assessment,
                };
                found.insert((server, position), hit);
            }
        }
        Ok(numbers
            .iter()
            .filter_map(|number| found.remove(&split(number)))
            .collect())
    }

    /// The records of the servers that a name means.
    pub fn find(&self, name: &str) -> Result<Vec<Record>> {
        self.named(name)?
            .into_iter()
            .map(|server| self.record(server))
            .collect()
    }

    /// The servers that a name means: those called so, or come from there, or else have it in their name.
    fn named(&self, name: &str) -> Result<Vec<i64>> {
        let exact = "SELECT id FROM servers WHERE name = ?1 OR origin = ?1 OR place = ?1 ORDER BY name, origin, id";
        let found = self.numbers(exact, [name])?;
        if !found.is_empty() {
            return Ok(found);
        }
        let part = "SELECT id FROM servers WHERE instr(lower(name), lower(?1)) > 0 OR instr(lower(place), lower(?1)) > 0 \
                    ORDER BY length(name), name, origin, id LIMIT 200";
        let found = self.numbers(part, [name])?;
        if !found.is_empty() {
            return Ok(found);
        }
        let fail = |error: rusqlite::Error| self.explain(&error);
        let mut statement = self.connection.prepare("SELECT name FROM servers").map_err(fail)?;
        let names = statement.query_map([], |row| row.get(0)).map_err(fail)?;
        let names: Vec<String> = names.collect::<rusqlite::Result<_>>().map_err(fail)?;
        let error = Error::nothing(format!("no server of the catalogue is called {name:?}"));
        Err(match suggest::nearest(name, names.iter().map(String::as_str)) {
            Some(near) => error.help(format!("did you mean {near:?}?")),
            None => error.help("search for it: mcpclass search WORD"),
        })
    }

    /// Counts.
    pub fn stats(&self, top: usize) -> Result<Stats> {
        let fail = |error: rusqlite::Error| self.explain(&error);
        let mut statement = self
            .connection
            .prepare("SELECT kind, key, n FROM counts")
            .map_err(fail)?;
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .map_err(fail)?;
        let counts: Vec<(String, String, i64)> = rows.collect::<rusqlite::Result<_>>().map_err(fail)?;
        let count = |kind: &str, key: &str| {
            counts
                .iter()
                .find(|(k, name, _)| k == kind && name == key)
                .map_or(0, |(_, _, n)| *n)
        };
        let counted = |kind: &str, names: Vec<&str>| {
            let count = |key: &str| Count {
                key: key.to_owned(),
                tools: count(kind, key),
            };
            names.into_iter().map(count).collect::<Vec<_>>()
        };
        let mut signals: Vec<Count> = counts
            .iter()
            .filter(|(kind, _, n)| kind == "signal" && *n > 0)
            .map(|(_, key, n)| Count {
                key: key.clone(),
                tools: *n,
            })
            .collect();
        signals.sort_by(|a, b| b.tools.cmp(&a.tools).then_with(|| a.key.cmp(&b.key)));
        let categories = [
            Category::Read,
            Category::Write,
            Category::Destructive,
            Category::Execute,
        ];
        Ok(Stats {
            servers: count("servers", ""),
            tools: count("tools", ""),
            category: counted("category", categories.map(Category::name).to_vec()),
            risk: counted("risk", Risk::ALL.iter().map(|risk| risk.name()).collect()),
            signals,
            conflicts: count("conflict", ""),
            riskiest: self.top("critical", top)?,
            most_conflicts: self.top("conflicts", top)?,
            failures: self
                .numbers("SELECT count(*) FROM failures", [])?
                .first()
                .copied()
                .unwrap_or(0),
        })
    }

    /// The servers with the most of something, which is a column.
    fn top(&self, column: &'static str, limit: usize) -> Result<Vec<ServerCount>> {
        let fail = |error: rusqlite::Error| self.explain(&error);
        let sql = format!(
            "SELECT name, origin, tools, critical, conflicts FROM servers WHERE {column} > 0 \
             ORDER BY {column} DESC, name, origin LIMIT ?"
        );
        let mut statement = self.connection.prepare_cached(&sql).map_err(fail)?;
        let rows = statement.query_map([limit as i64], |row| {
            Ok(ServerCount {
                server: row.get(0)?,
                origin: row.get(1)?,
                tools: row.get(2)?,
                critical: row.get(3)?,
                conflicts: row.get(4)?,
            })
        });
        rows.and_then(Iterator::collect).map_err(fail)
    }

    /// Changes from a time on, the newest first.
    pub fn changes(&self, since: Timestamp, limit: usize) -> Result<Vec<ServerChange>> {
        let fail = |error: rusqlite::Error| self.explain(&error);
        let sql = "SELECT at, tool, was, became, digest, by_rules, name FROM changes JOIN servers ON servers.id = server \
                   WHERE at >= ? ORDER BY at DESC, name, changes.id LIMIT ?";
        let mut statement = self.connection.prepare_cached(sql).map_err(fail)?;
        let limit = Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = statement.query_map(params![since.as_second(), limit], |row| {
            Ok(ServerChange {
                server: row.get(6)?,
                change: change(row)?,
            })
        });
        rows.and_then(Iterator::collect).map_err(fail)
    }

    /// Sources that could not be read.
    pub fn failures(&self) -> Result<Vec<FailureRow>> {
        let fail = |error: rusqlite::Error| self.explain(&error);
        let sql = "SELECT source, at, reason FROM failures ORDER BY source";
        let mut statement = self.connection.prepare_cached(sql).map_err(fail)?;
        let rows = statement.query_map([], |row| {
            Ok(FailureRow {
                source: row.get(0)?,
                at: Timestamp::from_second(row.get(1)?)
                    .unwrap_or(Timestamp::UNIX_EPOCH)
                    .to_string(),
                reason: row.get(2)?,
            })
        });
        rows.and_then(Iterator::collect).map_err(fail)
    }
}

impl Filter {
    /// The properties as words of the index.
    fn facets(&self) -> Vec<String> {
        let mut facets = Vec::new();
        facets.extend(self.category.map(|category| facet("c", category.name())));
        facets.extend(self.risk.map(|risk| facet("r", risk.name())));
        facets.extend(self.signals.iter().map(|signal| facet("s", signal)));
        if self.conflict {
            facets.push("xconflict".to_owned());
        }
        facets
    }
}

/// The condition that a tool is of one of these servers.
fn within(servers: Option<&[i64]>) -> String {
    match servers {
        None => String::new(),
        Some([one]) => format!(
            "AND rowid >= {} AND rowid < {}",
            one << POSITION_BITS,
            (one + 1) << POSITION_BITS
        ),
        Some(several) => format!("AND rowid >> {POSITION_BITS} IN ({})", list(several)),
    }
}

fn list(numbers: &[i64]) -> String {
    numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
}

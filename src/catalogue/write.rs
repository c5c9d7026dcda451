//! Writing: one thread at a time puts entries into the tables, in transactions that end whole or not at all. Knows
//! what it has, so that nothing is written twice; notes what changed.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::params;
use rustc_hash::FxHashMap;

use super::entry::{self, Entry, Short};
use super::packed;
use super::record::Change;
use super::schema::POSITION_BITS;
use super::store::{Store, first};
use crate::error::{Error, Result};
use crate::label::{Category, Risk};
use crate::manifest::Manifest;

/// Tools in a transaction, and how long one may stay open: little is lost when the process is killed.
const TOOLS_AT_ONCE: usize = 50_000;
const OPEN_FOR: Duration = Duration::from_secs(2);

/// What became of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// The server was not known.
    New,
    /// It was known and says something else, or the rule book does.
    Changed(Vec<Change>),
    /// Nothing changed.
    Unchanged,
}

/// The servers that a catalogue knows, by the bytes they were read from. Shared with the threads that read.
#[derive(Debug, Default)]
pub struct Known(HashMap<Short, Seen>);

/// A server that was written before, or in this run.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// Stands for its name and place.
    key: u64,
}

impl Known {
    /// Whether a server was read from these bytes and judged by the same rule book.
    pub fn has(&self, source: &Short) -> bool {
        self.0.contains_key(source)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Puts entries into a catalogue.
#[derive(Debug)]
pub struct Writer {
    store: Store,
    rulebook: i64,
    now: Timestamp,
    next: i64,
    /// Of this run, how often a name and place was met.
    met: FxHashMap<u64, u32>,
    /// Sources written in this run.
    written: HashSet<Short>,
    counts: FxHashMap<(&'static str, String), i64>,
    pending: usize,
    opened: Option<Instant>,
    run: Option<i64>,
}

impl Writer {
    /// A writer whose entries were judged by the rule book of this digest, at this time.
    pub fn new(store: Store, rules: &str, now: Timestamp) -> Result<Self> {
        let fail = |error: rusqlite::Error| store.explain(&error);
        let connection = &store.connection;
        let insert = "INSERT INTO rulebooks (digest) VALUES (?) ON CONFLICT DO NOTHING";
        connection.execute(insert, [rules]).map_err(fail)?;
        let sql = "SELECT id FROM rulebooks WHERE digest = ?";
        let rulebook = connection.query_row(sql, [rules], |row| row.get(0)).map_err(fail)?;
        let sql = "SELECT coalesce(max(id), 0) + 1 FROM servers";
        let next = connection.query_row(sql, [], |row| row.get(0)).map_err(fail)?;
        Ok(Self {
            rulebook,
            next,
            store,
            now,
            met: FxHashMap::default(),
            written: HashSet::new(),
            counts: FxHashMap::default(),
            pending: 0,
            opened: None,
            run: None,
        })
    }

    /// The servers that need no second look.
    pub fn known(&self) -> Result<Known> {
        let fail = |error: rusqlite::Error| self.store.explain(&error);
        let sql = "SELECT source, name, place FROM servers WHERE rulebook = ?";
        let mut statement = self.store.connection.prepare(sql).map_err(fail)?;
        let rows = statement
            .query_map([self.rulebook], |row| {
                let key = key(row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?);
                Ok((row.get::<_, Short>(0)?, Seen { key }))
            })
            .map_err(fail)?;
        Ok(Known(rows.collect::<rusqlite::Result<_>>().map_err(fail)?))
    }

    /// The catalogue, to read from it between writes.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Ends writing and gives the catalogue back.
    pub fn finish(mut self) -> Result<Store> {
        self.commit()?;
        Ok(self.store)
    }

    /// Passes over a server that [`Known::has`].
    pub fn pass(&mut self, source: Short, known: &Known) {
        if let Some(seen) = known.0.get(&source)
            && self.written.insert(source)
        {
            *self.met.entry(seen.key).or_insert(0) += 1;
        }
    }

    /// Writes an entry.
    pub fn put(&mut self, entry: Entry) -> Result<Written> {
        if self.written.contains(&entry.source) {
            return Ok(Written::Unchanged);
        }
        self.open()?;
        self.put_row(entry).map_err(|e| self.give_up(e))
    }

    fn put_row(&mut self, entry: Entry) -> std::result::Result<Written, Failed> {
        let nth = self.met.entry(key(&entry.name, &entry.place)).or_insert(0);
        *nth += 1;
        let sql = "SELECT id, content, rulebook FROM servers WHERE name = ? AND place = ? AND nth = ?";
        let key = params![entry.name, entry.place, *nth];
        let before = first(&self.store.connection, sql, key, |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Short>(1)?, row.get::<_, i64>(2)?))
        })?;
        let nth = *nth;
        let Some((id, content, rulebook)) = before else {
            let id = self.next;
            self.next += 1;
            self.insert(id, nth, entry)?;
            return Ok(Written::New);
        };
        if content == entry.content && rulebook == self.rulebook {
            let sql = "UPDATE servers SET source = ? WHERE id = ?";
            self.store
                .connection
                .prepare_cached(sql)?
                .execute(params![entry.source, id])?;
            self.written.insert(entry.source);
            return Ok(Written::Unchanged);
        }
        let changes = self.changes(id, &entry, content == entry.content)?;
        self.remove(id)?;
        self.insert(id, nth, entry)?;
        self.note_changes(id, &changes)?;
        Ok(Written::Changed(changes))
    }

    fn note_changes(&self, id: i64, changes: &[Change]) -> std::result::Result<(), Failed> {
        for change in changes {
            let sql =
                "INSERT INTO changes (at, server, tool, was, became, digest, by_rules) VALUES (?, ?, ?, ?, ?, ?, ?)";
            self.store.connection.prepare_cached(sql)?.execute(params![
                change.at.as_second(),
                id,
                change.tool,
                change.was.map(entry::label_to_number),
                change.is.map(entry::label_to_number),
                change.digest,
                change.by_rules
            ])?;
        }
        Ok(())
    }

    /// What is different from what is stored. `same` says that the server itself did not change.
    fn changes(&self, id: i64, entry: &Entry, same: bool) -> std::result::Result<Vec<Change>, Failed> {
        let sql = "SELECT assessments FROM listings WHERE server = ?";
        let blob = self
            .store
            .connection
            .query_row(sql, [id], |row| row.get::<_, Vec<u8>>(0))?;
        let old = packed::assessments(&blob)?;
        let mut by_name: HashMap<&str, Vec<_>> = HashMap::new();
        for assessment in old.iter().rev() {
            by_name.entry(&assessment.name).or_default().push(assessment);
        }
        let mut changes = Vec::new();
        let mut note = |tool: &str, was, is, digest: &str, by_rules| {
            changes.push(Change {
                at: self.now,
                tool: tool.to_owned(),
                was,
                is,
                digest: digest.to_owned(),
                by_rules,
            });
        };
        for row in &entry.rows {
            match by_name.get_mut(row.name.as_str()).and_then(Vec::pop) {
                None => note(&row.name, None, Some(row.label), &row.digest, false),
                Some(old) if old.digest != row.digest || old.label() != row.label => {
                    let by_rules = same || old.digest == row.digest;
                    note(&row.name, Some(old.label()), Some(row.label), &row.digest, by_rules);
                }
                Some(_) => {}
            }
        }
        for old in &old {
            if by_name.get_mut(old.name.as_str()).and_then(Vec::pop).is_some() {
                note(&old.name, Some(old.label()), None, &old.digest, false);
            }
        }
        Ok(changes)
    }

    fn insert(&mut self, id: i64, nth: u32, entry: Entry) -> std::result::Result<(), Failed> {
        if entry.rows.len() >> POSITION_BITS > 0 {
            return Err(Failed::TooMany(entry.name));
        }
        let connection = &self.store.connection;
        let of_risk = |risk: Risk| entry.rows.iter().filter(|row| row.label.risk == risk).count() as i64;
        let conflicts = entry.rows.iter().filter(|row| row.conflicts > 0).count() as i64;
        connection
            .prepare_cached(
                "INSERT INTO servers (id, name, place, nth, origin, version, transport, read_at, source, content, \
                 rulebook, tools, low, medium, critical, conflicts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                id,
                entry.name,
                entry.place,
                nth,
                entry.origin,
                entry.version,
                entry.transport,
                self.now.as_second(),
                entry.source,
                entry.content,
                self.rulebook,
                entry.rows.len() as i64,
                of_risk(Risk::Low),
                of_risk(Risk::Medium),
                of_risk(Risk::Critical),
                conflicts
            ])?;
        connection
            .prepare_cached("INSERT INTO listings VALUES (?, ?, ?, ?)")?
            .execute(params![
                id,
                entry.packed.head,
                entry.packed.definitions,
                entry.packed.assessments
            ])?;
        let mut tool = connection.prepare_cached("INSERT INTO tools VALUES (?, ?, ?, ?, ?, ?, ?, ?)")?;
        let mut words = connection.prepare_cached(
            "INSERT INTO words (rowid, tool, server, description, rationale, facets) VALUES (?, ?, ?, ?, ?, ?)",
        )?;
        let server = entry::spaced(&entry.name);
        for (position, row) in entry.rows.iter().enumerate() {
            let number = id << POSITION_BITS | position as i64;
            tool.execute(params![
                number,
                row.name,
                row.label.category as i64,
                row.label.risk as i64,
                row.decision as i64,
                row.confidence,
                row.conflicts as i64,
                row.signals
            ])?;
            let text = &row.words;
            words.execute(params![
                number,
                text.tool,
                server,
                text.description,
                text.rationale,
                text.facets
            ])?;
        }
        drop((tool, words));
        self.pending += entry.rows.len() + 1;
        self.written.insert(entry.source);
        self.count("servers", "", 1);
        for row in &entry.rows {
            self.count_tool(row.label.category, row.label.risk, row.conflicts > 0, &row.signals, 1);
        }
        Ok(())
    }

    /// Takes a server out of every table but the history.
    fn remove(&mut self, id: i64) -> std::result::Result<(), Failed> {
        let range = params![id << POSITION_BITS, (id + 1) << POSITION_BITS];
        let connection = &self.store.connection;
        let tools: Vec<(i64, i64, i64, i64, String)> = connection
            .prepare_cached("SELECT id, category, risk, conflicts, signals FROM tools WHERE id >= ? AND id < ?")?
            .query_map(range, |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
            })?
            .collect::<rusqlite::Result<_>>()?;
        for (number, ..) in &tools {
            connection
                .prepare_cached("DELETE FROM words WHERE rowid = ?")?
                .execute([number])?;
        }
        connection
            .prepare_cached("DELETE FROM tools WHERE id >= ? AND id < ?")?
            .execute(range)?;
        connection
            .prepare_cached("DELETE FROM listings WHERE server = ?")?
            .execute([id])?;
        connection
            .prepare_cached("DELETE FROM servers WHERE id = ?")?
            .execute([id])?;
        self.count("servers", "", -1);
        for (_, category, risk, conflicts, signals) in tools {
            let category = Category::ALL.get(category as usize).copied().unwrap_or(Category::Read);
            let risk = Risk::ALL.get(risk as usize).copied().unwrap_or(Risk::Low);
            self.count_tool(category, risk, conflicts > 0, &signals, -1);
        }
        Ok(())
    }

    fn count_tool(&mut self, category: Category, risk: Risk, conflict: bool, signals: &str, by: i64) {
        self.count("tools", "", by);
        self.count("category", category.name(), by);
        self.count("risk", risk.name(), by);
        if conflict {
            self.count("conflict", "", by);
        }
        for signal in signals.split(' ').filter(|signal| !signal.is_empty()) {
            self.count("signal", signal, by);
        }
    }

    fn count(&mut self, kind: &'static str, key: &str, by: i64) {
        *self.counts.entry((kind, key.to_owned())).or_insert(0) += by;
    }

    /// Servers whose judgement is another rule book's.
    pub fn outdated(&self) -> Result<Vec<i64>> {
        let fail = |error: rusqlite::Error| self.store.explain(&error);
        let sql = "SELECT id FROM servers WHERE rulebook <> ? ORDER BY id";
        let mut statement = self.store.connection.prepare(sql).map_err(fail)?;
        let rows = statement.query_map([self.rulebook], |row| row.get(0));
        rows.and_then(Iterator::collect).map_err(fail)
    }

    /// What a server said, and the digest of the bytes it was read from.
    pub fn stored(&self, id: i64) -> Result<(Short, Manifest)> {
        let sql = "SELECT source, head, definitions FROM servers JOIN listings ON server = id WHERE id = ?";
        let row = first(&self.store.connection, sql, [id], |row| {
            Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Vec<u8>>(2)?))
        });
        let row = row.map_err(|e| self.store.explain(&e))?;
        let (source, head, definitions) = row.ok_or_else(|| Error::new("a server vanished from the catalogue"))?;
        let manifest = packed::manifest(&head, &definitions).map_err(|e| self.store.broken(&e))?;
        Ok((source, manifest))
    }

    /// Writes another judgement of a stored server, and says what it changes.
    pub fn rejudge(&mut self, id: i64, entry: Entry) -> Result<Vec<Change>> {
        self.open()?;
        self.rejudge_row(id, entry).map_err(|e| self.give_up(e))
    }

    fn rejudge_row(&mut self, id: i64, entry: Entry) -> std::result::Result<Vec<Change>, Failed> {
        let sql = "SELECT nth, read_at FROM servers WHERE id = ?";
        let known = self
            .store
            .connection
            .prepare_cached(sql)?
            .query_row([id], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, Option<i64>>(1)?)));
        let (nth, read_at) = known?;
        let changes = self.changes(id, &entry, true)?;
        self.remove(id)?;
        self.insert(id, nth, entry)?;
        let sql = "UPDATE servers SET read_at = ? WHERE id = ?";
        self.store
            .connection
            .prepare_cached(sql)?
            .execute(params![read_at, id])?;
        self.note_changes(id, &changes)?;
        Ok(changes)
    }

    /// Notes a source that could not be read.
    pub fn failed(&mut self, source: &str, reason: &str) -> Result<()> {
        self.open()?;
        let sql = "INSERT INTO failures VALUES (?, ?, ?) \
                   ON CONFLICT DO UPDATE SET at = excluded.at, reason = excluded.reason";
        let done = self
            .store
            .connection
            .execute(sql, params![source, self.now.as_second(), reason]);
        self.pending += 1;
        done.map(drop).map_err(|e| self.give_up(e.into()))
    }

    /// Forgets that a source, or a line of it, failed.
    pub fn recovered(&mut self, source: &str) -> Result<()> {
        self.open()?;
        let sql = "DELETE FROM failures WHERE source = ?1 OR (source > ?1 || ':' AND source < ?1 || ';')";
        let done = self
            .store
            .connection
            .prepare_cached(sql)
            .and_then(|mut s| s.execute([source]));
        done.map(drop).map_err(|e| self.give_up(e.into()))
    }

    /// Begins a run over live targets, or goes on with the last one of the same arguments that did not end. Returns
    /// the targets that are done.
    pub fn begin_run(&mut self, what: &str, resume: bool) -> Result<Vec<String>> {
        self.commit()?;
        let fail = |error: rusqlite::Error| self.store.explain(&error);
        let connection = &self.store.connection;
        if !resume {
            let sql = "DELETE FROM visits WHERE run IN (SELECT id FROM runs WHERE what = ?1)";
            connection.execute(sql, [what]).map_err(fail)?;
            connection
                .execute("DELETE FROM runs WHERE what = ?1", [what])
                .map_err(fail)?;
        }
        let sql = "SELECT max(id) FROM runs WHERE what = ?";
        let known: Option<i64> = connection.query_row(sql, [what], |row| row.get(0)).map_err(fail)?;
        let run = if let Some(run) = known {
            run
        } else {
            let sql = "INSERT INTO runs (what, started) VALUES (?, ?)";
            connection
                .execute(sql, params![what, self.now.as_second()])
                .map_err(fail)?;
            connection.last_insert_rowid()
        };
        let mut statement = connection
            .prepare("SELECT target FROM visits WHERE run = ?")
            .map_err(fail)?;
        let rows = statement.query_map([run], |row| row.get(0)).map_err(fail)?;
        let done = rows.collect::<rusqlite::Result<_>>().map_err(fail)?;
        drop(statement);
        self.run = Some(run);
        Ok(done)
    }

    /// Notes, in the same transaction as what came of it, that a target of the run is done.
    pub fn visited(&mut self, target: &str) -> Result<()> {
        let Some(run) = self.run else { return Ok(()) };
        self.open()?;
        let sql = "INSERT INTO visits VALUES (?, ?) ON CONFLICT DO NOTHING";
        let done = self
            .store
            .connection
            .prepare_cached(sql)
            .and_then(|mut s| s.execute(params![run, target]));
        self.pending += 1;
        done.map(drop).map_err(|e| self.give_up(e.into()))
    }

    /// Ends the run: nothing of it is left to resume.
    pub fn end_run(&mut self) -> Result<()> {
        let Some(run) = self.run.take() else { return Ok(()) };
        self.open()?;
        let both = [
            ("DELETE FROM visits WHERE run = ?", run),
            ("DELETE FROM runs WHERE id = ?", run),
        ];
        for (sql, run) in both {
            let done = self.store.connection.execute(sql, [run]);
            done.map_err(|e| self.give_up(e.into()))?;
        }
        self.commit()
    }

    /// The time up to which a registry was read.
    pub fn registry_seen(&self, url: &str) -> Result<Option<String>> {
        let sql = "SELECT updated_since FROM registries WHERE url = ?";
        first(&self.store.connection, sql, [url], |row| row.get(0)).map_err(|e| self.store.explain(&e))
    }

    /// Notes the time up to which a registry was read.
    pub fn saw_registry(&mut self, url: &str, until: &str) -> Result<()> {
        self.open()?;
        let sql =
            "INSERT INTO registries VALUES (?, ?) ON CONFLICT DO UPDATE SET updated_since = excluded.updated_since";
        let done = self.store.connection.execute(sql, [url, until]);
        done.map(drop).map_err(|e| self.give_up(e.into()))
    }

    /// Commits if enough came together or enough time went by. Call it now and then.
    pub fn breathe(&mut self) -> Result<()> {
        let old = self.opened.is_some_and(|opened| opened.elapsed() >= OPEN_FOR);
        if self.pending >= TOOLS_AT_ONCE || old {
            self.commit()?;
        }
        Ok(())
    }

    /// Commits what was written.
    pub fn commit(&mut self) -> Result<()> {
        if self.opened.is_none() {
            return Ok(());
        }
        self.write_counts()
            .and_then(|()| self.store.connection.execute_batch("COMMIT").map_err(Failed::from))
            .map_err(|e| self.give_up(e))?;
        self.opened = None;
        self.pending = 0;
        Ok(())
    }

    fn write_counts(&mut self) -> std::result::Result<(), Failed> {
        let sql = "INSERT INTO counts VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n";
        let mut statement = self.store.connection.prepare_cached(sql)?;
        let mut counts: Vec<_> = self.counts.drain().collect();
        counts.sort_unstable();
        for ((kind, key), by) in counts {
            statement.execute(params![kind, key, by])?;
        }
        Ok(())
    }

    fn open(&mut self) -> Result<()> {
        if self.opened.is_none() {
            let begun = self.store.connection.execute_batch("BEGIN IMMEDIATE");
            begun.map_err(|e| self.store.explain(&e))?;
            self.opened = Some(Instant::now());
        }
        Ok(())
    }

    /// After a failure nothing of the open transaction counts.
    fn give_up(&mut self, failed: Failed) -> Error {
        // It may have been rolled back already.
        let _ = self.store.connection.execute_batch("ROLLBACK");
        self.opened = None;
        self.counts.clear();
        match failed {
            Failed::Database(error) => self.store.explain(&error),
            Failed::Blob(error) => self.store.broken(&error),
            Failed::TooMany(name) => Error::new(format!("{name:?} has more tools than a catalogue can number")),
        }
    }
}

/// Stands for a name and a place while the program runs.
fn key(name: &str, place: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (name, place).hash(&mut hasher);
    hasher.finish()
}

/// Why an entry could not be written.
enum Failed {
    Database(rusqlite::Error),
    Blob(std::io::Error),
    TooMany(String),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<std::io::Error> for Failed {
    fn from(error: std::io::Error) -> Self {
        Self::Blob(error)
    }
}

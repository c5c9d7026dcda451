//! The tables of a catalogue and how an older file becomes a newer one. What is asked about stands in columns; a
//! server's definitions and assessments are read whole and stand in compressed blobs.

use rusqlite::Connection;

/// Marks a database file as a catalogue: "mcpc" in ASCII.
pub(super) const APPLICATION: i32 = 0x6d63_7063;

/// Each step leads from the version that is its index to the next one. Steps are only ever added.
const STEPS: &[&str] = &[FIRST];

/// The version that this program writes.
pub(super) const VERSION: usize = STEPS.len();

/// A tool's row is numbered by its server and its position, so that a server's tools are one range of every table.
pub(super) const POSITION_BITS: u32 = 20;

const FIRST: &str = "
CREATE TABLE rulebooks (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE);
CREATE TABLE servers (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  place TEXT NOT NULL,            -- the origin without a version: with the name, which server this is
  nth INTEGER NOT NULL,           -- told apart from others of that name and place in one source
  origin TEXT NOT NULL,
  version TEXT,
  transport TEXT NOT NULL,
  read_at INTEGER,                -- seconds since 1970
  source BLOB NOT NULL,           -- digest of the bytes it was read from
  content BLOB NOT NULL,          -- digest of what it says
  rulebook INTEGER NOT NULL REFERENCES rulebooks,
  tools INTEGER NOT NULL,
  low INTEGER NOT NULL, medium INTEGER NOT NULL, critical INTEGER NOT NULL,
  conflicts INTEGER NOT NULL,
  UNIQUE (name, place, nth)
);
CREATE TABLE listings (
  server INTEGER PRIMARY KEY REFERENCES servers,
  head BLOB NOT NULL,             -- JSON: the server and its problems
  definitions BLOB NOT NULL,      -- zstd of a JSON array
  assessments BLOB NOT NULL       -- zstd of a JSON array: labels, evidence, rationales, policies
);
CREATE TABLE tools (
  id INTEGER PRIMARY KEY,         -- server << 20 | position
  name TEXT NOT NULL,
  category INTEGER NOT NULL,
  risk INTEGER NOT NULL,
  decision INTEGER NOT NULL,
  confidence INTEGER NOT NULL,    -- thousandths
  conflicts INTEGER NOT NULL,
  signals TEXT NOT NULL           -- ids, a space between them
);
CREATE TABLE changes (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  server INTEGER NOT NULL REFERENCES servers,
  tool TEXT NOT NULL,
  was INTEGER, became INTEGER,    -- category * 4 + risk; NULL where the tool was not there
  digest TEXT NOT NULL,
  by_rules INTEGER NOT NULL
);
CREATE INDEX changes_by_server ON changes (server);
CREATE INDEX changes_by_time ON changes (at);
CREATE TABLE failures (source TEXT PRIMARY KEY, at INTEGER NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE counts (kind TEXT NOT NULL, key TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE runs (id INTEGER PRIMARY KEY, what TEXT NOT NULL, started INTEGER NOT NULL);
CREATE TABLE visits (run INTEGER NOT NULL, target TEXT NOT NULL, PRIMARY KEY (run, target)) WITHOUT ROWID;
CREATE TABLE registries (url TEXT PRIMARY KEY, updated_since TEXT NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5 (
  tool, server, description, rationale, facets,
  content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2'
);
-- Posting lists are merged when they are many, and no sooner: an index is mostly written at once.
INSERT INTO words (words, rank) VALUES ('automerge', 8), ('hashsize', 33554432);
";

/// Brings a file to the version of this program, each step whole or not at all.
pub(super) fn migrate(connection: &mut Connection, from: usize) -> rusqlite::Result<()> {
    for (step, sql) in STEPS.iter().enumerate().skip(from) {
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", step as i64 + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

//! A catalogue on disk: opening, creating, locking, and reading records. Errors of the database become errors for a
//! person here: whose fault it is, what is safe, and the way out.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _};

use super::entry;
use super::packed;
use super::record::{Change, Record, Shelf};
use super::schema;
use crate::assessment::Assessment;
use crate::error::{Error, Result};
use crate::manifest::Server;

/// The database's name in the folder of the catalogue.
pub const FILE: &str = "catalogue.db";
/// Held by whoever writes.
const LOCK: &str = "catalogue.lock";
/// How long to wait for a moment in which another process holds the database.
const PATIENCE: Duration = Duration::from_secs(30);

/// An open catalogue.
#[derive(Debug)]
pub struct Store {
    pub(super) connection: Connection,
    path: PathBuf,
    /// Released when the store is dropped, or its process ends however it ends.
    _lock: Option<File>,
}

impl Store {
    /// Opens a catalogue for reading; `None` where there is none.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let fail = |error| explain(&error, &path);
        let mut connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .or_else(|_| Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY))
            .map_err(fail)?;
        prepare(&mut connection, &path)?;
        connection.pragma_update(None, "query_only", true).map_err(fail)?;
        Ok(Some(Self {
            connection,
            path,
            _lock: None,
        }))
    }

    /// Opens a catalogue for writing, and makes it where there is none. While another process writes, calls `waiting`
    /// and waits.
    pub fn write(folder: &Path, waiting: impl FnOnce()) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|e| Error::io("cannot make the folder", folder, &e))?;
        let lock_path = folder.join(LOCK);
        let fail = |error: std::io::Error| Error::io("cannot lock", &lock_path, &error);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(fail)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                waiting();
                lock.lock().map_err(fail)?;
            }
            Err(TryLockError::Error(error)) => return Err(fail(error)),
        }
        let path = folder.join(FILE);
        let mut connection = Connection::open(&path).map_err(|e| explain(&e, &path))?;
        prepare(&mut connection, &path)?;
        Ok(Self {
            connection,
            path,
            _lock: Some(lock),
        })
    }

    /// An empty catalogue in memory.
    pub fn in_memory() -> Result<Self> {
        let path = PathBuf::from("memory");
        let mut connection = Connection::open_in_memory().map_err(|e| explain(&e, &path))?;
        prepare(&mut connection, &path)?;
        Ok(Self {
            connection,
            path,
            _lock: None,
        })
    }

    /// Where it stands.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// An error of the database, for a person.
    pub(super) fn explain(&self, error: &rusqlite::Error) -> Error {
        explain(error, &self.path)
    }

    /// What is wrong with a stored value that cannot be read.
    pub(super) fn broken(&self, error: &std::io::Error) -> Error {
        damaged(&self.path).fact("found", error.to_string())
    }

    /// The record of a server.
    pub(super) fn record(&self, server: i64) -> Result<Record> {
        let fail = |error: rusqlite::Error| self.explain(&error);
        let sql =
            "SELECT read_at, head, definitions, assessments FROM servers JOIN listings ON server = id WHERE id = ?";
        let mut statement = self.connection.prepare_cached(sql).map_err(fail)?;
        let (read_at, head, definitions, assessments) = statement
            .query_row([server], |row| {
                let blob = |index| row.get::<_, Vec<u8>>(index);
                Ok((row.get::<_, Option<i64>>(0)?, blob(1)?, blob(2)?, blob(3)?))
            })
            .map_err(fail)?;
        Ok(Record {
            assessed: packed::read(&head, &definitions, &assessments).map_err(|e| self.broken(&e))?,
            read_at: read_at.and_then(|seconds| Timestamp::from_second(seconds).ok()),
            history: self.history(server)?,
        })
    }

    /// A server, and its assessments at some positions.
    pub(super) fn some(&self, server: i64, positions: &BTreeSet<usize>) -> Result<(Server, Vec<(usize, Assessment)>)> {
        let fail = |error: rusqlite::Error| self.explain(&error);
        let sql = "SELECT head, assessments FROM listings WHERE server = ?";
        let mut statement = self.connection.prepare_cached(sql).map_err(fail)?;
        let blobs = statement.query_row([server], |row| Ok((row.get(0)?, row.get(1)?)));
        let (head, assessments): (Vec<u8>, Vec<u8>) = blobs.map_err(fail)?;
        packed::some(&head, &assessments, positions).map_err(|e| self.broken(&e))
    }

    fn history(&self, server: i64) -> Result<Vec<Change>> {
        let fail = |error: rusqlite::Error| self.explain(&error);
        let sql = "SELECT at, tool, was, became, digest, by_rules FROM changes WHERE server = ? ORDER BY at, id";
        let mut statement = self.connection.prepare_cached(sql).map_err(fail)?;
        let rows = statement.query_map([server], change).map_err(fail)?;
        rows.collect::<rusqlite::Result<_>>().map_err(fail)
    }

    /// Ids of the servers, sorted by name, then origin.
    pub(super) fn servers(&self) -> Result<Vec<i64>> {
        let fail = |error: rusqlite::Error| self.explain(&error);
        let sql = "SELECT id FROM servers ORDER BY name, origin, id";
        let mut statement = self.connection.prepare(sql).map_err(fail)?;
        let rows = statement.query_map([], |row| row.get(0)).map_err(fail)?;
        rows.collect::<rusqlite::Result<_>>().map_err(fail)
    }

    /// How many servers it holds.
    pub fn len(&self) -> Result<usize> {
        let count = self
            .connection
            .query_row("SELECT count(*) FROM servers", [], |row| row.get::<_, i64>(0));
        count.map(|n| n as usize).map_err(|e| self.explain(&e))
    }

    /// Forgets when listings were read: for records that nobody noted it of.
    pub(super) fn forget_times(&self) -> Result<()> {
        let done = self.connection.execute("UPDATE servers SET read_at = NULL", []);
        done.map(drop).map_err(|e| self.explain(&e))
    }

    /// Whether it holds no server.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }
}

/// A change as it is stored, from the columns at, tool, was, became, digest, `by_rules`.
pub(super) fn change(row: &rusqlite::Row<'_>) -> rusqlite::Result<Change> {
    let label = |index| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(index)?.and_then(entry::label_from_number));
    Ok(Change {
        at: Timestamp::from_second(row.get(0)?).unwrap_or(Timestamp::UNIX_EPOCH),
        tool: row.get(1)?,
        was: label(2)?,
        is: label(3)?,
        digest: row.get(4)?,
        by_rules: row.get(5)?,
    })
}

impl Shelf for Store {
    fn records(&self) -> Result<Box<dyn Iterator<Item = Result<Record>> + '_>> {
        let servers = self.servers()?;
        Ok(Box::new(servers.into_iter().map(|server| self.record(server))))
    }
}

/// Sets a connection up, after seeing that the file is a catalogue and no newer than this program.
fn prepare(connection: &mut Connection, path: &Path) -> Result<()> {
    let fail = |error| explain(&error, path);
    connection.busy_timeout(PATIENCE).map_err(fail)?;
    let number = |connection: &Connection, name: &str| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(fail)
    };
    let version = number(connection, "user_version")? as usize;
    let application = number(connection, "application_id")?;
    let fresh = version == 0 && number(connection, "page_count")? <= 1;
    if !fresh && application != i64::from(schema::APPLICATION) {
        return Err(
            Error::new(format!("{} is the database of another program", path.display()))
                .help("name another folder with --catalogue"),
        );
    }
    if version > schema::VERSION {
        return Err(Error::new(format!(
            "{} was written by a newer mcpclass (format {version}; this one knows {})",
            path.display(),
            schema::VERSION
        ))
        .help("update mcpclass, or name another folder with --catalogue"));
    }
    // Pages of 8 kB hold a listing of average size; the write-ahead log lets readers read while one writes.
    connection
        .execute_batch(
            "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
             PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000; \
             PRAGMA journal_size_limit = 67108864; PRAGMA mmap_size = 268435456;",
        )
        .map_err(fail)?;
    connection.set_prepared_statement_cache_capacity(64);
    schema::migrate(connection, version).map_err(fail)
}

fn explain(error: &rusqlite::Error, path: &Path) -> Error {
    let shown = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Error::new(format!("the disk is full: {shown}"))
            .help("make room and run it again: what was committed before is kept, and is not done twice"),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => damaged(path),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Error::new(format!("{shown} is in use by another process")).help("run it again when that one is done")
        }
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
            Error::new(format!("cannot open {shown}: {error}"))
                .help("its folder must exist and be yours to write, or name another: --catalogue DIR")
        }
        Some(ErrorCode::SystemIoFailure) => Error::new(format!("{shown}: reading or writing failed: {error}"))
            .help("look at the disk; what was committed before is kept"),
        _ => Error::new(format!("{shown}: {error}")),
    }
}

fn damaged(path: &Path) -> Error {
    Error::new(format!("{} is damaged, or is no catalogue", path.display()))
        .help("put a copy of it back, or move it away and run `mcpclass index` again")
}

/// The first row of a query, if any.
pub(super) fn first<T, P: rusqlite::Params>(
    connection: &Connection,
    sql: &str,
    parameters: P,
    read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    connection.prepare_cached(sql)?.query_row(parameters, read).optional()
}

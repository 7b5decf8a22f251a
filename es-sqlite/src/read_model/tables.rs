use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use es_core::StoreError;
use rusqlite::{Connection, TransactionBehavior};

use super::fence::now;
use crate::error::{Fault, before_commit};
use crate::file;

/// Each brings the library's own tables in a database of read models one version further; they are never changed, only added
/// to. The first finds the tables there in a database that is older than versions of them.
///
/// How far they are, a table says: the file's header is the log's, or the user's.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE IF NOT EXISTS es_projections (
        name TEXT NOT NULL,
        version INTEGER NOT NULL,
        partition INTEGER NOT NULL, -- 0: this database has one writer at a time, which partitions wouldn't speed up
        epoch INTEGER NOT NULL, -- raised by whoever takes over
        position INTEGER NOT NULL, -- every event of its at or below is in its data, or parked
        event_id BLOB CHECK (length(event_id) = 16), -- of the event at this position
        lease_until INTEGER NOT NULL, -- microseconds since 1970, by this machine's clock
        state TEXT NOT NULL CHECK (state IN ('building', 'active', 'retired')),
        mark INTEGER NOT NULL, -- up to here the version before it had its effects
        PRIMARY KEY (name, version, partition)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE IF NOT EXISTS es_parked (
        name TEXT NOT NULL,
        version INTEGER NOT NULL,
        position INTEGER NOT NULL,
        key TEXT NOT NULL,
        failure TEXT, -- why, for an event that failed; nothing for one that waits behind it
        parked_at INTEGER NOT NULL, -- microseconds since 1970
        replay INTEGER NOT NULL, -- whether an older version has taken it in
        PRIMARY KEY (name, version, position)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE IF NOT EXISTS es_skipped (
        name TEXT NOT NULL,
        version INTEGER NOT NULL,
        position INTEGER NOT NULL,
        key TEXT NOT NULL,
        failure TEXT NOT NULL,
        actor TEXT NOT NULL,
        reason TEXT NOT NULL,
        skipped_at INTEGER NOT NULL, -- microseconds since 1970
        PRIMARY KEY (name, version, position)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE IF NOT EXISTS es_states (
        projection TEXT NOT NULL,
        version INTEGER NOT NULL,
        schema INTEGER NOT NULL, -- an unsigned number's 64 bits
        position INTEGER NOT NULL,
        event_id BLOB CHECK (length(event_id) = 16),
        state TEXT NOT NULL,
        PRIMARY KEY (projection, version)
    ) STRICT, WITHOUT ROWID;
",
    "
    -- Microseconds: what the lease is renewed by.
    ALTER TABLE es_projections ADD COLUMN lease INTEGER NOT NULL DEFAULT 10000000;

    -- An event is parked where others of its key are, and these are looked for at every batch.
    CREATE INDEX es_parked_by_key ON es_parked (name, version, key, position);
",
];

/// How long a transaction waits for another process's, if nothing is said.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// A database that is opened by the thread that uses it, as opening may read and write the disk.
pub(super) struct Database {
    path: Arc<PathBuf>,
    busy: Duration,
    connection: Option<Connection>,
}

impl Database {
    pub(super) fn at(path: Arc<PathBuf>, busy: Duration) -> Self {
        Self {
            path,
            busy,
            connection: None,
        }
    }

    pub(super) fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.path, self.busy)?,
        };
        Ok(self.connection.insert(connection))
    }
}

/// A connection with what every one has.
fn connect(path: &Path, busy: Duration) -> Result<Connection, StoreError> {
    let mut connection = file::connect(path)?;
    connection.busy_timeout(busy).map_err(before_commit)?;
    let mode: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(before_commit)?;
    if mode != "wal" {
        return Err(Fault::NoWal(mode).into());
    }
    connection
        .execute_batch("PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;")
        .map_err(before_commit)?;
    migrate(&mut connection)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Brings the tables up to date; other processes that do the same wait.
fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let pending = |done: i64| {
        let done = usize::try_from(done).unwrap_or(usize::MAX);
        (1..).zip(MIGRATIONS).skip(done)
    };
    // What is up to date isn't written to.
    if pending(version(connection)?).next().is_none() {
        return Ok(());
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(before_commit)?;
    for (version, migration) in pending(version(&transaction)?) {
        let script = format!(
            "{migration}
            CREATE TABLE IF NOT EXISTS es_read_models (
                version INTEGER PRIMARY KEY,
                migrated_at INTEGER NOT NULL -- microseconds since 1970
            ) STRICT;
            INSERT INTO es_read_models VALUES ({version}, {});",
            now()
        );
        transaction.execute_batch(&script).map_err(before_commit)?;
    }
    transaction.commit().map_err(before_commit)
}

/// The version that the tables have; 0 where there are none, or older ones.
fn version(connection: &Connection) -> Result<i64, StoreError> {
    let there =
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'es_read_models'";
    let one = |sql| connection.query_row(sql, [], |row| row.get(0));
    let there: i64 = one(there).map_err(before_commit)?;
    if there == 0 {
        return Ok(0);
    }
    let found =
        one("SELECT coalesce(max(version), 0) FROM es_read_models").map_err(before_commit)?;
    let known = MIGRATIONS.len().try_into().unwrap_or(i64::MAX);
    if found > known {
        return Err(Fault::NewerModels { found, known }.into());
    }
    Ok(found)
}

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use es_core::StoreError;
use rusqlite::Connection;

use crate::error::{Fault, before_commit};
use crate::file;

/// The library's own tables in a database of read models. A column is only ever added.
const TABLES: &str = "
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
";

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
    let connection = file::connect(path)?;
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
    // Each by itself finds the table there or makes it, whoever else does so at once.
    connection.execute_batch(TABLES).map_err(before_commit)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

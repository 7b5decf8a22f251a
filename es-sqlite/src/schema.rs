//! The tables, and bringing a database to them.

use std::time::{Duration, Instant};

use es_core::StoreError;
use rusqlite::{Connection, TransactionBehavior};

use crate::error::{Fault, before_commit, is_busy};
use crate::{Durability, SqliteOptions, tamper};

/// "es" and a number, in the header of the file: tells our databases from those of other programs.
const APPLICATION_ID: i64 = 0x6573_0001;

/// Each brings the schema one version further; they are never changed, only added to.
///
/// Of an event's stream, and of its name and version, only a number is stored with it: a database is smaller by a third,
/// and reading it faster. There is no index by name or category: a filtered read looks
/// through the log in bounded steps, at several million events a second, and every append is the cheaper for it.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE streams (
        key INTEGER PRIMARY KEY,
        category TEXT NOT NULL,
        id TEXT NOT NULL,
        UNIQUE (category, id)
    ) STRICT;

    CREATE TABLE names (
        key INTEGER PRIMARY KEY,
        name TEXT NOT NULL CHECK (name <> ''),
        version INTEGER NOT NULL CHECK (version > 0),
        UNIQUE (name, version)
    ) STRICT;

    CREATE TABLE events (
        position INTEGER PRIMARY KEY CHECK (position > 0),
        stream INTEGER NOT NULL REFERENCES streams (key),
        revision INTEGER NOT NULL CHECK (revision > 0),
        id BLOB NOT NULL CHECK (length(id) = 16),
        name INTEGER NOT NULL REFERENCES names (key),
        recorded_at INTEGER NOT NULL, -- microseconds since 1970, UTC
        effective_at INTEGER,
        payload TEXT NOT NULL,
        metadata TEXT, -- nothing for an empty object
        UNIQUE (stream, revision),
        UNIQUE (stream, id)
    ) STRICT;

    CREATE TABLE snapshots (
        stream INTEGER NOT NULL REFERENCES streams (key),
        revision INTEGER NOT NULL CHECK (revision > 0),
        event_id BLOB NOT NULL CHECK (length(event_id) = 16),
        schema INTEGER NOT NULL, -- an unsigned number's 64 bits
        fold INTEGER NOT NULL,
        state TEXT NOT NULL,
        PRIMARY KEY (stream, revision)
    ) STRICT, WITHOUT ROWID;

    CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
    BEGIN SELECT RAISE (ABORT, 'events are never changed'); END;
    CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
    BEGIN SELECT RAISE (ABORT, 'events are never deleted'); END;
    CREATE TRIGGER streams_are_never_changed BEFORE UPDATE ON streams
    BEGIN SELECT RAISE (ABORT, 'streams are never changed'); END;
    CREATE TRIGGER streams_are_never_deleted BEFORE DELETE ON streams
    BEGIN SELECT RAISE (ABORT, 'streams are never deleted'); END;
    CREATE TRIGGER names_are_never_changed BEFORE UPDATE ON names
    BEGIN SELECT RAISE (ABORT, 'names are never changed'); END;
    CREATE TRIGGER names_are_never_deleted BEFORE DELETE ON names
    BEGIN SELECT RAISE (ABORT, 'names are never deleted'); END;

    -- To look at: what the library itself reads is the tables.
    CREATE VIEW log AS
    SELECT e.position, s.category, s.id AS stream, e.revision, n.name, n.version,
        strftime('%Y-%m-%dT%H:%M:%fZ', e.recorded_at / 1000000.0, 'unixepoch') AS recorded_at,
        strftime('%Y-%m-%dT%H:%M:%fZ', e.effective_at / 1000000.0, 'unixepoch') AS effective_at,
        e.payload, coalesce(e.metadata, '{}') AS metadata
    FROM events e JOIN streams s ON s.key = e.stream JOIN names n ON n.key = e.name;
", "
    -- The SHA-256 of the event and of its stream up to it; nothing where the log wasn't tamper-evident. No CHECK of its length:
    -- for that SQLite would read the whole table.
    ALTER TABLE events ADD COLUMN hash BLOB;

    -- A row once events are hashed, whoever appends them.
    CREATE TABLE tamper_evidence (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        since INTEGER NOT NULL -- the first position whose event is hashed
    ) STRICT;
",
    "
    CREATE TABLE inline_projections (
        name TEXT PRIMARY KEY,
        version INTEGER NOT NULL -- whoever appends has registered this one
    ) STRICT, WITHOUT ROWID;
",
];

/// The oldest SQLite on which two connections that checkpoint at once can't corrupt the log.
const OLDEST_SQLITE: i32 = 3_051_003;

/// Checks that the database is ours, brings it up to date and sets what a connection needs.
pub(crate) fn prepare(
    connection: &mut Connection,
    options: &SqliteOptions,
) -> Result<(), StoreError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(Fault::OldSqlite(rusqlite::version()).into());
    }
    connection
        .busy_timeout(options.busy_timeout)
        .map_err(before_commit)?;
    // Before anything is changed in a file that may not be ours.
    check_owner(connection)?;
    let mode = to_wal(connection, options.busy_timeout)?;
    if mode != "wal" {
        return Err(Fault::NoWal(mode).into());
    }
    let wanted = match options.durability {
        Durability::Full => 2,
        Durability::Normal => 1,
    };
    connection
        .execute_batch(&format!(
            "PRAGMA synchronous = {wanted}; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
        ))
        .map_err(before_commit)?;
    let synchronous = pragma(connection, "synchronous")?;
    if synchronous != wanted {
        return Err(Fault::NotSynchronous(synchronous).into());
    }
    migrate(connection)?;
    if options.tamper_evident {
        tamper::make_evident(connection)?;
    }
    Ok(())
}

/// Brings the database into WAL mode and answers with the mode that it is in.
///
/// Another process may be doing the same to a new file: SQLite doesn't wait for it, as each would wait for the other to let
/// go of what it has read.
fn to_wal(connection: &Connection, busy_timeout: Duration) -> Result<String, StoreError> {
    let patience = Instant::now() + busy_timeout;
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)) {
            Err(error) if is_busy(&error) && Instant::now() < patience => {
                std::thread::sleep(Duration::from_millis(1));
            }
            mode => return mode.map_err(before_commit),
        }
    }
}

/// Whether the file is ours or empty. Answers with the version of its schema.
fn check_owner(connection: &Connection) -> Result<i64, StoreError> {
    let known = MIGRATIONS.len().try_into().unwrap_or(i64::MAX);
    // The mark of ours last: another process may make the tables between two of these, and they come with the mark.
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(before_commit)?;
    let version = pragma(connection, "user_version")?;
    let application = pragma(connection, "application_id")?;
    if application == APPLICATION_ID {
        return if version > known {
            Err(Fault::Newer {
                found: version,
                known,
            }
            .into())
        } else {
            Ok(version)
        };
    }
    if application == 0 && version == 0 && tables == 0 {
        Ok(0)
    } else {
        Err(Fault::NotOurs.into())
    }
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let pending = |version: i64| {
        let done = usize::try_from(version).unwrap_or(usize::MAX);
        MIGRATIONS.get(done..).unwrap_or_default()
    };
    if pending(check_owner(connection)?).is_empty() {
        return Ok(());
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(before_commit)?;
    // Another process may have done it meanwhile.
    for migration in pending(check_owner(&transaction)?) {
        transaction
            .execute_batch(migration)
            .map_err(before_commit)?;
    }
    transaction
        .execute_batch(&format!(
            "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {};",
            MIGRATIONS.len()
        ))
        .map_err(before_commit)?;
    transaction.commit().map_err(before_commit)
}

pub(crate) fn pragma(connection: &Connection, name: &str) -> Result<i64, StoreError> {
    connection
        .query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
        .map_err(before_commit)
}

#[cfg(test)]
mod tests {
    use super::pragma;
    use crate::{Durability, SqliteOptions};

    #[test]
    fn a_connection_syncs_as_its_durability_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        for (durability, synchronous) in [(Durability::Full, 2), (Durability::Normal, 1)] {
            let options = SqliteOptions::new().durability(durability);
            let connection = options.connect(&path).unwrap();
            assert_eq!(pragma(&connection, "synchronous").unwrap(), synchronous);
            assert_eq!(pragma(&connection, "foreign_keys").unwrap(), 1);
        }
    }
}

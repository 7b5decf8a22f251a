//! Opening a file: what can't be one is told before SQLite takes it for something else.

use std::path::Path;

use es_core::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Error, ErrorCode};

use crate::error::{Fault, before_commit};

/// Opens a connection to the database in this file. No message holds the path.
pub(crate) fn connect(path: &Path) -> Result<Connection, StoreError> {
    check(path)?;
    let connection = Connection::open(path).map_err(|error| refused(error, path))?;
    // Otherwise SQLite plans a statement with a range or an order anew each time that its parameters are bound, which takes
    // longer than to read a few events.
    let plans_once = DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
    connection
        .set_db_config(plans_once, true)
        .map_err(before_commit)?;
    Ok(connection)
}

/// Refuses what SQLite would open, as a database of this one connection alone.
fn check(path: &Path) -> Result<(), Fault> {
    let text = path.to_string_lossy();
    let is_uri = text.starts_with("file:");
    if text.is_empty() {
        return Err(Fault::NoPath);
    }
    if text == ":memory:" || is_uri && (text.contains(":memory:") || text.contains("mode=memory")) {
        return Err(Fault::InMemory);
    }
    if text.starts_with("sqlite:") || !is_uri && text.contains("://") {
        return Err(Fault::Url);
    }
    Ok(())
}

/// Why a file wasn't opened. What no repetition changes isn't said to be unavailable.
fn refused(error: Error, path: &Path) -> StoreError {
    let Error::SqliteFailure(failure, _) = error else {
        return before_commit(error);
    };
    if failure.code == ErrorCode::CannotOpen {
        if path.is_dir() {
            return Fault::Folder.into();
        }
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        if folder.is_some_and(|folder| !folder.is_dir()) {
            return Fault::NoFolder.into();
        }
    }
    // Its message holds the path.
    before_commit(Error::SqliteFailure(failure, None))
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_statement_is_planned_once() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let connection = connect(&folder.path().join("a.db"))?;
        connection.execute_batch(
            "CREATE TABLE events (stream INTEGER, revision INTEGER, UNIQUE (stream, revision))",
        )?;
        let read =
            "SELECT revision FROM events WHERE stream = ?1 AND revision >= ?2 ORDER BY revision";
        let mut statement = connection.prepare_cached(read)?;
        for revision in 1..=3 {
            statement.query((1, revision))?.next()?;
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        Ok(())
    }
}

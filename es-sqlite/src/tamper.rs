//! Hashes of events, and whether a log has them: that is said in the database, so that every process does as the others.

use es_core::{Digest, Position, Revision, StoreError};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use crate::error::{Fault, before_commit};
use crate::row::{optional, signed, unsigned};

/// From here on. The trigger is for a process that was opened by an older version, and goes on as it began.
const MAKE_EVIDENT: &str = "
    INSERT INTO tamper_evidence SELECT 1, coalesce(max(position), 0) + 1 FROM events;
    CREATE TRIGGER events_are_hashed BEFORE INSERT ON events WHEN NEW.hash IS NULL
    BEGIN SELECT RAISE (ABORT, 'events of this log are hashed'); END;
";

/// Has events be hashed from now on, by whoever appends them.
pub(crate) fn make_evident(connection: &mut Connection) -> Result<(), StoreError> {
    if is_evident(connection)? {
        return Ok(());
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(before_commit)?;
    // Another process may have done it meanwhile.
    if !is_evident(&transaction)? {
        transaction
            .execute_batch(MAKE_EVIDENT)
            .map_err(before_commit)?;
    }
    transaction.commit().map_err(before_commit)
}

/// Whether the events of this log are hashed.
pub(crate) fn is_evident(connection: &Connection) -> Result<bool, StoreError> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM tamper_evidence)")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(before_commit)
}

/// From which position on they are.
pub(crate) fn hashed_from(connection: &Connection) -> Result<Option<Position>, StoreError> {
    let since = connection
        .prepare_cached("SELECT since FROM tamper_evidence")
        .and_then(|mut statement| {
            statement
                .query_row([], |row| Ok(unsigned(row, 0)))
                .optional()
        })
        .map_err(before_commit)?;
    // Whatever stands in a row that is spoilt: the whole log, then.
    Ok(since.map(|since| Position::new(since.unwrap_or_default())))
}

/// The hash of a stream's event.
pub(crate) fn hash(
    connection: &Connection,
    key: i64,
    revision: Revision,
) -> Result<Option<Digest>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT hash, position FROM events WHERE stream = ?1 AND revision = ?2")
        .map_err(before_commit)?;
    let read = |row: &Row<'_>| {
        let wrong = Fault::Row {
            position: unsigned(row, 1).map_or(0, signed),
            column: "hash",
        };
        Ok(optional(row, 0, digest, wrong))
    };
    let hash = statement.query_row(params![key, signed(revision.number())], read);
    Ok(hash.map_err(before_commit)??)
}

pub(crate) fn digest(value: ValueRef<'_>) -> Option<Digest> {
    Some(Digest::from_bytes(value.as_blob().ok()?.try_into().ok()?))
}

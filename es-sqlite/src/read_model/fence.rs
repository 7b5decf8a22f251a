//! The rows that say who is in charge of a projection, and how far it is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use es_core::{Checkpoint, Failure, Fence, FenceState, Position};
use rusqlite::{Connection, Row, params};

use crate::error::may_pass;
use crate::row::{event_id, integer, signed, text, unsigned};

/// What SQLite said, as a runner's failure.
pub(super) fn database(error: rusqlite::Error) -> Failure {
    Failure::Database {
        passing: may_pass(&error),
        cause: error.into(),
    }
}

/// Microseconds since 1970, by the clock of the machine that the file is on.
pub(super) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_micros()).unwrap_or(i64::MAX))
}

fn micros(lease: Duration) -> i64 {
    i64::try_from(lease.as_micros()).unwrap_or(i64::MAX)
}

fn after(lease: Duration) -> i64 {
    now().saturating_add(micros(lease))
}

/// Where the clock was set back since a lease was written, it lasts no longer than one that is written now.
pub(super) fn bound(connection: &Connection, name: &str) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "UPDATE es_projections SET lease_until = ?2 + lease WHERE name = ?1 AND lease_until - lease > ?2",
        )
        .and_then(|mut statement| statement.execute(params![name, now()]))
        .map(drop)
        .map_err(database)
}

/// The rows of all versions of a projection, the newest first.
pub(super) fn all(connection: &Connection, name: &str) -> Result<Vec<Fence>, Failure> {
    let mut statement = connection
        .prepare_cached(
            "SELECT version, epoch, position, event_id, lease_until, state, mark, \
             (SELECT count(*) FROM es_parked p WHERE p.name = f.name AND p.version = f.version) \
             FROM es_projections f WHERE name = ?1 AND partition = 0 ORDER BY version DESC",
        )
        .map_err(database)?;
    let mut rows = statement.query([name]).map_err(database)?;
    let (mut fences, now) = (Vec::new(), now());
    while let Some(row) = rows.next().map_err(database)? {
        fences.push(read(row, now).ok_or_else(unreadable)?);
    }
    Ok(fences)
}

fn read(row: &Row<'_>, now: i64) -> Option<Fence> {
    let version = integer(row, 0)?.try_into().ok()?;
    let mut fence = Fence::new(version, FenceState::parse(text(row, 5)?)?);
    fence.epoch = integer(row, 1)?;
    fence.checkpoint = Checkpoint {
        position: Position::new(unsigned(row, 2)?),
        event_id: event_id(row, 3),
    };
    fence.expired = integer(row, 4)? <= now;
    fence.mark = Position::new(unsigned(row, 6)?);
    fence.parked = unsigned(row, 7)?;
    Some(fence)
}

fn unreadable() -> Failure {
    Failure::Database {
        passing: false,
        cause: "a row of es_projections is unreadable".into(),
    }
}

/// Makes the row of a version that is new here.
pub(super) fn insert(
    connection: &Connection,
    name: &str,
    fence: &Fence,
    lease: Duration,
) -> Result<(), Failure> {
    connection
        .execute(
            "INSERT INTO es_projections (name, version, partition, epoch, position, event_id, lease_until, state, mark, lease) \
             VALUES (?1, ?2, 0, ?3, ?4, NULL, ?5, ?6, ?7, ?8)",
            params![
                name,
                fence.version,
                fence.epoch,
                signed(fence.checkpoint.position.number()),
                after(lease),
                fence.state.as_str(),
                signed(fence.mark.number()),
                micros(lease),
            ],
        )
        .map(drop)
        .map_err(database)
}

/// Takes over a row whose lease has run out.
pub(super) fn take(
    connection: &Connection,
    name: &str,
    fence: &Fence,
    lease: Duration,
) -> Result<(), Failure> {
    connection
        .execute(
            "UPDATE es_projections SET epoch = ?3, lease_until = ?4, lease = ?5 \
             WHERE name = ?1 AND version = ?2 AND partition = 0",
            params![
                name,
                fence.version,
                fence.epoch,
                after(lease),
                micros(lease)
            ],
        )
        .map(drop)
        .map_err(database)
}

/// The last statement before a commit: moves on, if nobody has taken over and nothing has moved since.
pub(super) fn advance(
    connection: &Connection,
    name: &str,
    held: &Fence,
    to: &Fence,
    lease: Duration,
) -> Result<(), Failure> {
    let checkpoint = to.checkpoint;
    let moved = connection
        .prepare_cached(
            "UPDATE es_projections SET position = ?5, event_id = ?6, lease_until = ?7, state = ?8, mark = ?9 \
             WHERE name = ?1 AND version = ?2 AND partition = 0 AND epoch = ?3 AND position = ?4 AND state = ?10",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                name,
                held.version,
                held.epoch,
                signed(held.checkpoint.position.number()),
                signed(checkpoint.position.number()),
                checkpoint
                    .event_id
                    .as_ref()
                    .map(|id| id.as_bytes().as_slice()),
                after(lease),
                to.state.as_str(),
                signed(to.mark.number()),
                held.state.as_str(),
            ])
        })
        .map_err(database)?;
    if moved == 1 {
        Ok(())
    } else {
        Err(Failure::Fenced)
    }
}

/// Lets another process take over at once.
pub(super) fn release(connection: &Connection, name: &str, fence: &Fence) -> Result<(), Failure> {
    connection
        .execute(
            "UPDATE es_projections SET lease_until = 0 \
             WHERE name = ?1 AND version = ?2 AND partition = 0 AND epoch = ?3",
            params![name, fence.version, fence.epoch],
        )
        .map(drop)
        .map_err(database)
}

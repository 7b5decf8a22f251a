//! The row that says who is in charge of a projection, and how far it is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use es_core::{Checkpoint, Failure, Position};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::may_pass;
use crate::row::{event_id, integer, signed, text, unsigned};

/// What a row holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fence {
    pub(super) version: u32,
    pub(super) epoch: i64,
    pub(super) checkpoint: Checkpoint,
    pub(super) lease_until: i64,
    pub(super) state: State,
    /// Up to here the version before it had its effects.
    pub(super) mark: Position,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Building,
    Active,
    Retired,
}

impl State {
    const ALL: [(Self, &'static str); 3] = [
        (Self::Building, "building"),
        (Self::Active, "active"),
        (Self::Retired, "retired"),
    ];

    pub(super) fn as_str(self) -> &'static str {
        let [(_, building), (_, active), (_, retired)] = Self::ALL;
        match self {
            Self::Building => building,
            Self::Active => active,
            Self::Retired => retired,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let named = |(state, name): (Self, &str)| (name == text).then_some(state);
        Self::ALL.into_iter().find_map(named)
    }
}

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

pub(super) fn after(lease: Duration) -> i64 {
    now().saturating_add(i64::try_from(lease.as_micros()).unwrap_or(i64::MAX))
}

/// The rows of all versions of a projection, the newest first.
pub(super) fn all(connection: &Connection, name: &str) -> Result<Vec<Fence>, Failure> {
    let mut statement = connection
        .prepare_cached(
            "SELECT version, epoch, position, event_id, lease_until, state, mark FROM es_projections \
             WHERE name = ?1 AND partition = 0 ORDER BY version DESC",
        )
        .map_err(database)?;
    let mut rows = statement.query([name]).map_err(database)?;
    let mut fences = Vec::new();
    while let Some(row) = rows.next().map_err(database)? {
        fences.push(read(row).ok_or_else(unreadable)?);
    }
    Ok(fences)
}

fn read(row: &Row<'_>) -> Option<Fence> {
    let checkpoint = Checkpoint {
        position: Position::new(unsigned(row, 2)?),
        event_id: event_id(row, 3),
    };
    Some(Fence {
        version: integer(row, 0)?.try_into().ok()?,
        epoch: integer(row, 1)?,
        checkpoint,
        lease_until: integer(row, 4)?,
        state: State::parse(text(row, 5)?)?,
        mark: Position::new(unsigned(row, 6)?),
    })
}

fn unreadable() -> Failure {
    Failure::Database {
        passing: false,
        cause: "a row of es_projections is unreadable".into(),
    }
}

/// Makes the row of a version that is new here.
pub(super) fn insert(connection: &Connection, name: &str, fence: &Fence) -> Result<(), Failure> {
    connection
        .execute(
            "INSERT INTO es_projections (name, version, partition, epoch, position, event_id, lease_until, state, mark) \
             VALUES (?1, ?2, 0, ?3, ?4, NULL, ?5, ?6, ?7)",
            params![
                name,
                fence.version,
                fence.epoch,
                signed(fence.checkpoint.position.number()),
                fence.lease_until,
                fence.state.as_str(),
                signed(fence.mark.number()),
            ],
        )
        .map(drop)
        .map_err(database)
}

/// Takes over a row whose lease has run out.
pub(super) fn take(connection: &Connection, name: &str, fence: &mut Fence) -> Result<(), Failure> {
    fence.epoch += 1;
    connection
        .execute(
            "UPDATE es_projections SET epoch = ?3, lease_until = ?4 WHERE name = ?1 AND version = ?2 AND partition = 0",
            params![name, fence.version, fence.epoch, fence.lease_until],
        )
        .map(drop)
        .map_err(database)
}

/// Whether somebody has taken over: asked at the beginning of a transaction, so that no handler works in vain.
pub(super) fn check(connection: &Connection, name: &str, held: &Fence) -> Result<(), Failure> {
    let fences = all(connection, name)?;
    let stands = fences.iter().any(|fence| {
        (fence.version, fence.epoch, fence.checkpoint.position)
            == (held.version, held.epoch, held.checkpoint.position)
    });
    if stands { Ok(()) } else { Err(Failure::Fenced) }
}

/// The last statement before a commit: moves on, if nobody has taken over and nothing has moved since.
pub(super) fn advance(
    connection: &Connection,
    name: &str,
    fence: &Fence,
    to: Checkpoint,
) -> Result<(), Failure> {
    let moved = connection
        .prepare_cached(
            "UPDATE es_projections SET position = ?5, event_id = ?6, lease_until = ?7, state = ?8, mark = ?9 \
             WHERE name = ?1 AND version = ?2 AND partition = 0 AND epoch = ?3 AND position = ?4",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                name,
                fence.version,
                fence.epoch,
                signed(fence.checkpoint.position.number()),
                signed(to.position.number()),
                to.event_id.as_ref().map(|id| id.as_bytes().as_slice()),
                fence.lease_until,
                fence.state.as_str(),
                signed(fence.mark.number()),
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

/// How many events are parked.
pub(super) fn parked(connection: &Connection, name: &str, version: u32) -> Result<u64, Failure> {
    let count = connection
        .prepare_cached("SELECT count(*) FROM es_parked WHERE name = ?1 AND version = ?2")
        .and_then(|mut statement| {
            let count = |row: &Row<'_>| Ok(unsigned(row, 0));
            statement
                .query_row(params![name, version], count)
                .optional()
        })
        .map_err(database)?;
    Ok(count.flatten().unwrap_or_default())
}

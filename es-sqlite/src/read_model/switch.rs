//! A new version beside the old one, and in its place.

use es_core::{Failure, Position};
use rusqlite::{Connection, Transaction, params};

use super::context::SqliteHandler;
use super::fence::{self, Fence, State, database};
use super::worker::refused;

/// The older version that answers while this one is built. It stays where it is until the transaction ends, as no one
/// else writes meanwhile.
pub(super) fn older(
    connection: &Connection,
    name: &str,
    fence: &Fence,
) -> Result<Option<Fence>, Failure> {
    if fence.state != State::Building {
        return Ok(None);
    }
    let fences = fence::all(connection, name)?;
    let active = |fence: &Fence| fence.state == State::Active;
    Ok(fences.into_iter().find(active))
}

/// Takes over before the first event that the older version hasn't taken in: what that event does beyond the database
/// is this version's to do, and what those before it do was done.
pub(super) fn before<H: SqliteHandler>(
    position: Position,
    fence: &mut Fence,
    older: Option<&Fence>,
    handler: &mut H,
    transaction: &Transaction<'_>,
) -> Result<(), Failure> {
    let reached = older.map_or(Position::START, |older| older.checkpoint.position);
    if fence.state == State::Building && position > reached {
        take_over(reached, fence, handler, transaction)?;
    }
    Ok(())
}

/// Takes over once everything is looked through that the older version has looked through.
pub(super) fn caught_up<H: SqliteHandler>(
    looked_to: Position,
    fence: &mut Fence,
    older: Option<&Fence>,
    handler: &mut H,
    transaction: &Transaction<'_>,
) -> Result<(), Failure> {
    let reached = older.map_or(Position::START, |older| older.checkpoint.position);
    if fence.state == State::Building && looked_to >= reached {
        take_over(reached, fence, handler, transaction)?;
    }
    Ok(())
}

fn take_over<H: SqliteHandler>(
    mark: Position,
    fence: &mut Fence,
    handler: &mut H,
    transaction: &Transaction<'_>,
) -> Result<(), Failure> {
    // The epoch fences whoever runs an older one; its position stays as the mark.
    transaction
        .execute(
            "UPDATE es_projections SET state = 'retired', epoch = epoch + 1, lease_until = 0 \
             WHERE name = ?1 AND version < ?2 AND state <> 'retired'",
            params![H::NAME, H::VERSION],
        )
        .map_err(database)?;
    handler.activate(transaction).map_err(refused)?;
    fence.state = State::Active;
    fence.mark = mark;
    tracing::info!(projection = H::NAME, version = H::VERSION, %mark, "a new version takes over");
    Ok(())
}

//! A new version beside the old one, and in its place.

use es_core::{Failure, Fence, FenceState};
use rusqlite::{Connection, Transaction, params};

use super::context::SqliteHandler;
use super::fence::{self, database};
use super::worker::refused;

/// The older version that answers while this one is built. It stays where it is until the transaction ends, as no one
/// else writes meanwhile.
pub(super) fn older(
    connection: &Connection,
    name: &str,
    fence: &Fence,
) -> Result<Option<Fence>, Failure> {
    if fence.state != FenceState::Building {
        return Ok(None);
    }
    Ok(Fence::answering(&fence::all(connection, name)?))
}

/// Takes the older version's place: its epoch fences whoever runs it, and readers see the new data from the commit on.
pub(super) fn take_over<H: SqliteHandler>(
    after: &Fence,
    handler: &mut H,
    transaction: &Transaction<'_>,
) -> Result<(), Failure> {
    transaction
        .execute(
            "UPDATE es_projections SET state = 'retired', epoch = epoch + 1, lease_until = 0 \
             WHERE name = ?1 AND version < ?2 AND state <> 'retired'",
            params![H::NAME, H::VERSION],
        )
        .map_err(database)?;
    handler.activate(transaction).map_err(refused)?;
    tracing::info!(projection = H::NAME, version = H::VERSION, mark = %after.mark, "a new version takes over");
    Ok(())
}

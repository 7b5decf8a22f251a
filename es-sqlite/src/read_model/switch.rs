//! A new version beside the old one, and in its place.

use es_core::{Failure, Fence};
use rusqlite::{Transaction, params};

use super::context::SqliteHandler;
use super::fence::database;
use super::worker::refused;

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

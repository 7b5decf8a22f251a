//! A new version in the place of the old one.

use es_core::{Failure, Fence};
use tokio_postgres::Transaction;

use super::context::PostgresHandler;
use super::fence::{On, number};
use super::sql::Sql;
use super::steps::refused;

/// Halts the older version where it is, from which on it has nothing that this one isn't to have; readers still see its data.
pub(super) async fn halt<H: PostgresHandler>(
    after: &Fence,
    on: &On<'_, Transaction<'_>>,
    sql: &Sql,
) -> Result<(), Failure> {
    let (version, partition) = (i64::from(H::VERSION), number(after.partition));
    on.execute(&sql.halt, &[&H::NAME, &version]).await?;
    on.execute(&sql.succeed, &[&H::NAME, &version, &partition])
        .await?;
    tracing::info!(
        projection = H::NAME,
        version = H::VERSION,
        "an older version is halted"
    );
    Ok(())
}

/// Takes the older version's place: its epoch fences whoever runs it, and readers see the new data from the commit on.
pub(super) async fn take_over<H: PostgresHandler>(
    after: &Fence,
    handler: &mut H,
    on: &On<'_, Transaction<'_>>,
    sql: &Sql,
) -> Result<(), Failure> {
    let version = i64::from(H::VERSION);
    on.execute(&sql.retire, &[&H::NAME, &version]).await?;
    handler.activate(on.0).await.map_err(refused)?;
    tracing::info!(projection = H::NAME, version = H::VERSION, mark = %after.mark, "a new version takes over");
    Ok(())
}

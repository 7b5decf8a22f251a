//! The rows that say who is in charge of a projection, and how far it is: one for each version.

use std::time::Duration;

use es_core::{Checkpoint, Failure, Fence, FenceState, Position};
use sqlx::postgres::PgRow;
use sqlx::types::Uuid;
use sqlx::{PgConnection, PgPool, Row};

use crate::{database, signed};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS projections (
    name text NOT NULL, version bigint NOT NULL, epoch bigint NOT NULL, position bigint NOT NULL, event_id uuid,
    lease_until timestamptz NOT NULL, state text NOT NULL, mark bigint NOT NULL, PRIMARY KEY (name, version))";

const ALL: &str =
    "SELECT version, epoch, position, event_id, lease_until <= clock_timestamp(), state, mark
    FROM projections WHERE name = $1 ORDER BY version DESC";

const ALL_LOCKED: &str =
    "SELECT version, epoch, position, event_id, lease_until <= clock_timestamp(), state, mark
    FROM projections WHERE name = $1 ORDER BY version DESC FOR UPDATE";

pub(crate) async fn create(pool: &PgPool) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    // Two that make the same table at once would be in each other's way.
    sqlx::query("SELECT FROM pg_advisory_xact_lock(hashtext('projections'))")
        .execute(&mut *transaction)
        .await?;
    sqlx::query(TABLE).execute(&mut *transaction).await?;
    transaction.commit().await
}

pub(crate) async fn lock(connection: &mut PgConnection, name: &str) -> Result<(), Failure> {
    let lock = sqlx::query("SELECT FROM pg_advisory_xact_lock(hashtext($1))").bind(name);
    lock.execute(connection).await.map(drop).map_err(database)
}

/// Those of all versions, the newest first.
pub(crate) async fn all(
    connection: &mut PgConnection,
    name: &str,
    locked: bool,
) -> Result<Vec<Fence>, Failure> {
    let all = if locked { ALL_LOCKED } else { ALL };
    let rows = sqlx::query(all).bind(name).fetch_all(connection).await;
    let rows = rows.map_err(database)?;
    rows.iter()
        .map(|row| fence(row).map_err(database))
        .collect()
}

fn fence(row: &PgRow) -> Result<Fence, sqlx::Error> {
    let number = |column| {
        let number: i64 = row.try_get(column)?;
        u64::try_from(number).map_err(|error| sqlx::Error::Decode(error.into()))
    };
    let version = u32::try_from(number(0)?).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let state = FenceState::parse(row.try_get(5)?);
    let state = state.ok_or_else(|| sqlx::Error::Decode("an unknown state".into()))?;
    let mut fence = Fence::new(version, state);
    fence.epoch = row.try_get(1)?;
    fence.checkpoint = Checkpoint {
        position: Position::new(number(2)?),
        event_id: row.try_get::<Option<Uuid>, _>(3)?.map(Into::into),
    };
    fence.expired = row.try_get(4)?;
    fence.mark = Position::new(number(6)?);
    Ok(fence)
}

pub(crate) async fn insert(
    connection: &mut PgConnection,
    name: &str,
    fence: &Fence,
    lease: Duration,
) -> Result<(), Failure> {
    let insert =
        "INSERT INTO projections (name, version, epoch, position, lease_until, state, mark)
        VALUES ($1, $2, $3, 0, clock_timestamp() + make_interval(secs => $4), $5, 0)";
    let insert = sqlx::query(insert)
        .bind(name)
        .bind(i64::from(fence.version))
        .bind(fence.epoch)
        .bind(lease.as_secs_f64())
        .bind(fence.state.as_str());
    insert.execute(connection).await.map(drop).map_err(database)
}

pub(crate) async fn take(
    connection: &mut PgConnection,
    name: &str,
    fence: &Fence,
    lease: Duration,
) -> Result<(), Failure> {
    let take = "UPDATE projections SET epoch = $3, lease_until = clock_timestamp() + make_interval(secs => $4)
        WHERE name = $1 AND version = $2";
    let take = sqlx::query(take)
        .bind(name)
        .bind(i64::from(fence.version))
        .bind(fence.epoch)
        .bind(lease.as_secs_f64());
    take.execute(connection).await.map(drop).map_err(database)
}

/// Moves on, if nobody has taken over and nothing has moved since.
pub(crate) async fn advance(
    connection: &mut PgConnection,
    name: &str,
    held: &Fence,
    to: &Fence,
    lease: Duration,
) -> Result<(), Failure> {
    let advance = "UPDATE projections SET position = $5, event_id = $6, state = $7, mark = $8,
        lease_until = clock_timestamp() + make_interval(secs => $9)
        WHERE name = $1 AND version = $2 AND epoch = $3 AND position = $4 AND state = $10";
    let advance = sqlx::query(advance)
        .bind(name)
        .bind(i64::from(held.version))
        .bind(held.epoch)
        .bind(signed(held.checkpoint.position))
        .bind(signed(to.checkpoint.position))
        .bind(to.checkpoint.event_id.map(Uuid::from))
        .bind(to.state.as_str())
        .bind(signed(to.mark))
        .bind(lease.as_secs_f64())
        .bind(held.state.as_str());
    let moved = advance.execute(connection).await.map_err(database)?;
    match moved.rows_affected() {
        1 => Ok(()),
        _ => Err(Failure::Fenced),
    }
}

pub(crate) async fn retire_older(
    connection: &mut PgConnection,
    name: &str,
    version: u32,
) -> Result<(), Failure> {
    let retire =
        "UPDATE projections SET state = 'retired', epoch = epoch + 1, lease_until = '-infinity'
        WHERE name = $1 AND version < $2 AND state <> 'retired'";
    let retire = sqlx::query(retire).bind(name).bind(i64::from(version));
    retire.execute(connection).await.map(drop).map_err(database)
}

pub(crate) async fn release(
    connection: &mut PgConnection,
    name: &str,
    fence: &Fence,
) -> Result<(), Failure> {
    let release = "UPDATE projections SET lease_until = '-infinity' WHERE name = $1 AND version = $2 AND epoch = $3";
    let release = sqlx::query(release)
        .bind(name)
        .bind(i64::from(fence.version))
        .bind(fence.epoch);
    release
        .execute(connection)
        .await
        .map(drop)
        .map_err(database)
}

//! The rows that say who is in charge of a projection, and how far it is.

use std::time::Duration;

use es_core::{Checkpoint, Failure, Fence, FenceState, Position, StoreError};
use tokio_postgres::types::ToSql;
use tokio_postgres::{GenericClient, Row};
use uuid::Uuid;

use super::sql::Sql;
use crate::error::{cause, may_pass_later};
use crate::row::{integer, signed, text, unsigned};
use crate::statements::Statements;

/// What PostgreSQL said, as a runner's failure.
pub(super) fn database(error: tokio_postgres::Error) -> Failure {
    Failure::Database {
        passing: may_pass_later(&error),
        cause: cause(error),
    }
}

/// Why there is no connection, as a runner's failure.
pub(super) fn unopened(error: StoreError) -> Failure {
    match error {
        StoreError::Unavailable(cause) => Failure::Database {
            passing: true,
            cause,
        },
        error => Failure::Database {
            passing: false,
            cause: error.into(),
        },
    }
}

/// A client or a transaction, with what is prepared there: what all statements of ours need.
pub(super) struct On<'c, C>(pub(super) &'c C, pub(super) &'c Statements);

impl<C: GenericClient + Sync> On<'_, C> {
    pub(super) async fn execute(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Failure> {
        let statement = self.1.prepare(self.0, sql).await.map_err(database)?;
        let done = self.0.execute(&statement, parameters).await;
        done.map_err(database)
    }

    pub(super) async fn query(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        let statement = self.1.prepare(self.0, sql).await.map_err(database)?;
        let rows = self.0.query(&statement, parameters).await;
        rows.map_err(database)
    }
}

/// The rows of all partitions of all versions of a projection, the newest first.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) fences: Vec<Fence>,
    /// The transaction in which they were read.
    pub(super) transaction: i64,
    /// Whether a lease lasts longer than any can: the database's clock was set back since.
    pub(super) too_long: bool,
}

impl Rows {
    pub(super) async fn read<C: GenericClient + Sync>(
        on: &On<'_, C>,
        sql: &str,
        name: &str,
    ) -> Result<Self, Failure> {
        let mut rows = Self::default();
        for row in on.query(sql, &[&name]).await? {
            rows.add(&row).ok_or_else(|| Failure::Database {
                passing: false,
                cause: "a row of es_projections is unreadable".into(),
            })?;
        }
        Ok(rows)
    }

    fn add(&mut self, row: &Row) -> Option<()> {
        let version = integer(row, 0)?.try_into().ok()?;
        let mut fence = Fence::new(version, FenceState::parse(text(row, 5)?)?);
        fence.epoch = integer(row, 1)?;
        let id: Option<Uuid> = row.try_get(3).ok()?;
        fence.checkpoint = Checkpoint {
            position: Position::new(unsigned(integer(row, 2)?)?),
            event_id: id.map(Into::into),
        };
        fence.expired = row.try_get(4).ok()?;
        fence.mark = Position::new(unsigned(integer(row, 6)?)?);
        fence.parked = unsigned(integer(row, 7)?)?;
        let partition: i32 = row.try_get(8).ok()?;
        fence.partition = partition.try_into().ok()?;
        self.fences.push(fence);
        self.transaction = integer(row, 9)?;
        self.too_long |= row.try_get::<_, bool>(10).ok()?;
        Some(())
    }
}

/// A partition's number as PostgreSQL keeps it.
pub(super) fn number(partition: u32) -> i32 {
    i32::try_from(partition).unwrap_or(i32::MAX)
}

/// Makes the row of a partition that is new here.
pub(super) async fn insert<C: GenericClient + Sync>(
    on: &On<'_, C>,
    sql: &Sql,
    name: &str,
    fence: &Fence,
    lease: Duration,
) -> Result<(), Failure> {
    let (version, partition) = (i64::from(fence.version), number(fence.partition));
    let (state, mark) = (fence.state.as_str(), signed(fence.mark.number()));
    let lease = lease.as_secs_f64();
    let row: [&(dyn ToSql + Sync); 7] = [
        &name,
        &version,
        &partition,
        &fence.epoch,
        &lease,
        &state,
        &mark,
    ];
    on.execute(&sql.insert, &row).await.map(drop)
}

/// Takes over a row whose lease has run out.
pub(super) async fn take<C: GenericClient + Sync>(
    on: &On<'_, C>,
    sql: &Sql,
    name: &str,
    fence: &Fence,
    lease: Duration,
) -> Result<(), Failure> {
    let (version, partition) = (i64::from(fence.version), number(fence.partition));
    let lease = lease.as_secs_f64();
    let row: [&(dyn ToSql + Sync); 5] = [&name, &version, &partition, &fence.epoch, &lease];
    on.execute(&sql.take, &row).await.map(drop)
}

/// The last statement before a commit: moves on, if nobody has taken over and nothing has moved since, in this
/// transaction if one is given. Its row is locked only from here on, so that whoever is held up before holds up nobody.
pub(super) async fn advance<C: GenericClient + Sync>(
    on: &On<'_, C>,
    sql: &Sql,
    name: &str,
    (held, to): (&Fence, &Fence),
    lease: Duration,
    transaction: Option<i64>,
) -> Result<(), Failure> {
    let (version, partition) = (i64::from(held.version), number(held.partition));
    let from = signed(held.checkpoint.position.number());
    let position = signed(to.checkpoint.position.number());
    let event_id = to.checkpoint.event_id.map(Uuid::from);
    let (state, mark) = (to.state.as_str(), signed(to.mark.number()));
    let lease = lease.as_secs_f64();
    let row: [&(dyn ToSql + Sync); 12] = [
        &name,
        &version,
        &partition,
        &held.epoch,
        &from,
        &held.state.as_str(),
        &position,
        &event_id,
        &lease,
        &state,
        &mark,
        &transaction,
    ];
    if on.execute(&sql.advance, &row).await? == 1 {
        return Ok(());
    }
    let now = on.query("SELECT txid_current()", &[]).await?;
    let now = now.first().and_then(|row| integer(row, 0));
    if transaction.is_some() && transaction != now {
        return Err(Failure::Database {
            passing: false,
            cause: "the handler has ended the transaction, which is the projection's to end".into(),
        });
    }
    Err(Failure::Fenced)
}

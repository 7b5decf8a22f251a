//! Events that were put aside, with those of their key behind them.

use std::collections::HashSet;

use es_core::{
    CorrectedFacts, EventStore, Failure, Fence, ParkedEvent, Position, Retried, StoredEvent,
};
use tokio_postgres::types::ToSql;
use tokio_postgres::{GenericClient, Row, Transaction};

use super::PostgresReadModels;
use super::context::PostgresHandler;
use super::fence::{On, database, number};
use super::sql::Sql;
use super::steps::apply;
use super::tables::Opened;
use crate::row::{integer, signed, unsigned};

/// The keys of these events of which others are parked, and stay so until the transaction ends.
pub(super) async fn keys<H: PostgresHandler>(
    on: &On<'_, Transaction<'_>>,
    sql: &Sql,
    events: &[StoredEvent],
) -> Result<HashSet<String>, Failure> {
    let keys: HashSet<&str> = events.iter().map(H::key).collect();
    let keys: Vec<&str> = keys.into_iter().collect();
    let version = i64::from(H::VERSION);
    let rows = on
        .query(&sql.parked_keys, &[&H::NAME, &version, &keys])
        .await?;
    let keys = rows.iter().map(|row| row.try_get(0).map_err(database));
    keys.collect()
}

/// How many events of a partition are parked now.
pub(super) async fn count<C: GenericClient + Sync>(
    on: &On<'_, C>,
    sql: &Sql,
    name: &str,
    held: &Fence,
) -> Result<u64, Failure> {
    let (version, partition) = (i64::from(held.version), number(held.partition));
    let row: [&(dyn ToSql + Sync); 3] = [&name, &version, &partition];
    let rows = on.query(&sql.count_parked, &row).await?;
    let count = rows.first().and_then(|row| integer(row, 0));
    Ok(count.and_then(unsigned).unwrap_or(held.parked))
}

pub(super) async fn put<H: PostgresHandler>(
    on: &On<'_, Transaction<'_>>,
    sql: &Sql,
    event: &StoredEvent,
    (partition, replay): (u32, bool),
    failure: Option<&str>,
) -> Result<(), Failure> {
    let partition = number(partition);
    let (version, key) = (i64::from(H::VERSION), H::key(event));
    let position = signed(event.position.number());
    // A text of PostgreSQL holds no NUL.
    let failure = failure.map(|failure| failure.replace('\0', "\u{fffd}"));
    let row: [&(dyn ToSql + Sync); 7] = [
        &H::NAME,
        &version,
        &position,
        &key,
        &failure,
        &partition,
        &replay,
    ];
    on.execute(&sql.park, &row).await.map(drop)
}

/// Those of one key, or all, in the order of the log.
async fn list<H: PostgresHandler, C: GenericClient + Sync>(
    on: &On<'_, C>,
    sql: &Sql,
    key: Option<&str>,
) -> Result<Vec<ParkedEvent>, Failure> {
    let version = i64::from(H::VERSION);
    let rows = on.query(&sql.parked, &[&H::NAME, &version, &key]).await?;
    let parked = |row: &Row| {
        let position = row.try_get(0).map(unsigned)?.unwrap_or_default();
        let key: String = row.try_get(1)?;
        Ok(ParkedEvent::new(
            Position::new(position),
            key,
            row.try_get(2)?,
        ))
    };
    rows.iter()
        .map(|row| parked(row).map_err(database))
        .collect()
}

/// What an operator decides about events that were put aside.
impl PostgresReadModels {
    /// The events of a projection that are parked, in the order of the log.
    pub async fn parked<H: PostgresHandler>(&self) -> Result<Vec<ParkedEvent>, Failure> {
        self.list_parked::<H>(None).await
    }

    async fn list_parked<H: PostgresHandler>(
        &self,
        key: Option<&str>,
    ) -> Result<Vec<ParkedEvent>, Failure> {
        let mut database = self.database.lock().await;
        let (opened, sql) = database.opened().await?;
        let (client, statements) = opened.client();
        list::<H, _>(&On(client, statements), sql, key).await
    }

    /// Takes in the parked events of a key, in the order of the log and each with its own effect, until one fails; then
    /// that one and those behind it stay parked.
    ///
    /// The events are read from the log. The projection's runner may run meanwhile, here or elsewhere: what comes of the
    /// key until the last one is taken in goes behind it.
    pub async fn retry<H: PostgresHandler>(
        &self,
        mut handler: H,
        store: &impl EventStore,
        key: &str,
    ) -> Result<Retried, Failure> {
        let mut retried = Retried::default();
        // More may come behind while these are read: until there are none.
        loop {
            let listed = self.list_parked::<H>(Some(key)).await?;
            let Some(first) = listed.into_iter().next() else {
                return Ok(retried);
            };
            let event = first.read(store).await?;
            let events = std::slice::from_ref(&event);
            let facts = CorrectedFacts::of::<H>(Some(store), events).await?;
            let mut database = self.database.lock().await;
            let (opened, sql) = database.opened().await?;
            match retry_one(opened, sql, &mut handler, &event, &facts).await {
                Ok(taken) => retried.taken += usize::from(taken),
                Err(failure) => {
                    retried.failure = Some(failure);
                    return Ok(retried);
                }
            }
        }
    }

    /// Passes over a parked event for good, and writes down who decided that and why. It has to be the first of its
    /// key; those behind it stay parked until they are retried.
    ///
    /// Answers whether there was such an event.
    pub async fn skip<H: PostgresHandler>(
        &self,
        position: Position,
        actor: &str,
        reason: &str,
    ) -> Result<bool, Failure> {
        let mut database = self.database.lock().await;
        let (opened, sql) = database.opened().await?;
        let (client, statements) = opened.client();
        let (version, position) = (i64::from(H::VERSION), signed(position.number()));
        let on = On(client, statements);
        let decision: [&(dyn ToSql + Sync); 5] = [&H::NAME, &version, &position, &actor, &reason];
        Ok(on.execute(&sql.skip, &decision).await? == 1)
    }
}

/// Takes in an event, if it is still the first of its key that is parked.
async fn retry_one<H: PostgresHandler>(
    opened: &mut Opened,
    sql: &Sql,
    handler: &mut H,
    event: &StoredEvent,
    facts: &CorrectedFacts,
) -> Result<bool, Failure> {
    let (transaction, statements) = opened.begin().await?;
    let on = On(&transaction, statements);
    let (version, key) = (i64::from(H::VERSION), H::key(event));
    let position = signed(event.position.number());
    let first = on
        .query(&sql.first_parked, &[&H::NAME, &version, &key])
        .await?;
    let Some(first) = first.first() else {
        return Ok(false);
    };
    if first.try_get::<_, i64>(0).map_err(database)? != position {
        return Ok(false);
    }
    let replay = first.try_get(1).map_err(database)?;
    apply(handler, &on, event, facts, replay).await?;
    on.execute(&sql.unpark, &[&H::NAME, &version, &position])
        .await?;
    transaction.commit().await.map_err(database)?;
    Ok(true)
}

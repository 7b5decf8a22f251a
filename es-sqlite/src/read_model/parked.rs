//! Events that were put aside, with those of their key behind them.

use std::collections::HashSet;

use es_core::{CorrectedFacts, EventStore, Failure, ParkedEvent, Position, Retried, StoredEvent};
use rusqlite::{Connection, Row, params};

use super::SqliteReadModels;
use super::context::SqliteHandler;
use super::fence::{database, now};
use super::worker::{apply, immediate};
use crate::row::{signed, unsigned};

/// The keys of these events of which others are parked.
pub(super) fn keys<'e, H: SqliteHandler>(
    connection: &Connection,
    events: &'e [StoredEvent],
) -> Result<HashSet<&'e str>, Failure> {
    let mut statement = connection
        .prepare_cached("SELECT 1 FROM es_parked WHERE name = ?1 AND version = ?2 AND key = ?3")
        .map_err(database)?;
    let keys: HashSet<&str> = events.iter().map(H::key).collect();
    let mut parked = HashSet::new();
    for key in keys {
        let is_parked = statement.exists(params![H::NAME, H::VERSION, key]);
        if is_parked.map_err(database)? {
            parked.insert(key);
        }
    }
    Ok(parked)
}

/// How many events are parked now.
pub(super) fn count(connection: &Connection, name: &str, version: u32) -> Result<u64, Failure> {
    let mut statement = connection
        .prepare_cached("SELECT count(*) FROM es_parked WHERE name = ?1 AND version = ?2")
        .map_err(database)?;
    let count = statement.query_row(params![name, version], |row| {
        Ok(unsigned(row, 0).unwrap_or_default())
    });
    count.map_err(database)
}

pub(super) fn put(
    connection: &Connection,
    name: &str,
    version: u32,
    position: Position,
    key: &str,
    replay: bool,
    failure: Option<&str>,
) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT INTO es_parked (name, version, position, key, failure, parked_at, replay) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .and_then(|mut statement| {
            let position = signed(position.number());
            statement.execute(params![
                name,
                version,
                position,
                key,
                failure,
                now(),
                replay
            ])
        })
        .map(drop)
        .map_err(database)
}

/// Those of one key, or all, in the order of the log.
fn list(
    connection: &Connection,
    name: &str,
    version: u32,
    key: Option<&str>,
) -> Result<Vec<ParkedEvent>, Failure> {
    let mut statement = connection
        .prepare_cached(
            "SELECT position, key, failure FROM es_parked \
             WHERE name = ?1 AND version = ?2 AND key = coalesce(?3, key) ORDER BY position",
        )
        .map_err(database)?;
    let parked = |row: &Row<'_>| {
        let position = Position::new(unsigned(row, 0).unwrap_or_default());
        let key: String = row.get(1)?;
        Ok(ParkedEvent::new(position, key, row.get(2)?))
    };
    let found = statement
        .query_map(params![name, version, key], parked)
        .map_err(database)?;
    found.collect::<Result<_, _>>().map_err(database)
}

fn remove(
    connection: &Connection,
    name: &str,
    version: u32,
    position: Position,
) -> Result<(), Failure> {
    connection
        .execute(
            "DELETE FROM es_parked WHERE name = ?1 AND version = ?2 AND position = ?3",
            params![name, version, signed(position.number())],
        )
        .map(drop)
        .map_err(database)
}

/// What an operator decides about events that were put aside.
impl SqliteReadModels {
    /// The events of a projection that are parked, in the order of the log.
    pub async fn parked<H: SqliteHandler>(&self) -> Result<Vec<ParkedEvent>, Failure> {
        self.with(|connection| list(connection, H::NAME, H::VERSION, None))
            .await
    }

    /// Takes in the parked events of a key, in the order of the log and each with its own effect, until one fails; then
    /// that one and those behind it stay parked.
    ///
    /// The events are read from the log. The projection's runner may run meanwhile, here or elsewhere: what comes of the
    /// key until the last one is taken in goes behind it.
    pub async fn retry<H: SqliteHandler>(
        &self,
        mut handler: H,
        store: &impl EventStore,
        key: &str,
    ) -> Result<Retried, Failure> {
        let mut retried = Retried::default();
        // More may come behind while these are read: until there are none.
        loop {
            let asked = key.to_owned();
            let listed =
                self.with(move |connection| list(connection, H::NAME, H::VERSION, Some(&asked)));
            let Some(first) = listed.await?.into_iter().next() else {
                return Ok(retried);
            };
            let event = first.read(store).await?;
            let events = std::slice::from_ref(&event);
            let facts = CorrectedFacts::of::<H>(Some(store), events).await?;
            let retry = self.with(move |connection| {
                let outcome = retry_one(connection, &mut handler, &event, &facts);
                Ok::<_, Failure>((handler, outcome))
            });
            let (back, outcome) = retry.await?;
            handler = back;
            match outcome {
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
    pub async fn skip<H: SqliteHandler>(
        &self,
        position: Position,
        actor: &str,
        reason: &str,
    ) -> Result<bool, Failure> {
        let (actor, reason) = (actor.to_owned(), reason.to_owned());
        let job = move |connection: &mut Connection| {
            let transaction = immediate(connection)?;
            let skipped = transaction
                .execute(
                    "INSERT INTO es_skipped (name, version, position, key, failure, actor, reason, skipped_at) \
                     SELECT name, version, position, key, coalesce(failure, ''), ?4, ?5, ?6 FROM es_parked p \
                     WHERE name = ?1 AND version = ?2 AND position = ?3 AND NOT EXISTS (\
                     SELECT 1 FROM es_parked o WHERE o.name = p.name AND o.version = p.version \
                     AND o.key = p.key AND o.position < p.position)",
                    params![H::NAME, H::VERSION, signed(position.number()), actor, reason, now()],
                )
                .map_err(database)?;
            if skipped == 1 {
                remove(&transaction, H::NAME, H::VERSION, position)?;
            }
            transaction.commit().map_err(database)?;
            Ok(skipped == 1)
        };
        self.with(job).await
    }
}

/// Takes in an event, if it is still the first of its key that is parked.
fn retry_one<H: SqliteHandler>(
    connection: &mut Connection,
    handler: &mut H,
    event: &StoredEvent,
    facts: &CorrectedFacts,
) -> Result<bool, Failure> {
    let transaction = immediate(connection)?;
    let parked = list(&transaction, H::NAME, H::VERSION, Some(H::key(event)))?;
    if parked.first().map(|parked| parked.position) != Some(event.position) {
        return Ok(false);
    }
    let replay = is_replay(&transaction, H::NAME, H::VERSION, event.position)?;
    apply(
        handler,
        &transaction,
        event,
        H::input(event, facts)?,
        replay,
    )?;
    remove(&transaction, H::NAME, H::VERSION, event.position)?;
    transaction.commit().map_err(database)?;
    Ok(true)
}

/// Whether an older version has taken a parked event in before.
fn is_replay(
    connection: &Connection,
    name: &str,
    version: u32,
    position: Position,
) -> Result<bool, Failure> {
    connection
        .query_row(
            "SELECT replay FROM es_parked WHERE name = ?1 AND version = ?2 AND position = ?3",
            params![name, version, signed(position.number())],
            |row| row.get(0),
        )
        .map_err(database)
}

//! What these tests keep inside of appends.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use es_core::{
    Append, Appended, Cause, Event, EventId, EventStore, Expected, Json, LogQuery, NewEvent,
    Projection, Recorded, StoreError, StoredEvent, StreamId,
};
use es_sqlite::{Context, SqliteHandler, SqliteOptions, SqliteStore};
use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "user.registered")]
pub(crate) struct Registered {
    pub email: String,
}

/// No two users have the same address.
#[derive(Projection)]
#[projection(name = "addresses", version = 1, event = AddressesEvent)]
#[event(Registered)]
pub(crate) struct Addresses;

#[derive(Debug, PartialEq)]
pub(crate) struct Taken;

impl std::fmt::Display for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("this address is taken")
    }
}

impl std::error::Error for Taken {}

impl SqliteHandler for Addresses {
    fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        let table = "CREATE TABLE addresses (email TEXT PRIMARY KEY, user TEXT NOT NULL, position INTEGER NOT NULL)";
        Ok(transaction.execute_batch(table)?)
    }

    fn handle(
        &mut self,
        event: Recorded<AddressesEvent>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let AddressesEvent::Registered(registered) = &event.event;
        let position = i64::try_from(context.position().number())?;
        let mut insert =
            context.prepare_cached("INSERT OR IGNORE INTO addresses VALUES (?1, ?2, ?3)")?;
        match insert.execute((&registered.email, event.stream.id(), position))? {
            0 => Err(Taken.into()),
            _ => Ok(()),
        }
    }
}

/// The same in lower case: another version.
#[derive(Projection)]
#[projection(name = "addresses", version = 2, event = LowerEvent)]
#[event(Registered)]
pub(crate) struct Lower;

impl SqliteHandler for Lower {
    fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        let table = "CREATE TABLE lower (email TEXT PRIMARY KEY, replay INTEGER NOT NULL)";
        Ok(transaction.execute_batch(table)?)
    }

    fn handle(&mut self, event: Recorded<LowerEvent>, context: &Context<'_>) -> Result<(), Cause> {
        let LowerEvent::Registered(registered) = event.event;
        // What its table refuses is a no, too.
        context.execute(
            "INSERT INTO lower VALUES (?1, ?2)",
            (registered.email.to_lowercase(), context.is_replay()),
        )?;
        Ok(())
    }
}

/// It ends the transaction that isn't its own.
#[derive(Projection)]
#[projection(name = "bold", version = 1, event = BoldEvent)]
#[event(Registered)]
pub(crate) struct Bold;

impl SqliteHandler for Bold {
    fn create(&mut self, _: &Transaction<'_>) -> Result<(), Cause> {
        Ok(())
    }
    fn handle(&mut self, _: Recorded<BoldEvent>, context: &Context<'_>) -> Result<(), Cause> {
        Ok(context.execute_batch("COMMIT")?)
    }
}

/// It has a mistake.
#[derive(Projection)]
#[projection(name = "faulty", version = 1, event = FaultyEvent)]
#[event(Registered)]
pub(crate) struct Faulty;

impl SqliteHandler for Faulty {
    fn create(&mut self, _: &Transaction<'_>) -> Result<(), Cause> {
        Ok(())
    }
    fn handle(&mut self, event: Recorded<FaultyEvent>, _: &Context<'_>) -> Result<(), Cause> {
        let FaultyEvent::Registered(registered) = event.event;
        assert!(registered.email.contains('@'), "it is no address");
        Ok(())
    }
}

pub(crate) fn options() -> SqliteOptions {
    SqliteStore::options().busy_timeout(Duration::from_mins(1))
}

pub(crate) fn registered(email: &str) -> NewEvent {
    let payload = Json::parse(format!("{{\"email\":\"{email}\"}}")).unwrap();
    NewEvent::new(EventId::random(), "user.registered", 1, payload)
}

pub(crate) fn append(user: &str, events: Vec<NewEvent>) -> Append {
    Append::new(
        StreamId::new("user", user).unwrap(),
        Expected::NoStream,
        events,
    )
}

pub(crate) fn register(user: &str, email: &str) -> Append {
    append(user, vec![registered(email)])
}

pub(crate) async fn log(store: &SqliteStore) -> Vec<StoredEvent> {
    let query = LogQuery::all().limit(usize::MAX);
    store.read_log(query).await.unwrap().events
}

/// The addresses of the log's events in their order, with their positions.
pub(crate) async fn in_log(store: &SqliteStore) -> BTreeSet<(String, i64)> {
    let mut addresses = BTreeSet::new();
    let query = LogQuery::all()
        .filter(Addresses::filter())
        .limit(usize::MAX);
    for event in store.read_log(query).await.unwrap().events {
        if let Some(AddressesEvent::Registered(registered)) = event.decode().unwrap() {
            let position = i64::try_from(event.position.number()).unwrap();
            assert!(
                addresses.insert((registered.email, position)),
                "an address twice"
            );
        }
    }
    addresses
}

/// Those of the read model.
pub(crate) fn in_table(path: &Path) -> BTreeSet<(String, i64)> {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_mins(1)).unwrap();
    let mut all = connection
        .prepare("SELECT email, position FROM addresses")
        .unwrap();
    let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

#[track_caller]
pub(crate) fn is_taken(refused: Result<Appended, StoreError>) {
    let Err(StoreError::Rejected(rejection)) = refused else {
        panic!("not rejected: {refused:?}");
    };
    assert_eq!(&*rejection.projection, "addresses");
    assert_eq!(rejection.reason::<Taken>(), Some(&Taken));
}

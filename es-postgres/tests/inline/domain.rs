//! What these tests keep inside of appends.

use std::collections::BTreeSet;

use es_core::{
    Append, Appended, Cause, Event, EventId, EventStore, Expected, Json, LogQuery, NewEvent,
    Projection, Recorded, StoreError, StreamId,
};
use es_postgres::tokio_postgres::Transaction;
use es_postgres::{Context, PostgresHandler, PostgresOptions, PostgresStore};
use serde::{Deserialize, Serialize};

use crate::support::{Database, sound};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "user.registered")]
pub(crate) struct Registered {
    pub email: String,
}

/// No two users have the same address.
#[derive(Projection)]
#[projection(name = "addresses", version = 1, event = AddressesEvent)]
#[event(Registered)]
pub(crate) struct Addresses(pub String);

#[derive(Debug, PartialEq)]
pub(crate) struct Taken;

impl std::fmt::Display for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("this address is taken")
    }
}

impl std::error::Error for Taken {}

impl PostgresHandler for Addresses {
    async fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        let table = format!(
            "CREATE TABLE {}.addresses (email text PRIMARY KEY, position bigint NOT NULL)",
            self.0
        );
        Ok(transaction.batch_execute(&table).await?)
    }

    async fn handle(
        &mut self,
        event: Recorded<AddressesEvent>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let AddressesEvent::Registered(registered) = &event.event;
        let position = i64::try_from(context.position().number())?;
        let insert = format!(
            "INSERT INTO {}.addresses VALUES ($1, $2) ON CONFLICT DO NOTHING",
            self.0
        );
        let insert = context.prepare_cached(&insert).await?;
        match context
            .execute(&insert, &[&registered.email, &position])
            .await?
        {
            0 => Err(Taken.into()),
            _ => Ok(()),
        }
    }
}

/// The same in lower case: another version.
#[derive(Projection)]
#[projection(name = "addresses", version = 2, event = LowerEvent)]
#[event(Registered)]
pub(crate) struct Lower(pub String);

impl PostgresHandler for Lower {
    async fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        let table = format!(
            "CREATE TABLE {}.lower (email text PRIMARY KEY, replay boolean NOT NULL)",
            self.0
        );
        Ok(transaction.batch_execute(&table).await?)
    }

    async fn handle(
        &mut self,
        event: Recorded<LowerEvent>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let LowerEvent::Registered(registered) = event.event;
        // What its table refuses is a no, too.
        let insert = format!("INSERT INTO {}.lower VALUES ($1, $2)", self.0);
        let email = registered.email.to_lowercase();
        context
            .execute(&insert, &[&email, &context.is_replay()])
            .await?;
        Ok(())
    }
}

/// It ends the transaction that isn't its own.
#[derive(Projection)]
#[projection(name = "bold", version = 1, event = BoldEvent)]
#[event(Registered)]
pub(crate) struct Bold;

impl PostgresHandler for Bold {
    async fn create(&mut self, _: &Transaction<'_>) -> Result<(), Cause> {
        Ok(())
    }
    async fn handle(&mut self, _: Recorded<BoldEvent>, context: &Context<'_>) -> Result<(), Cause> {
        Ok(context.batch_execute("COMMIT").await?)
    }
}

/// It has a mistake.
#[derive(Projection)]
#[projection(name = "faulty", version = 1, event = FaultyEvent)]
#[event(Registered)]
pub(crate) struct Faulty;

impl PostgresHandler for Faulty {
    async fn create(&mut self, _: &Transaction<'_>) -> Result<(), Cause> {
        Ok(())
    }
    async fn handle(&mut self, event: Recorded<FaultyEvent>, _: &Context<'_>) -> Result<(), Cause> {
        let FaultyEvent::Registered(registered) = event.event;
        assert!(registered.email.contains('@'), "it is no address");
        Ok(())
    }
}

pub(crate) fn registered(email: &str) -> NewEvent {
    let payload = Json::parse(format!("{{\"email\":\"{email}\"}}")).unwrap();
    NewEvent::new(EventId::random(), "user.registered", 1, payload)
}

pub(crate) fn noted() -> NewEvent {
    NewEvent::new(EventId::random(), "user.noted", 1, Json::EMPTY_OBJECT)
}

pub(crate) fn append(user: &str, events: Vec<NewEvent>) -> Append {
    let stream = StreamId::new("user", user).unwrap();
    Append::new(stream, Expected::NoStream, events)
}

pub(crate) fn register(user: &str, email: &str) -> Append {
    append(user, vec![registered(email)])
}

pub(crate) fn with(database: &Database) -> PostgresOptions {
    database.options().inline(Addresses(database.schema()))
}

pub(crate) async fn open(database: &Database, options: PostgresOptions) -> PostgresStore {
    options.open(database.url()).await.unwrap()
}

/// The addresses of the log's events, with their positions.
pub(crate) async fn in_log(store: &PostgresStore) -> BTreeSet<(String, i64)> {
    let mut addresses = BTreeSet::new();
    let query = LogQuery::all()
        .filter(Addresses::filter())
        .limit(usize::MAX);
    for event in store.read_log(query).await.unwrap().events {
        if let Some(AddressesEvent::Registered(registered)) = event.decode().unwrap() {
            let position = i64::try_from(event.position.number()).unwrap();
            addresses.insert((registered.email, position));
        }
    }
    addresses
}

/// Those of the read model.
pub(crate) async fn in_table(database: &Database) -> BTreeSet<(String, i64)> {
    let all = format!(
        "SELECT email, position FROM {}.addresses",
        database.schema()
    );
    let rows = database.client().await.query(&all, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

pub(crate) async fn is_exact(database: &Database, store: &PostgresStore) {
    sound(store).await;
    assert_eq!(in_table(database).await, in_log(store).await);
}

#[track_caller]
pub(crate) fn is_taken(refused: Result<Appended, StoreError>) {
    let Err(StoreError::Rejected(rejection)) = refused else {
        panic!("not rejected: {refused:?}");
    };
    assert_eq!(&*rejection.projection, "addresses");
    assert_eq!(rejection.reason::<Taken>(), Some(&Taken));
}

#[track_caller]
pub(crate) fn is_missing(refused: Result<Appended, StoreError>) {
    let Err(StoreError::Backend(cause)) = refused else {
        panic!("not refused: {refused:?}");
    };
    assert!(
        cause.to_string().contains("`addresses`, version"),
        "{cause}"
    );
}

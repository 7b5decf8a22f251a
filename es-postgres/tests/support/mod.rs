//! What the tests share.

#![allow(dead_code, reason = "not every test uses all of it")]

use std::sync::atomic::{AtomicU32, Ordering};

use es_core::{EventId, EventStore, Json, LogQuery, NewEvent, Position, StoredEvent, StreamId};
use es_postgres::tokio_postgres::{Client, NoTls};
use es_postgres::{PostgresOptions, PostgresStore};
use es_servers::Postgres;

/// A schema of its own in some server.
pub(crate) struct Database {
    url: String,
    schema: String,
}

impl Database {
    /// In the server that this process's tests share.
    pub(crate) fn shared() -> Self {
        Self::of(Postgres::shared())
    }

    pub(crate) fn of(server: &Postgres) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self {
            url: server.url().to_owned(),
            // Of this process, as the server may be the user's; and it wants to be quoted.
            schema: format!("Test's {}/{number}", std::process::id()),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The schema's name, as SQL writes it.
    pub(crate) fn schema(&self) -> String {
        format!("\"{}\"", self.schema)
    }

    pub(crate) fn options(&self) -> PostgresOptions {
        PostgresStore::options()
            .schema(self.schema.as_str())
            .connections(2)
    }

    pub(crate) async fn store(&self) -> PostgresStore {
        self.options()
            .open(self.url())
            .await
            .expect("the store opens")
    }

    /// A connection beside the store.
    pub(crate) async fn client(&self) -> Client {
        let (client, connection) = es_postgres::tokio_postgres::connect(&self.url, NoTls)
            .await
            .expect("a connection");
        tokio::spawn(connection);
        client
    }
}

pub(crate) fn stream(number: u64) -> StreamId {
    StreamId::new("task", &number.to_string()).unwrap()
}

pub(crate) fn event(number: usize) -> NewEvent {
    let payload = Json::parse(format!("{{\"number\":{number}}}")).unwrap();
    NewEvent::new(EventId::random(), "task.numbered", 1, payload)
}

pub(crate) fn events(count: usize) -> Vec<NewEvent> {
    (0..count).map(event).collect()
}

/// The whole log.
pub(crate) async fn log(store: &impl EventStore) -> Vec<StoredEvent> {
    let (mut events, mut after) = (Vec::new(), Position::START);
    loop {
        let page = store.read_log(LogQuery::after(after)).await.unwrap();
        events.extend(page.events);
        after = page.looked_to;
        if page.end {
            return events;
        }
    }
}

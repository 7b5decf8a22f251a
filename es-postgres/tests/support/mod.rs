//! What the tests share.

#![allow(dead_code, reason = "not every test uses all of it")]

pub(crate) mod proxy;

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::process::Command;
use std::task::Poll;
use std::time::Duration;

use es_core::{
    Append, EventId, EventStore, Expected, Json, LogQuery, NewEvent, Position, StoredEvent,
    StreamId,
};
use es_postgres::tokio_postgres::{Client, GenericClient, NoTls};
use es_postgres::{PostgresOptions, PostgresStore};
use es_servers::Postgres;

/// Tells a process that it is the child of a test, and which database it works on.
const CHILD: &str = "ES_POSTGRES_TEST_CHILD";

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
        Self {
            url: server.url().to_owned(),
            // Nobody else's, as the server may be the user's; and it wants to be quoted, in every way.
            schema: format!("Test's $$ {}", EventId::random()),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Another database of the server.
    pub(crate) fn url_of(&self, name: &str) -> String {
        let separator = match (self.url.contains("://"), self.url.contains('?')) {
            (false, _) => ' ',
            (true, true) => '&',
            (true, false) => '?',
        };
        format!("{}{separator}dbname={name}", self.url)
    }

    /// The schema's name, as SQL writes it.
    pub(crate) fn schema(&self) -> String {
        format!("\"{}\"", self.schema)
    }

    pub(crate) fn options(&self) -> PostgresOptions {
        PostgresStore::options()
            .schema(self.schema.as_str())
            .connections(2)
            // A machine that is busy with other things is no fault of the store.
            .connect_timeout(Duration::from_mins(1))
            .lock_timeout(Duration::from_mins(1))
            .statement_timeout(Duration::from_mins(2))
    }

    pub(crate) async fn store(&self) -> PostgresStore {
        self.options()
            .open(self.url())
            .await
            .expect("the store opens")
    }

    /// The schema's name, as it is.
    pub(crate) fn schema_name(&self) -> &str {
        &self.schema
    }

    /// The database that a process's parent made, from what [`child`](Self::child) told it.
    pub(crate) fn from_parent() -> Option<Self> {
        let told = std::env::var(CHILD).ok()?;
        let (url, schema) = told.split_once('\n')?;
        Some(Self {
            url: url.to_owned(),
            schema: schema.to_owned(),
        })
    }

    /// This process's test again, as a child that works on this database.
    pub(crate) fn child(&self, test: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args([test, "--exact", "--nocapture", "--test-threads=1"])
            .env(CHILD, format!("{}\n{}", self.url, self.schema));
        command
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

impl Drop for Database {
    /// A server of the user's is left as it was, if it lets itself; our own ends with the tests.
    fn drop(&mut self) {
        let is_theirs = std::env::var("DATABASE_URL").is_ok_and(|url| url == self.url);
        if !is_theirs || std::env::var_os(CHILD).is_some() {
            return;
        }
        let (url, schema) = (self.url.clone(), self.schema());
        let dropping = async move {
            let (client, connection) = es_postgres::tokio_postgres::connect(&url, NoTls).await?;
            tokio::spawn(connection);
            let drop = format!("SET lock_timeout = '10s'; DROP SCHEMA IF EXISTS {schema} CASCADE");
            client.batch_execute(&drop).await
        };
        // The test's own runtime can't be waited on from here.
        let dropping = std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            runtime.enable_all().build().unwrap().block_on(dropping)
        });
        if let Ok(Err(error)) = dropping.join() {
            eprintln!("a schema is left on the server: {error}");
        }
    }
}

/// Waits for what must happen; a store that never gets there fails the test instead of hanging it.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let output = tokio::time::timeout(Duration::from_mins(1), future).await;
    output.unwrap_or_else(|_| panic!("{what}: not within a minute"))
}

/// Waits until a query answers `true`.
pub(crate) async fn until(client: &Client, query: &str) {
    let asking = async {
        while !client
            .query_one(query, &[])
            .await
            .unwrap()
            .get::<_, bool>(0)
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon(query, asking).await;
}

/// The process that serves a connection.
pub(crate) async fn pid(client: &impl GenericClient) -> i32 {
    let row = client.query_one("SELECT pg_backend_pid()", &[]).await;
    row.unwrap().get(0)
}

/// The query whether so many wait for an advisory lock that this process holds.
pub(crate) fn wait_for(holder: i32, count: u32) -> String {
    format!(
        "SELECT count(*) = {count} FROM pg_locks w JOIN pg_locks h USING (locktype, classid, objid, database) \
         WHERE NOT w.granted AND h.granted AND locktype = 'advisory' AND h.pid = {holder}"
    )
}

/// Polls a future so many times, each time when it is woken, and drops it: its output, if it got that far.
pub(crate) async fn polled<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let (mut future, mut left) = (pin!(future), polls);
    poll_fn(|context| {
        let polled = match left {
            0 => return Poll::Ready(None),
            _ => future.as_mut().poll(context),
        };
        left -= 1;
        match polled {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            // Dropped now, not when it would be woken.
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// An error with all of its causes.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
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

/// The ids of the log's events, after checking that positions are 1, 2, 3 … and revisions too, in each stream.
pub(crate) async fn sound(store: &impl EventStore) -> Vec<EventId> {
    let log = log(store).await;
    let mut revisions: HashMap<&StreamId, u64> = HashMap::new();
    for (position, event) in (1..).zip(&log) {
        assert_eq!(event.position.number(), position);
        let revision = revisions.entry(&event.envelope.stream).or_default();
        *revision += 1;
        assert_eq!(event.envelope.revision.number(), *revision);
    }
    let times = log.iter().map(|event| event.envelope.recorded_at);
    assert!(times.is_sorted());
    log.iter().map(|event| event.envelope.id).collect()
}

/// The statement that puts an event into an empty log, and tells nobody.
pub(crate) fn insert(database: &Database, position: u64, recorded_at: &str) -> String {
    let schema = database.schema();
    let id = EventId::random();
    format!(
        "INSERT INTO {schema}.events (position, stream, revision, id, name, version, recorded_at, payload) \
         VALUES ({position}, 'task/{position}', 1, '{id}', 'task.numbered', 1, {recorded_at}, '{{\"number\":0}}')"
    )
}

/// An append of so many events to this stream, whatever its revision.
pub(crate) fn append(number: u64, count: usize) -> Append {
    Append::new(stream(number), Expected::Any, events(count))
}

//! From the call of an append to the event in a subscriber's hands, beside a bare insert that notifies, and a bare `NOTIFY`.
//!
//! `cargo bench -p es-postgres --bench latency`. The bare sides are an `INSERT` and a `pg_notify` in one statement, and a
//! `pg_notify` alone, which writes nothing, from the call to the notification at another connection, which hasn't read an
//! event by then. Ours is timed for a subscriber in
//! the same store, and for one with a store of its own, as in another process. Sides take turns, append by append.

mod bare;

use std::time::{Duration, Instant};

use bare::{median, table};
use es_core::{
    Append, Checkpoint, EventId, EventStore, Expected, Filter, Json, NewEvent, StreamId,
    Subscription,
};
use es_postgres::PostgresStore;
use es_postgres::tokio_postgres::types::ToSql;
use es_postgres::tokio_postgres::{self as driver, AsyncMessage, NoTls};
use futures_util::StreamExt;
use futures_util::stream::poll_fn;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use uuid::Uuid;

const APPENDS: usize = 1_000;

/// The moments at which something arrives.
type Arrivals = mpsc::UnboundedReceiver<Instant>;

const NOTIFY: &str = "SELECT pg_notify('bare', $1)";

const INSERT: &str = "WITH inserted AS (
    INSERT INTO bare.events
    VALUES ($1, 'account/1', $1, $2, 'account.deposited', 1, clock_timestamp(), NULL, '{\"cents\":1}', NULL, NULL)
    RETURNING position
) SELECT pg_notify('bare', position::text) FROM inserted";

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let server = bare::server();
    runtime.block_on(compare(server.url()));
}

async fn compare(url: &str) {
    table(url).await;
    let (one, other) = (open(url).await, open(url).await);
    let mut notified = notifications(url).await;
    let mut same = follow(&one);
    let mut another = follow(&other);
    let client = bare::connect(url).await;
    let insert = client.prepare(INSERT).await.expect("a statement");
    let notify = client.prepare(NOTIFY).await.expect("a statement");
    // Everybody has connected, listens and waits.
    tokio::time::sleep(Duration::from_secs(2)).await;

    let (mut alone, mut bares) = (Vec::new(), Vec::new());
    let (mut sames, mut others) = (Vec::new(), Vec::new());
    for number in 1..=APPENDS {
        let number = i64::try_from(number).unwrap_or_default();
        let payload = number.to_string();
        let parameters: [&(dyn ToSql + Sync); 1] = [&payload];
        let start = Instant::now();
        let notifying = client.query_one(&notify, &parameters);
        let (done, arrived) = tokio::join!(notifying, notified.recv());
        done.expect("it notifies");
        alone.push(since(start, arrived));

        let id = Uuid::from(EventId::random());
        let start = Instant::now();
        let parameters: [&(dyn ToSql + Sync); 2] = [&number, &id];
        let inserted = client.query_one(&insert, &parameters);
        let (inserted, arrived) = tokio::join!(inserted, notified.recv());
        inserted.expect("it is inserted");
        bares.push(since(start, arrived));

        let payload = Json::from_stored(r#"{"cents":1}"#);
        let event = NewEvent::new(EventId::random(), "account.deposited", 1, payload);
        let stream = StreamId::new("account", "1").expect("a name");
        let start = Instant::now();
        let appended = one.append(Append::new(stream, Expected::Any, vec![event]));
        let (appended, here, there) = tokio::join!(appended, same.recv(), another.recv());
        appended.expect("it is appended");
        sames.push(since(start, here));
        others.push(since(start, there));
    }
    let (notify, bare) = (median(alone), median(bares));
    println!(
        "| p50 of {APPENDS} | µs | to the insert | to the notification (wanted: below 2) |\n|---|---|---|---|"
    );
    println!("| bare notification | {notify:.0} | | |");
    println!(
        "| bare insert to notification | {bare:.0} | | {:.2} |",
        bare / notify
    );
    for (name, times) in [("same store", sames), ("another store", others)] {
        let ours = median(times);
        println!(
            "| append to subscriber, {name} | {ours:.0} | {:.2} | {:.2} |",
            ours / bare,
            ours / notify
        );
    }
}

/// Microseconds.
fn since(start: Instant, arrived: Option<Instant>) -> f64 {
    let arrived = arrived.expect("it arrives");
    arrived.duration_since(start).as_secs_f64() * 1e6
}

async fn open(url: &str) -> PostgresStore {
    PostgresStore::open(url).await.expect("the store opens")
}

fn follow(store: &PostgresStore) -> Arrivals {
    let (arrived, arrivals) = mpsc::unbounded_channel();
    let mut subscription = Subscription::new(store.clone(), Filter::all(), Checkpoint::START);
    tokio::spawn(async move {
        loop {
            if !subscription.next().await.expect("an event").is_caught_up() {
                let _ = arrived.send(Instant::now());
            }
        }
    });
    arrivals
}

async fn notifications(url: &str) -> Arrivals {
    let (arrived, arrivals) = mpsc::unbounded_channel();
    let (client, mut connection) = driver::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(async move {
        let mut messages = poll_fn(move |context| connection.poll_message(context));
        while let Some(Ok(message)) = messages.next().await {
            if let AsyncMessage::Notification(_) = message {
                let _ = arrived.send(Instant::now());
            }
        }
    });
    client
        .batch_execute("LISTEN bare")
        .await
        .expect("it listens");
    // It lives as long as the benchmark.
    std::mem::forget(client);
    arrivals
}

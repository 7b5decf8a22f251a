//! What a projection makes of a batch before its turn.

use std::sync::atomic::{AtomicU32, Ordering};

use es_core::{
    Batch, Cause, Consumer, Event, EventId, EventStore, FailureClass, Json, LogQuery, NewEvent,
    Position, Projection, Recorded, StoredEvent,
};
use es_sqlite::{Context, SqliteHandler};
use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::{Bench, append};

/// How many events were decoded.
static DECODED: AtomicU32 = AtomicU32::new(0);

fn counted<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    DECODED.fetch_add(1, Ordering::SeqCst);
    i64::deserialize(deserializer)
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "scale.weighed")]
struct Weighed {
    #[serde(deserialize_with = "counted")]
    grams: i64,
}

#[derive(Projection)]
#[projection(name = "weights", version = 1, event = WeightsEvent)]
#[event(Weighed)]
struct Weights;

impl SqliteHandler for Weights {
    fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        Ok(transaction.execute_batch("CREATE TABLE weights (position PRIMARY KEY, grams)")?)
    }

    fn handle(
        &mut self,
        event: Recorded<WeightsEvent>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let WeightsEvent::Weighed(Weighed { grams }) = event.event;
        let position = i64::try_from(context.position().number())?;
        context.execute("INSERT INTO weights VALUES (?1, ?2)", (position, grams))?;
        Ok(())
    }
}

/// Two events to a batch.
async fn batches(bench: &Bench, payloads: impl IntoIterator<Item = String>) -> Vec<Batch> {
    let weighed = |payload| {
        let payload = Json::parse(payload).unwrap();
        NewEvent::new(EventId::random(), "scale.weighed", 1, payload)
    };
    let events = payloads.into_iter().map(weighed).collect();
    append(&bench.store, "a", events).await;
    let log = bench.store.read_log(LogQuery::after(Position::START)).await;
    let events = log.unwrap().events;
    let batch = |events: &[StoredEvent]| Batch::new(events, events[1].position, false);
    events.chunks(2).map(batch).collect()
}

fn weights(bench: &Bench) -> Vec<(i64, i64)> {
    let connection = Connection::open(bench.file()).unwrap();
    let mut statement = connection
        .prepare("SELECT position, grams FROM weights ORDER BY position")
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

fn grams(grams: i64) -> String {
    format!("{{\"grams\":{grams}}}")
}

/// One after the other, as they share a count.
#[tokio::test]
async fn what_is_prepared_is_made_once_and_what_fails_does_so_in_its_turn() {
    what_is_prepared_is_decoded_once().await;
    what_was_prepared_and_does_not_come_is_forgotten().await;
    what_cannot_be_read_fails_in_its_turn().await;
}

async fn what_is_prepared_is_decoded_once() {
    let bench = Bench::new().await;
    let batches = batches(&bench, (1..=6).map(grams)).await;
    let mut projection = bench.models().await.projection(Weights);
    projection.begin().await.unwrap();
    DECODED.store(0, Ordering::SeqCst);
    projection.prepare(&batches[1]);
    projection.consume(&batches[0]).await.unwrap();
    assert_eq!(weights(&bench), [(1, 1), (2, 2)]);
    projection.prepare(&batches[2]);
    // As a runner does after a failure, in pieces.
    for event in batches[1].events.chunks(1) {
        let piece = Batch::new(event, event[0].position, false);
        projection.consume(&piece).await.unwrap();
    }
    projection.consume(&batches[2]).await.unwrap();
    let all: Vec<(i64, i64)> = (1..=6).map(|number| (number, number)).collect();
    assert_eq!(weights(&bench), all);
    // The second piece of the second batch wasn't kept beside what comes after it.
    assert_eq!(DECODED.load(Ordering::SeqCst), 7);
}

async fn what_was_prepared_and_does_not_come_is_forgotten() {
    let bench = Bench::new().await;
    let batches = batches(&bench, (1..=6).map(grams)).await;
    let mut projection = bench.models().await.projection(Weights);
    projection.begin().await.unwrap();
    projection.prepare(&batches[2]);
    projection.consume(&batches[0]).await.unwrap();
    projection.consume(&batches[1]).await.unwrap();
    projection.consume(&batches[2]).await.unwrap();
    let all: Vec<(i64, i64)> = (1..=6).map(|number| (number, number)).collect();
    assert_eq!(weights(&bench), all);
}

async fn what_cannot_be_read_fails_in_its_turn() {
    let bench = Bench::new().await;
    let payloads = (1..=3).map(grams).chain(["{}".to_owned()]);
    let batches = batches(&bench, payloads).await;
    let mut projection = bench.models().await.projection(Weights);
    projection.begin().await.unwrap();
    projection.prepare(&batches[1]);
    projection.consume(&batches[0]).await.unwrap();
    let refusal = projection.consume(&batches[1]).await.unwrap_err();
    assert_eq!(refusal.failure.class(), FailureClass::Decoding);
    assert_eq!(refusal.failure.position(), Some(Position::new(4)));
    // Nothing of it is in.
    assert_eq!(weights(&bench), [(1, 1), (2, 2)]);
    assert_eq!(projection.standing().frontier, Position::new(2));
}

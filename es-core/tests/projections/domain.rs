//! What these tests project.

use std::time::Duration;

use es_core::{
    Append, Apply, Event, EventId, EventStore, Expected, Json, NewEvent, Position, Projection,
    Recorded, StreamId,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "counter.counted", version = 2)]
pub(crate) struct Counted {
    #[event(since = 2, renamed_from = "n")]
    pub by: u64,
}

/// The sum, and each number in the order of its coming.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Projection)]
#[projection(name = "sums", version = 1)]
#[event(Counted)]
pub(crate) struct Sums {
    pub total: u64,
    pub numbers: Vec<u64>,
}

impl Apply<Recorded<Counted>> for Sums {
    fn apply(&mut self, counted: Recorded<Counted>) {
        self.total += counted.by;
        self.numbers.push(counted.by);
    }
}

pub(crate) async fn append(
    store: &impl EventStore,
    name: &str,
    version: u32,
    payload: String,
) -> Position {
    let payload = Json::parse(payload).unwrap();
    let event = NewEvent::new(EventId::random(), name, version, payload);
    let stream = StreamId::new("counter", "1").unwrap();
    let append = Append::new(stream, Expected::Any, vec![event]);
    store.append(append).await.unwrap().position()
}

pub(crate) async fn count(store: &impl EventStore, by: u64) -> Position {
    append(store, "counter.counted", 2, format!("{{\"by\":{by}}}")).await
}

/// An event that nobody here wants.
pub(crate) async fn noise(store: &impl EventStore) -> Position {
    append(store, "noise.made", 1, "{}".to_owned()).await
}

/// Waits for a fact; a test that is stuck says so.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    let time = Duration::from_secs(30);
    let waited = tokio::time::timeout(time, future).await;
    waited.expect("this should have come long ago")
}

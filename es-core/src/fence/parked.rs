use crate::{EventStore, Failure, LogQuery, Position, StoredEvent};

/// An event that a projection in a database has put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParkedEvent {
    /// Its place in the log.
    pub position: Position,
    /// What it belongs to.
    pub key: String,
    /// Why it was put aside; `None` if it waits behind another of its key.
    pub failure: Option<String>,
}

impl ParkedEvent {
    /// The event at this position, as its row says it.
    pub fn new(position: Position, key: impl Into<String>, failure: Option<String>) -> Self {
        Self {
            position,
            key: key.into(),
            failure,
        }
    }

    /// The event itself, from the log.
    ///
    /// # Errors
    ///
    /// The store's own, or that the event isn't in its log.
    pub async fn read(&self, store: &impl EventStore) -> Result<StoredEvent, Failure> {
        let query = LogQuery::at(self.position);
        let found = store.read_log(query).await?.events.pop();
        found.ok_or_else(|| Failure::Database {
            passing: false,
            cause: "a parked event is not in the log".into(),
        })
    }
}

/// What a retry of parked events came to.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Retried {
    /// How many events were taken in.
    pub taken: usize,
    /// Why the next one wasn't; it and those behind it are still parked.
    pub failure: Option<Failure>,
}

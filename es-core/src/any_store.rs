use std::fmt;
use std::sync::Arc;

use futures_core::future::BoxFuture;

use crate::{
    Append, Appended, EventId, EventStore, LogPage, LogQuery, Position, Revision, Snapshot,
    SnapshotStore, StateStore,
};
use crate::{StoreError, StoredEvent, StreamId, StreamPage, StreamQuery};

/// Any store with its snapshots, chosen when the program runs: `Repository<Account, AnyStore>`. Cheap to clone.
#[derive(Clone)]
pub struct AnyStore {
    events: Arc<dyn EventStore>,
    snapshots: Arc<dyn SnapshotStore>,
    states: Option<Arc<dyn StateStore>>,
}

impl AnyStore {
    /// The store behind one type.
    pub fn new<S: EventStore + SnapshotStore>(store: S) -> Self {
        let store = Arc::new(store);
        Self {
            events: Arc::clone(&store) as Arc<dyn EventStore>,
            snapshots: store,
            states: None,
        }
    }

    /// A store of events and another one of snapshots.
    pub fn with_snapshots(events: impl EventStore, snapshots: impl SnapshotStore) -> Self {
        Self {
            events: Arc::new(events),
            snapshots: Arc::new(snapshots),
            states: None,
        }
    }

    /// Where projections in memory save their states, and forwarders their places: a read models' database, or the
    /// memory store itself.
    #[must_use]
    pub fn with_states(self, states: impl StateStore) -> Self {
        Self {
            states: Some(Arc::new(states)),
            ..self
        }
    }

    /// What was given to [`with_states`](Self::with_states).
    pub fn states(&self) -> Option<Arc<dyn StateStore>> {
        self.states.clone()
    }
}

impl fmt::Debug for AnyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyStore")
    }
}

impl EventStore for AnyStore {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        self.events.append(append)
    }

    fn find<'a>(
        &'a self,
        stream: &'a StreamId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<StoredEvent>, StoreError>> {
        self.events.find(stream, id)
    }

    fn read_stream(&self, query: StreamQuery) -> BoxFuture<'_, Result<StreamPage, StoreError>> {
        self.events.read_stream(query)
    }

    fn read_log(&self, query: LogQuery) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        self.events.read_log(query)
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        self.events.head()
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        self.events.wait_past(position)
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.events.close()
    }

    fn hashed_from(&self) -> BoxFuture<'_, Result<Option<Position>, StoreError>> {
        self.events.hashed_from()
    }
}

impl SnapshotStore for AnyStore {
    fn load_snapshot<'a>(
        &'a self,
        stream: &'a StreamId,
        at_most: Revision,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, StoreError>> {
        self.snapshots.load_snapshot(stream, at_most)
    }

    fn keep_snapshot(&self, snapshot: Snapshot) -> BoxFuture<'_, Result<(), StoreError>> {
        self.snapshots.keep_snapshot(snapshot)
    }

    fn delete_snapshots<'a>(
        &'a self,
        stream: &'a StreamId,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.snapshots.delete_snapshots(stream)
    }
}

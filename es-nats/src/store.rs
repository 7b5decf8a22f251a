use std::fmt;
use std::sync::Arc;

use es_core::{
    Append, Appended, BoxFuture, EventId, EventStore, LogPage, LogQuery, Position, Revision,
    Snapshot, SnapshotStore, StoreError, StoredEvent, StreamId, StreamPage, StreamQuery,
};

use crate::NatsOptions;
use crate::log::Log;
use crate::schema;
use crate::snapshot::Snapshots;
use crate::wire::Wire;

/// A store in a log on NATS JetStream. Its clones share a connection, and what they remember of streams.
///
/// It lives on the Tokio runtime on which it was opened.
#[derive(Clone)]
pub struct NatsStore {
    log: Arc<Log>,
    snapshots: Arc<Snapshots>,
}

impl NatsStore {
    /// Opens the log on a server, or makes one, as [`options`](Self::options) are by default.
    ///
    /// # Errors
    ///
    /// As [`NatsOptions::open`].
    pub async fn open(addresses: impl AsRef<str>) -> Result<Self, StoreError> {
        Self::options().open(addresses).await
    }

    /// Opens a store in another way.
    pub fn options() -> NatsOptions {
        NatsOptions::new()
    }

    pub(crate) async fn start(options: NatsOptions, wire: Wire) -> Result<Self, StoreError> {
        let opened = schema::open(&wire, &options).await?;
        let replicas = opened.replicas;
        tracing::debug!(log = options.name, replicas, "NATS store opened");
        let snapshots = Snapshots::new(wire.clone(), &options.name, replicas);
        Ok(Self {
            log: Arc::new(Log::new(wire, opened, options.clock)),
            snapshots: Arc::new(snapshots),
        })
    }
}

impl fmt::Debug for NatsStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsStore")
            .field("name", &self.log.name)
            .field("replicas", &self.log.replicas)
            .finish_non_exhaustive()
    }
}

impl EventStore for NatsStore {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        Box::pin(self.log.append(append))
    }

    fn find<'a>(
        &'a self,
        stream: &'a StreamId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<StoredEvent>, StoreError>> {
        Box::pin(self.log.find(stream, id))
    }

    fn read_stream(&self, query: StreamQuery) -> BoxFuture<'_, Result<StreamPage, StoreError>> {
        Box::pin(self.log.read_stream(query))
    }

    fn read_log(&self, query: LogQuery) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        Box::pin(self.log.read_log(query))
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        Box::pin(self.log.head())
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.log.wait_past(position))
    }

    fn hashed_from(&self) -> BoxFuture<'_, Result<Option<Position>, StoreError>> {
        Box::pin(async { Ok(self.log.hashed_from()) })
    }
}

impl SnapshotStore for NatsStore {
    fn load_snapshot<'a>(
        &'a self,
        stream: &'a StreamId,
        at_most: Revision,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, StoreError>> {
        Box::pin(self.snapshots.load(stream, at_most))
    }

    fn keep_snapshot(&self, snapshot: Snapshot) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.snapshots.keep(snapshot))
    }

    fn delete_snapshots<'a>(
        &'a self,
        stream: &'a StreamId,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.snapshots.delete(stream))
    }
}

use std::sync::Arc;

use futures_core::future::BoxFuture;

use crate::{
    Append, Appended, EventId, LogPage, LogQuery, Position, StoreError, StoredEvent, StreamId,
};
use crate::{StreamPage, StreamQuery};

/// Keeps events: appends them to streams, and reads streams and the log of all of them.
///
/// Implemented by each store crate, which passes the conformance table of `es-testkit`: that table is the contract,
/// law by law. Called by the [`Repository`](crate::Repository) and by [`Subscription`](crate::Subscription). It
/// is not a place for state: a [`SnapshotStore`](crate::SnapshotStore) caches that.
///
/// Futures are boxed so that `Arc<dyn EventStore>` works and a program can choose its store when it runs; one
/// allocation is nothing beside a round trip.
///
/// A store that stands before another, to count appends (`es-memory` is the smallest complete one):
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use es_core::{
///     Append, Appended, BoxFuture, EventId, EventStore, LogPage, LogQuery, Position, StoreError, StoredEvent, StreamId,
///     StreamPage, StreamQuery,
/// };
///
/// struct Counting<S> {
///     store: S,
///     appends: AtomicU64,
/// }
///
/// impl<S: EventStore> EventStore for Counting<S> {
///     fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
///         self.appends.fetch_add(1, Ordering::Relaxed);
///         self.store.append(append)
///     }
///     fn find<'a>(&'a self, stream: &'a StreamId, id: EventId) -> BoxFuture<'a, Result<Option<StoredEvent>, StoreError>> {
///         self.store.find(stream, id)
///     }
///     fn read_stream(&self, query: StreamQuery) -> BoxFuture<'_, Result<StreamPage, StoreError>> {
///         self.store.read_stream(query)
///     }
///     fn read_log(&self, query: LogQuery) -> BoxFuture<'_, Result<LogPage, StoreError>> {
///         self.store.read_log(query)
///     }
///     fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
///         self.store.head()
///     }
///     fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
///         self.store.wait_past(position)
///     }
///     fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
///         self.store.close()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event store",
    note = "stores are `MemoryStore`, `SqliteStore`, `PostgresStore`, `NatsStore` and every `Arc` of one"
)]
pub trait EventStore: Send + Sync + 'static {
    /// Appends all events of `append` or none, and answers once that is durable.
    ///
    /// The append is first known by its event ids, then judged by its expectation: see [`Append::judge`]. Dropping
    /// the future leaves all of the append or nothing.
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>>;

    /// The event of a stream with this id.
    fn find<'a>(
        &'a self,
        stream: &'a StreamId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<StoredEvent>, StoreError>>;

    /// Reads a page of a stream; a stream that doesn't exist is empty.
    fn read_stream(&self, query: StreamQuery) -> BoxFuture<'_, Result<StreamPage, StoreError>>;

    /// Reads a page of the log and tells how far it looked.
    fn read_log(&self, query: LogQuery) -> BoxFuture<'_, Result<LogPage, StoreError>>;

    /// The position of the log's last event, [`Position::START`] if there is none.
    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>>;

    /// Waits until the log may hold an event past `position`.
    ///
    /// It returns at once if it does, never misses one that is appended while it waits, and may return too early.
    fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Writes what is queued, and ends what the store runs. Handles that are left answer [`StoreError::Unavailable`] to
    /// appends then.
    ///
    /// A store that queues nothing has nothing to do, which is what stands here: it ends with its last handle.
    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    /// From which position on every event has a hash, if the log is tamper-evident: a
    /// [`Verification`](crate::Verification) then finds hashes that were taken away.
    ///
    /// Whoever wraps a store passes it on. A store that computes no hashes has nothing to say, which is what stands here.
    fn hashed_from(&self) -> BoxFuture<'_, Result<Option<Position>, StoreError>> {
        Box::pin(async { Ok(None) })
    }
}

impl<S: EventStore + ?Sized> EventStore for Arc<S> {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        (**self).append(append)
    }

    fn find<'a>(
        &'a self,
        stream: &'a StreamId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<StoredEvent>, StoreError>> {
        (**self).find(stream, id)
    }

    fn read_stream(&self, query: StreamQuery) -> BoxFuture<'_, Result<StreamPage, StoreError>> {
        (**self).read_stream(query)
    }

    fn read_log(&self, query: LogQuery) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        (**self).read_log(query)
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        (**self).head()
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        (**self).wait_past(position)
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        (**self).close()
    }

    fn hashed_from(&self) -> BoxFuture<'_, Result<Option<Position>, StoreError>> {
        (**self).hashed_from()
    }
}

use std::sync::Arc;

use futures_core::future::BoxFuture;

use crate::temporal::read_kept;
use crate::{Aggregate, EventId, Json, Payload, Revision, StoreError, StreamId};

/// An aggregate whose state may be kept as snapshots, so that loading it needn't fold its whole stream.
///
/// Implemented by `#[aggregate(snapshot(every = …, fold = …))]`, which asks for serde's derives on the state; asked
/// for by [`Repository::with_snapshots`](crate::Repository::with_snapshots). A snapshot is a cache: it is never the truth, and deleting
/// all of them loses nothing.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// # use es_core::{Aggregate, Apply, Event, NoError, Snapshotting};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "counter.counted")]
/// # struct Counted {}
/// #[derive(Default, Serialize, Deserialize, Aggregate)]
/// #[aggregate(name = "counter", id = String, event = CounterEvent, error = NoError, snapshot(every = 100, fold = 1))]
/// #[event(Counted)]
/// struct Counter {
///     count: u64,
/// }
/// # impl Apply<Counted> for Counter {
/// #     fn apply(&mut self, _: Counted) { self.count += 1; }
/// # }
///
/// fn kept<A: Snapshotting>() -> Option<u64> {
///     A::SNAPSHOTS.map(|policy| policy.every)
/// }
/// assert_eq!(kept::<Counter>(), Some(100));
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` doesn't say how often it is kept as a snapshot",
    label = "add `snapshot(every = 100, fold = 1)` to `#[aggregate(…)]` on `{Self}`, or leave the snapshots out"
)]
pub trait Snapshotting: Aggregate {}

/// When an aggregate's state is kept, and what a kept state must match to be used.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct SnapshotPolicy<A> {
    /// A snapshot is kept at the first append that passes each multiple of this many events.
    pub every: u64,
    /// Says what the fold means: raise it when `Apply` computes something else from the same events.
    pub fold: u32,
    /// A fingerprint of the state's fields and its events' versions, computed by the derive.
    pub schema: u64,
    /// Encodes the state.
    pub encode: fn(&A) -> Result<Json, crate::EncodeError>,
    /// Decodes the state.
    pub decode: fn(&str) -> Option<A>,
}

impl<A> SnapshotPolicy<A> {
    /// The policy of an aggregate whose state serde can store.
    pub const fn new(every: u64, fold: u32, schema: u64) -> Self
    where
        A: Payload,
    {
        Self {
            every,
            fold,
            schema,
            encode: A::encoded,
            decode: |text| A::decoded(text).ok(),
        }
    }
}

/// A kept state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The stream that was folded.
    pub stream: StreamId,
    /// Up to and including this event.
    pub revision: Revision,
    /// That event's id: a stream that was restored to another past has another one there.
    pub event_id: EventId,
    /// The fingerprint of the state's schema.
    pub schema: u64,
    /// The version of the fold.
    pub fold: u32,
    /// The state.
    pub state: Json,
}

impl Snapshot {
    /// A snapshot of a state.
    pub fn new(
        stream: StreamId,
        revision: Revision,
        event_id: EventId,
        schema: u64,
        fold: u32,
        state: Json,
    ) -> Self {
        Self {
            stream,
            revision,
            event_id,
            schema,
            fold,
            state,
        }
    }

    /// The state that is kept; `None` if another schema or fold of the aggregate made it, or it isn't such a state.
    pub fn state_of<A: Aggregate>(&self) -> Option<A> {
        let policy = A::SNAPSHOTS?;
        if (self.schema, self.fold) != (policy.schema, policy.fold) {
            return None;
        }
        (policy.decode)(read_kept::<A>(self.state.as_str())?.state)
    }
}

/// Keeps snapshots of aggregates.
///
/// Implemented by each store crate beside [`EventStore`](crate::EventStore); called by a repository made with
/// [`with_snapshots`](crate::Repository::with_snapshots). It promises nothing: it may forget any snapshot at any time.
///
/// ```
/// use es_core::{BoxFuture, Revision, Snapshot, SnapshotStore, StoreError, StreamId};
///
/// /// Remembers nothing, which is correct.
/// struct Forgetful;
///
/// impl SnapshotStore for Forgetful {
///     fn load_snapshot<'a>(
///         &'a self,
///         _: &'a StreamId,
///         _: Revision,
///     ) -> BoxFuture<'a, Result<Option<Snapshot>, StoreError>> {
///         Box::pin(async { Ok(None) })
///     }
///     fn keep_snapshot(&self, _: Snapshot) -> BoxFuture<'_, Result<(), StoreError>> {
///         Box::pin(async { Ok(()) })
///     }
///     fn delete_snapshots<'a>(&'a self, _: &'a StreamId) -> BoxFuture<'a, Result<(), StoreError>> {
///         Box::pin(async { Ok(()) })
///     }
/// }
/// ```
pub trait SnapshotStore: Send + Sync + 'static {
    /// The newest snapshot of a stream at or below a revision.
    fn load_snapshot<'a>(
        &'a self,
        stream: &'a StreamId,
        at_most: Revision,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, StoreError>>;

    /// Keeps a snapshot, in place of one of the same stream and revision.
    fn keep_snapshot(&self, snapshot: Snapshot) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Forgets all snapshots of a stream.
    fn delete_snapshots<'a>(
        &'a self,
        stream: &'a StreamId,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
}

impl<S: SnapshotStore + ?Sized> SnapshotStore for Arc<S> {
    fn load_snapshot<'a>(
        &'a self,
        stream: &'a StreamId,
        at_most: Revision,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, StoreError>> {
        (**self).load_snapshot(stream, at_most)
    }

    fn keep_snapshot(&self, snapshot: Snapshot) -> BoxFuture<'_, Result<(), StoreError>> {
        (**self).keep_snapshot(snapshot)
    }

    fn delete_snapshots<'a>(
        &'a self,
        stream: &'a StreamId,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        (**self).delete_snapshots(stream)
    }
}

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use es_core::wake::Head;
use es_core::{
    Append, Appended, BoxFuture, Clock, EventId, EventStore, LogPage, LogQuery, Position, Revision,
    SavedState, Snapshot, SnapshotStore, StoreError, StoredEvent, StreamId, StreamPage,
    StreamQuery, SystemClock,
};

/// A store in memory. Its clones are handles of the same store.
#[derive(Clone)]
pub struct MemoryStore {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub clock: Box<dyn Clock>,
    log: Mutex<Log>,
    snapshots: Mutex<Snapshots>,
    states: Mutex<States>,
    /// The last position; told while the log is locked, so that it never runs ahead of what a reader finds.
    pub head: Head,
}

/// Every event, in the order of its position, and where each stream's are.
#[derive(Default)]
pub(crate) struct Log {
    /// Position `p` is at index `p - 1`.
    pub events: Vec<StoredEvent>,
    pub streams: HashMap<StreamId, Stream>,
    /// From where on events are hashed, if they are.
    pub hashed_from: Option<Position>,
}

#[derive(Default)]
pub(crate) struct Stream {
    /// Revision `r` is the event at index `places[r - 1]` of the log.
    pub places: Vec<usize>,
    /// Each id's index in `places`.
    pub ids: HashMap<EventId, usize>,
}

/// By the projection's name and version.
pub(crate) type States = HashMap<(Arc<str>, u32), SavedState>;

pub(crate) type Snapshots = HashMap<StreamId, BTreeMap<Revision, Snapshot>>;

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::with_clock(SystemClock)
    }

    /// An empty store whose events are recorded at this clock's time.
    pub fn with_clock(clock: impl Clock) -> Self {
        Self {
            shared: Arc::new(Shared {
                clock: Box::new(clock),
                log: Mutex::default(),
                snapshots: Mutex::default(),
                states: Mutex::default(),
                head: Head::default(),
            }),
        }
    }
}

impl MemoryStore {
    /// Hashes each event from here on, as a store with a database does that was opened so: to be checked by
    /// [`Verification`](es_core::Verification).
    pub fn tamper_evident(self) -> Self {
        let mut log = self.shared.log();
        let next = Position::new(log.events.len() as u64 + 1);
        log.hashed_from.get_or_insert(next);
        drop(log);
        self
    }
}

impl Shared {
    /// The log, for as long as it is borrowed to nobody else. It is changed only by what can't panic half-way, so a
    /// panic elsewhere doesn't spoil it.
    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn snapshots(&self) -> MutexGuard<'_, Snapshots> {
        self.snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn states(&self) -> MutexGuard<'_, States> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("head", &self.shared.log().head())
            .finish_non_exhaustive()
    }
}

/// Nothing here waits but `wait_past`. Each future does its work when it is first polled, in one go: dropped before
/// that, it has done nothing.
impl EventStore for MemoryStore {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        Box::pin(async move { self.shared.append(append) })
    }

    fn find<'a>(
        &'a self,
        stream: &'a StreamId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<StoredEvent>, StoreError>> {
        Box::pin(async move { Ok(self.shared.log().find(stream, id)) })
    }

    fn read_stream(&self, query: StreamQuery) -> BoxFuture<'_, Result<StreamPage, StoreError>> {
        Box::pin(async move { Ok(self.shared.log().read_stream(&query)) })
    }

    fn read_log(&self, query: LogQuery) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        Box::pin(async move { Ok(self.shared.log().read(&query)) })
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        Box::pin(async move { Ok(self.shared.log().head()) })
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.shared.wait_past(position))
    }

    fn hashed_from(&self) -> BoxFuture<'_, Result<Option<Position>, StoreError>> {
        Box::pin(async move { Ok(self.shared.log().hashed_from) })
    }
}

impl SnapshotStore for MemoryStore {
    fn load_snapshot<'a>(
        &'a self,
        stream: &'a StreamId,
        at_most: Revision,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, StoreError>> {
        Box::pin(async move { Ok(self.shared.load_snapshot(stream, at_most)) })
    }

    fn keep_snapshot(&self, snapshot: Snapshot) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.shared.keep_snapshot(snapshot);
            Ok(())
        })
    }

    fn delete_snapshots<'a>(
        &'a self,
        stream: &'a StreamId,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.shared.delete_snapshots(stream);
            Ok(())
        })
    }
}

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use es_core::{
    Append, Appended, BoxFuture, EventId, EventStore, Expected, LogPage, LogQuery, NewEvent,
    Position, Revision, Snapshot, SnapshotStore, StoreError, StoredEvent, StreamId, StreamPage,
    StreamQuery,
};

/// A store that goes wrong on cue, to test what is built on stores: that a retry retries, and that nothing is written
/// twice.
///
/// It stands before a store that works. Clones share it, with its cues and its count of calls.
///
/// ```
/// # futures_util::FutureExt::now_or_never(async {
/// use es_core::{Append, EventId, EventStore, Expected, Json, NewEvent, StoreError, StreamId};
/// use es_memory::MemoryStore;
/// use es_testkit::{Fault, FaultyStore};
///
/// let store = FaultyStore::new(MemoryStore::new()).on_append(1, Fault::AcknowledgementLost);
/// let opened = NewEvent::new(EventId::random(), "account.opened", 1, Json::parse("{}")?);
/// let append = Append::new(StreamId::new("account", "1")?, Expected::NoStream, vec![opened]);
///
/// let lost = store.append(append.clone()).await;
/// assert!(matches!(lost, Err(StoreError::Unknown(_))));
/// assert!(store.append(append).await?.is_repeated());
/// assert_eq!(store.calls().appends, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap().unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct FaultyStore<S> {
    store: S,
    script: Arc<Mutex<Script>>,
}

/// What goes wrong with an append.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Somebody else appends this event to the stream first. An append that expects a revision is in conflict then.
    Overtaken(NewEvent),
    /// The store is away: nothing is written, and it says so.
    Unavailable,
    /// The append never arrives: nothing is written, and the answer is [`StoreError::Unknown`].
    RequestLost,
    /// The append is written, and the answer is [`StoreError::Unknown`].
    AcknowledgementLost,
    /// The append is not written, and never answered.
    Hangs,
}

/// How often each operation was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Calls {
    /// Appends, those that went wrong included.
    pub appends: u64,
    /// Look-ups of an event by its id.
    pub finds: u64,
    /// Pages of streams.
    pub stream_reads: u64,
    /// Pages of the log.
    pub log_reads: u64,
}

#[derive(Debug, Default)]
struct Script {
    /// By the number of the append, from 1.
    faults: BTreeMap<u64, Fault>,
    calls: Calls,
}

impl<S> FaultyStore<S> {
    /// A store before `store` with which nothing goes wrong yet.
    pub fn new(store: S) -> Self {
        let script = Arc::default();
        Self { store, script }
    }

    /// The `n`-th append, counted from 1, goes wrong.
    pub fn on_append(self, n: u64, fault: Fault) -> Self {
        self.script().faults.insert(n, fault);
        self
    }

    /// The next append goes wrong; called again, the one after it too.
    pub fn on_next_append(&self, fault: Fault) {
        let mut script = self.script();
        let mut next = script.calls.appends + 1;
        while script.faults.contains_key(&next) {
            next += 1;
        }
        script.faults.insert(next, fault);
    }

    /// How often each operation was called until now.
    pub fn calls(&self) -> Calls {
        self.script().calls
    }

    /// The store behind it, with which nothing goes wrong.
    pub fn inner(&self) -> &S {
        &self.store
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, which: impl FnOnce(&mut Calls) -> &mut u64) {
        *which(&mut self.script().calls) += 1;
    }

    fn next_fault(&self) -> Option<Fault> {
        let mut script = self.script();
        script.calls.appends += 1;
        let n = script.calls.appends;
        script.faults.remove(&n)
    }
}

impl<S: EventStore> FaultyStore<S> {
    async fn perform(&self, append: Append) -> Result<Appended, StoreError> {
        let broke_off = || StoreError::Unknown("the connection broke".into());
        match self.next_fault() {
            None => self.store.append(append).await,
            Some(Fault::Overtaken(event)) => {
                let first = Append::new(append.stream.clone(), Expected::Any, vec![event]);
                self.store.append(first).await?;
                self.store.append(append).await
            }
            Some(Fault::Unavailable) => Err(StoreError::Unavailable("the store is away".into())),
            Some(Fault::RequestLost) => Err(broke_off()),
            Some(Fault::AcknowledgementLost) => {
                self.store.append(append).await?;
                Err(broke_off())
            }
            Some(Fault::Hangs) => std::future::pending().await,
        }
    }
}

/// The faults come when an append is first polled, in the order of the polls.
impl<S: EventStore> EventStore for FaultyStore<S> {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        Box::pin(self.perform(append))
    }

    fn find<'a>(
        &'a self,
        stream: &'a StreamId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<StoredEvent>, StoreError>> {
        self.count(|calls| &mut calls.finds);
        self.store.find(stream, id)
    }

    fn read_stream(&self, query: StreamQuery) -> BoxFuture<'_, Result<StreamPage, StoreError>> {
        self.count(|calls| &mut calls.stream_reads);
        self.store.read_stream(query)
    }

    fn read_log(&self, query: LogQuery) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        self.count(|calls| &mut calls.log_reads);
        self.store.read_log(query)
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        self.store.head()
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.wait_past(position)
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.close()
    }

    fn hashed_from(&self) -> BoxFuture<'_, Result<Option<Position>, StoreError>> {
        self.store.hashed_from()
    }
}

impl<S: SnapshotStore> SnapshotStore for FaultyStore<S> {
    fn load_snapshot<'a>(
        &'a self,
        stream: &'a StreamId,
        at_most: Revision,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, StoreError>> {
        self.store.load_snapshot(stream, at_most)
    }

    fn keep_snapshot(&self, snapshot: Snapshot) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.keep_snapshot(snapshot)
    }

    fn delete_snapshots<'a>(
        &'a self,
        stream: &'a StreamId,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.store.delete_snapshots(stream)
    }
}

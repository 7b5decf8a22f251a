//! A store with one flaw over the memory store.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use es_core::{
    AnyStore, Append, Appended, BoxFuture, Cause, EventId, EventStore, LogPage, LogQuery,
    Placement, Position, Revision, Snapshot, SnapshotStore, StoreError, StoredEvent, StreamId,
    StreamPage, StreamQuery, Timestamp,
};
use es_memory::MemoryStore;
use es_testkit::FixedClock;
use es_testkit::conformance::{Declared, Profile, Subject, Tampering};

pub(crate) type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// The correct store under a flaw, and which handle of it is used.
#[derive(Clone)]
pub(crate) struct Beneath {
    pub store: MemoryStore,
    pub clock: Arc<FixedClock>,
    pub handle: usize,
}

impl Beneath {
    /// Every event of the log.
    pub(crate) async fn log(&self) -> Vec<StoredEvent> {
        let all = LogQuery::all().limit(usize::MAX);
        self.store.read_log(all).await.unwrap().events
    }

    /// Every event of a stream.
    pub(crate) async fn stream(&self, stream: &StreamId) -> Vec<StoredEvent> {
        let all = StreamQuery::forwards(stream.clone()).limit(usize::MAX);
        self.store.read_stream(all).await.unwrap().events
    }

    pub(crate) async fn revision(&self, stream: &StreamId) -> Revision {
        Revision::new(self.stream(stream).await.len() as u64)
    }
}

/// What a store does wrong; what a flaw leaves out is done right.
pub(crate) trait Flaw: Default + Send + Sync + 'static {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        beneath.store.append(append)
    }

    fn find<'a>(
        &'a self,
        beneath: &'a Beneath,
        stream: &'a StreamId,
        id: EventId,
    ) -> Answer<'a, Option<StoredEvent>> {
        beneath.store.find(stream, id)
    }

    fn read_stream<'a>(
        &'a self,
        beneath: &'a Beneath,
        query: StreamQuery,
    ) -> Answer<'a, StreamPage> {
        beneath.store.read_stream(query)
    }

    fn read_log<'a>(&'a self, beneath: &'a Beneath, query: LogQuery) -> Answer<'a, LogPage> {
        beneath.store.read_log(query)
    }

    fn head<'a>(&'a self, beneath: &'a Beneath) -> Answer<'a, Position> {
        beneath.store.head()
    }

    fn wait_past<'a>(&'a self, beneath: &'a Beneath, position: Position) -> Answer<'a, ()> {
        beneath.store.wait_past(position)
    }

    /// An event on its way out.
    fn shown(&self, event: StoredEvent) -> StoredEvent {
        event
    }

    /// A placement on its way out.
    fn told(&self, placement: Placement) -> Placement {
        placement
    }

    fn load_snapshot<'a>(
        &'a self,
        beneath: &'a Beneath,
        stream: &'a StreamId,
        at_most: Revision,
    ) -> Answer<'a, Option<Snapshot>> {
        beneath.store.load_snapshot(stream, at_most)
    }

    fn keep_snapshot<'a>(&'a self, beneath: &'a Beneath, snapshot: Snapshot) -> Answer<'a, ()> {
        beneath.store.keep_snapshot(snapshot)
    }

    fn delete_snapshots<'a>(
        &'a self,
        beneath: &'a Beneath,
        stream: &'a StreamId,
    ) -> Answer<'a, ()> {
        beneath.store.delete_snapshots(stream)
    }

    fn profile(&self, profile: Profile) -> Profile {
        profile
    }

    fn reopen(&self, beneath: &Beneath) -> MemoryStore {
        beneath.store.clone()
    }

    fn tamper(&self) -> Option<Result<(), Cause>> {
        None
    }
}

/// No flaw: the store is correct.
#[derive(Default)]
pub(crate) struct Correct;

impl Flaw for Correct {
    fn profile(&self, profile: Profile) -> Profile {
        profile.patience(Profile::new().patience)
    }
}

/// The subject, and each of its handles.
pub(crate) struct Broken<F> {
    beneath: Beneath,
    flaw: Arc<F>,
    handles: Arc<AtomicUsize>,
}

impl<F: Flaw> Broken<F> {
    pub(crate) fn fresh() -> Ready<Self> {
        let clock = Arc::new(FixedClock::at(Timestamp::EPOCH));
        let store = MemoryStore::with_clock(Arc::clone(&clock));
        let beneath = Beneath {
            store,
            clock,
            handle: 0,
        };
        ready(Self {
            beneath,
            flaw: Arc::default(),
            handles: Arc::default(),
        })
    }

    fn handle_of(&self, store: MemoryStore) -> AnyStore {
        let handle = self.handles.fetch_add(1, Ordering::Relaxed);
        let clock = Arc::clone(&self.beneath.clock);
        AnyStore::new(Self {
            beneath: Beneath {
                store,
                clock,
                handle,
            },
            flaw: Arc::clone(&self.flaw),
            handles: Arc::clone(&self.handles),
        })
    }
}

impl<F: Flaw> Subject for Broken<F> {
    fn profile(&self) -> Profile {
        let profile = Profile::new()
            .clock(&self.beneath.clock)
            .declares(Declared::NoDatabase)
            .patience(Duration::from_secs(1));
        self.flaw.profile(profile)
    }

    fn handle(&self) -> Answer<'_, AnyStore> {
        Box::pin(async { Ok(self.handle_of(self.beneath.store.clone())) })
    }

    fn reopen(&self) -> Answer<'_, AnyStore> {
        Box::pin(async { Ok(self.handle_of(self.flaw.reopen(&self.beneath))) })
    }

    fn tamper(&self, _: Tampering) -> BoxFuture<'_, Option<Result<(), Cause>>> {
        Box::pin(async { self.flaw.tamper() })
    }
}

/// A wait yields first, as one on a wire does: what loops over it can be timed out.
impl<F: Flaw> EventStore for Broken<F> {
    fn append(&self, append: Append) -> Answer<'_, Appended> {
        Box::pin(async move {
            let appended = self.flaw.append(&self.beneath, append).await?;
            let told: Vec<_> = appended
                .placements()
                .iter()
                .map(|at| self.flaw.told(*at))
                .collect();
            if told == appended.placements() {
                return Ok(appended);
            }
            Ok(Appended::new(told))
        })
    }

    fn find<'a>(&'a self, stream: &'a StreamId, id: EventId) -> Answer<'a, Option<StoredEvent>> {
        Box::pin(async move {
            let found = self.flaw.find(&self.beneath, stream, id).await?;
            Ok(found.map(|event| self.flaw.shown(event)))
        })
    }

    fn read_stream(&self, query: StreamQuery) -> Answer<'_, StreamPage> {
        Box::pin(async move {
            let page = self.flaw.read_stream(&self.beneath, query).await?;
            let events = page.events.into_iter().map(|event| self.flaw.shown(event));
            Ok(StreamPage::new(events.collect(), page.end))
        })
    }

    fn read_log(&self, query: LogQuery) -> Answer<'_, LogPage> {
        Box::pin(async move {
            let page = self.flaw.read_log(&self.beneath, query).await?;
            let events = page.events.into_iter().map(|event| self.flaw.shown(event));
            Ok(LogPage::new(events.collect(), page.looked_to, page.end))
        })
    }

    fn head(&self) -> Answer<'_, Position> {
        self.flaw.head(&self.beneath)
    }

    fn wait_past(&self, position: Position) -> Answer<'_, ()> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.flaw.wait_past(&self.beneath, position).await
        })
    }
}

impl<F: Flaw> SnapshotStore for Broken<F> {
    fn load_snapshot<'a>(
        &'a self,
        stream: &'a StreamId,
        at_most: Revision,
    ) -> Answer<'a, Option<Snapshot>> {
        self.flaw.load_snapshot(&self.beneath, stream, at_most)
    }

    fn keep_snapshot(&self, snapshot: Snapshot) -> Answer<'_, ()> {
        self.flaw.keep_snapshot(&self.beneath, snapshot)
    }

    fn delete_snapshots<'a>(&'a self, stream: &'a StreamId) -> Answer<'a, ()> {
        self.flaw.delete_snapshots(&self.beneath, stream)
    }
}

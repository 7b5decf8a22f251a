//! A state as effective at an instant is found without reading what was recorded long after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use es_core::{
    Append, Appended, At, BoxFuture, EventId, EventStore, LogPage, LogQuery, Position, Repository,
    Revision, Snapshot, SnapshotStore, StoreError, StoredEvent, StreamId, StreamPage, StreamQuery,
};
use es_memory::MemoryStore;

use crate::bank::{Deposited, ada, clocked, day, open};
use crate::ledger::{Ledger, Ledgers};

/// Counts the events that are read.
#[derive(Clone)]
struct Counting(MemoryStore, Arc<AtomicUsize>);

impl EventStore for Counting {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        self.0.append(append)
    }

    fn find<'a>(
        &'a self,
        stream: &'a StreamId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<StoredEvent>, StoreError>> {
        self.0.find(stream, id)
    }

    fn read_stream(&self, query: StreamQuery) -> BoxFuture<'_, Result<StreamPage, StoreError>> {
        Box::pin(async move {
            let page = self.0.read_stream(query).await?;
            self.1.fetch_add(page.events.len(), Ordering::Relaxed);
            Ok(page)
        })
    }

    fn read_log(&self, query: LogQuery) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        self.0.read_log(query)
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        self.0.head()
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        self.0.wait_past(position)
    }
}

/// Opened on day 1, then 1 on each day up to `last`, each at the revision of its day; with a snapshot after each fourth.
struct Kept {
    ledgers: Repository<Ledger, Counting>,
    store: MemoryStore,
    read: Arc<AtomicUsize>,
}

impl Kept {
    async fn filled(last: u32) -> Self {
        let (store, _) = clocked();
        let ledgers = Ledgers::new(store.clone()).with_snapshots(store.clone());
        let filling = ledgers.with_cache(1);
        let opening = filling.create(&ada(), open()).effective_at(day(1));
        opening.await.unwrap();
        for on in 2..=last {
            deposit(&filling, 1, on).await;
        }
        let read = Arc::default();
        let ledgers = Repository::new(Counting(store.clone(), Arc::clone(&read)));
        Self {
            ledgers: ledgers.with_snapshots(store.clone()),
            store,
            read,
        }
    }

    /// Who writes, and keeps a snapshot where one is due.
    fn writing(&self) -> Ledgers {
        Ledgers::new(self.store.clone()).with_snapshots(self.store.clone())
    }

    /// The slips as effective at a point, which are those that a fold of the whole stream shows, and how many events were
    /// read for them.
    async fn asked(&self, at: At) -> (Vec<i64>, usize) {
        self.read.store(0, Ordering::Relaxed);
        let shown = self.ledgers.load_at(&ada(), at).await.unwrap();
        let read = self.read.load(Ordering::Relaxed);
        let bare = Ledgers::new(self.store.clone()).load_at(&ada(), at).await;
        let bare = bare.unwrap();
        assert_eq!(*shown, *bare, "{at:?}");
        assert_eq!(shown.revision(), bare.revision(), "{at:?}");
        (shown.into_state().slips, read)
    }
}

async fn deposit(ledgers: &Ledgers, cents: i64, on: u32) {
    let deposit = ledgers.execute(&ada(), move |_| Deposited { cents });
    deposit.effective_at(day(on)).await.unwrap();
}

const LAST: u32 = 400;
/// Two pages of sixteen, and some events one by one.
const FEW: usize = 48;

#[tokio::test]
async fn what_was_recorded_since_is_not_read() {
    let kept = Kept::filled(LAST).await;
    for on in [2, 41, 42, 43, 200, 398] {
        let (slips, read) = kept.asked(At::effective(day(on))).await;
        assert_eq!(slips.len(), on as usize - 1);
        assert!(read <= FEW, "{on}: {read}");
    }
    let known = At::effective(day(42)).known_at(Revision::new(300));
    assert!(kept.asked(known).await.1 <= FEW);
}

#[tokio::test]
async fn what_came_late_or_was_corrected_is_known_of_by_later_snapshots() {
    let kept = Kept::filled(LAST).await;
    let writing = kept.writing();
    // What these touch is behind day 300.
    deposit(&writing, 7, 350).await;
    let correct = || writing.correct(&ada()).by("auditor").because("a test");
    let replaced = correct().replace(Revision::new(360), Deposited { cents: 5 });
    replaced.await.unwrap();
    writing.load(&ada()).await.unwrap();
    for on in [42, 200, 300] {
        let (slips, read) = kept.asked(At::effective(day(on))).await;
        assert_eq!(slips.len(), on as usize - 1);
        assert!(read <= FEW, "{on}: {read}");
    }
    // And here something has changed; so it has to be looked through.
    let (slips, _) = kept.asked(At::effective(day(355))).await;
    assert_eq!(slips[349], 7);
    assert_eq!(kept.asked(At::effective(day(361))).await.0[359], 5);
    // As it was known before, nothing has.
    let known = At::effective(day(355)).known_at(Revision::new(LAST.into()));
    let (slips, read) = kept.asked(known).await;
    assert_eq!(slips.len(), 354);
    assert!(read <= FEW, "{read}");
}

#[tokio::test]
async fn what_was_taken_back_leaves_room_for_what_comes_after() {
    let kept = Kept::filled(12).await;
    let writing = kept.writing();
    // Far ahead, and taken back: what is recorded then is in order of what counts, and not of what was ever said.
    deposit(&writing, 9, 30).await;
    let correct = writing.correct(&ada()).by("auditor").because("a test");
    correct.retract(Revision::new(13)).await.unwrap();
    for on in 13..=40 {
        deposit(&writing, 1, on).await;
    }
    for on in 8..=41 {
        let (slips, _) = kept.asked(At::effective(day(on))).await;
        assert_eq!(slips, vec![1; on.min(40) as usize - 1]);
    }
}

#[tokio::test]
async fn a_stream_with_another_past_is_folded_anew() {
    let kept = Kept::filled(40).await;
    let (store, _) = clocked();
    let other = Ledgers::new(store.clone());
    let opening = other.create(&ada(), open()).effective_at(day(1));
    opening.await.unwrap();
    for on in 2..=40 {
        deposit(&other, 2, on).await;
    }
    let ledgers = other.with_snapshots(kept.store.clone());
    let shown = ledgers.load_effective(&ada(), day(20)).await.unwrap();
    assert_eq!(shown.slips, [2; 19]);
}

/// Who kept a snapshot before these were known says nothing of what came before.
#[tokio::test]
async fn a_snapshot_that_says_nothing_of_what_came_late_is_not_relied_on() {
    let kept = Kept::filled(40).await;
    let stream = StreamId::of::<Ledger>(&ada()).unwrap();
    for at in (4..=40).step_by(4) {
        let found = kept.store.load_snapshot(&stream, Revision::new(at));
        let mut snapshot: Snapshot = found.await.unwrap().unwrap();
        let text = snapshot.state.as_str();
        let (before, after) = text.split_once(",\"late\":").unwrap();
        let (_, state) = after.split_once("],\"state\"").unwrap();
        snapshot.state = es_core::Json::parse(format!("{before},\"state\"{state}")).unwrap();
        kept.store.keep_snapshot(snapshot).await.unwrap();
    }
    let (slips, read) = kept.asked(At::effective(day(10))).await;
    assert_eq!(slips, [1; 9]);
    assert!(read >= 30, "{read}");
}

/// More than are remembered.
#[tokio::test]
async fn of_many_late_events_the_last_are_known() {
    let kept = Kept::filled(20).await;
    let writing = kept.writing().with_cache(1);
    deposit(&writing, 1, 1_000).await;
    for on in 21..=120 {
        deposit(&writing, 1, on).await;
    }
    for on in [10, 20, 30, 90, 119, 999] {
        let (slips, _) = kept.asked(At::effective(day(on))).await;
        assert_eq!(slips.len(), on.min(120) as usize - 1);
    }
}

//! A new version of a projection takes over under load, and an old program that is started afterwards leaves it as it is: the
//! same for every database of read models.
//!
//! Version 1 says how many ones were counted, version 2 the same negated, so that one can tell who answers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use es_core::{
    Append, Consumer, EventId, EventStore, Expected, Json, NewEvent, Phase, Position, Runner,
    RunnerHandle, StreamId,
};

/// The positions that a version was told, each with whether that was a replay.
pub(crate) type Told = Arc<Mutex<BTreeMap<u64, bool>>>;

/// What somebody who reads is told: which version answers, its total, and of how many events.
pub(crate) type Answer = (i64, i64, i64);

/// Somebody with a connection to the read model.
pub(crate) trait Reader: Send + 'static {
    fn ask(&mut self) -> impl Future<Output = Answer> + Send;
}

/// A log and a database of read models.
pub(crate) trait Bench {
    type Store: EventStore + Clone;

    fn store(&self) -> Self::Store;
    async fn version_1(&self, told: Told) -> impl Consumer;
    async fn version_2(&self, told: Told) -> impl Consumer;
    async fn reader(&self) -> impl Reader;
    /// Puts version 1 where it would be after so many events, as if it had taken them in.
    async fn seed(&self, events: u64);
    /// Up to where version 2 had no effects.
    async fn mark(&self) -> u64;
}

/// How much is done.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// How many events are there before.
    pub stored: u64,
    /// Whether version 1 is put behind them, and doesn't take them in one by one.
    pub seeded: bool,
    /// How many events are in a batch.
    pub batch: usize,
    /// How long a writer waits between appends: the old version has to follow.
    pub between_appends: Duration,
}

/// Waits for a fact; a test that is stuck says so.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(Duration::from_mins(30), future).await;
    waited.expect("this should have come long ago")
}

/// Appends so many ones to a stream.
pub(crate) async fn count(store: &impl EventStore, stream: &str, ones: usize) -> Position {
    let one = || {
        let payload = Json::parse("{\"by\":1}").unwrap();
        NewEvent::new(EventId::random(), "counter.counted", 2, payload)
    };
    let stream = StreamId::new("counter", stream).unwrap();
    let events = std::iter::repeat_with(one).take(ones).collect();
    let append = Append::new(stream, Expected::Any, events);
    store.append(append).await.unwrap().position()
}

fn start<B: Bench>(bench: &B, consumer: impl Consumer, load: Load) -> RunnerHandle {
    let runner = Runner::new(bench.store(), consumer).batch(load.batch);
    let handle = runner.handle();
    tokio::spawn(runner.run());
    handle
}

/// Asks for the answer without end, and sees no error and no step back; the version at the end, and how often it asked.
async fn read(mut reader: impl Reader, mut events: i64, ended: Arc<AtomicBool>) -> (i64, u64) {
    let (mut version, mut reads) = (1, 0);
    while !ended.load(Ordering::SeqCst) {
        let (now, total, count) = reader.ask().await;
        assert!(
            now >= version && count >= events,
            "{now} {count} after {version} {events}"
        );
        assert_eq!(total, if now == 1 { count } else { -count });
        (version, events, reads) = (now, count, reads + 1);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    (version, reads)
}

/// Appends twos until another version answers; how many.
async fn write(store: impl EventStore, writer: u32, load: Load, switched: Arc<AtomicBool>) -> i64 {
    let mut appends = 0;
    while !switched.load(Ordering::SeqCst) {
        count(&store, &format!("w{writer}"), 2).await;
        appends += 1;
        // So that the old version can follow, and the new one has something to overtake.
        tokio::time::sleep(load.between_appends).await;
    }
    appends
}

/// Version 2 is built from what is stored, while eight writers append and a reader asks for the answer without end.
pub(crate) async fn takes_over_under_load(bench: &impl Bench, load: Load) {
    let stored = usize::try_from(load.stored).unwrap();
    for begin in (0..stored).step_by(5_000) {
        count(&bench.store(), "a", 5_000.min(stored - begin)).await;
    }
    let (by_old, by_new) = (Told::default(), Told::default());
    if load.seeded {
        bench.seed(load.stored).await;
    }
    let old = start(bench, bench.version_1(Arc::clone(&by_old)).await, load);
    let all = Position::new(load.stored);
    soon(old.wait_for(all)).await.unwrap();

    let (ended, switched) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
    let first = i64::try_from(load.stored).unwrap();
    let reading = tokio::spawn(read(bench.reader().await, first, Arc::clone(&ended)));
    let writer = |writer| write(bench.store(), writer, load, Arc::clone(&switched));
    let writers: Vec<_> = (0..8).map(writer).map(tokio::spawn).collect();
    let new = start(bench, bench.version_2(Arc::clone(&by_new)).await, load);
    let mut reader = bench.reader().await;
    soon(async {
        while reader.ask().await.0 == 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    switched.store(true, Ordering::SeqCst);
    let mut appends = 0;
    for writer in writers {
        appends += soon(writer).await.unwrap();
    }
    soon(new.wait_for_head()).await.unwrap();
    soon(async {
        while old.status().phase != Phase::Standby {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    // The old one's waits go on, by what answers now.
    let head = count(&bench.store(), "a", 1).await;
    soon(new.wait_for(head)).await.unwrap();
    soon(old.wait_for(head)).await.unwrap();
    ended.store(true, Ordering::SeqCst);
    let (version, reads) = reading.await.unwrap();
    assert!(version == 2 && reads > 0 && appends > 0);
    println!("{appends} appends and {reads} reads while {stored} events were built");
    let events = first + 2 * appends + 1;
    assert_eq!(reader.ask().await, (2, -events, events));

    // Each event had its effect once: by the old version or, past its mark, by the new one.
    let mark = bench.mark().await;
    assert!(mark >= load.stored);
    let from = if load.seeded { load.stored + 1 } else { 1 };
    let (by_old, by_new) = (by_old.lock().unwrap(), by_new.lock().unwrap());
    let before = by_old.keys().copied().filter(|at| *at <= mark);
    assert!(before.eq(from..=mark));
    assert!(by_new.keys().copied().eq(1..=head.number()));
    for (position, replay) in &*by_new {
        assert_eq!(*replay, *position <= mark, "at {position}");
    }
}

/// Nobody else is there, no lease is held, and still it is left as it is.
pub(crate) async fn an_old_program_that_is_started_alone_stands_by(bench: &impl Bench) {
    let load = Load {
        stored: 5,
        seeded: false,
        batch: 100,
        between_appends: Duration::ZERO,
    };
    let head = count(&bench.store(), "a", 5).await;
    let old = start(bench, bench.version_1(Told::default()).await, load);
    soon(old.wait_for(head)).await.unwrap();
    soon(old.shutdown()).await;
    let new = start(bench, bench.version_2(Told::default()).await, load);
    soon(new.wait_for_head()).await.unwrap();
    let mut reader = bench.reader().await;
    soon(async {
        while reader.ask().await.0 == 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    soon(new.shutdown()).await;
    assert_eq!(reader.ask().await, (2, -5, 5));

    let told = Told::default();
    let started = start(bench, bench.version_1(Arc::clone(&told)).await, load);
    let head = count(&bench.store(), "a", 1).await;
    soon(async {
        // It has asked at least once since.
        let has_asked = || {
            let status = started.status();
            status.phase != Phase::Starting && status.head.is_some_and(|known| known >= head)
        };
        while !has_asked() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert_eq!(started.status().phase, Phase::Standby);
    assert_eq!(reader.ask().await, (2, -5, 5));
    assert!(told.lock().unwrap().is_empty());
    soon(started.shutdown()).await;
}

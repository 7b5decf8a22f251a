use std::time::Duration;

use es_core::{
    Append, Batch, Begun, BoxFuture, Checkpoint, Consumer, ConsumerProfile, EventId, EventStore,
    Expected, Failure, FailureClass, Json, LogQuery, NewEvent, Parking, Partition, Phase, Position,
    Refusal, Runner, Standing, Status, StoredEvent, StreamId, WaitError,
};
use es_memory::MemoryStore;
use futures_util::FutureExt;

use crate::counting::Counting;
use crate::domain::soon;
use crate::scripted::{Scripted, database};

const COUNT: u32 = 3;

/// One that is split, each partition of which does what it is told.
struct Split {
    partition: Partition,
    inner: Scripted,
    others: Vec<Scripted>,
}

/// One that is split, and its partitions.
fn split() -> (Split, Vec<Scripted>) {
    let all: Vec<_> = (0..COUNT).map(|_| Scripted::default()).collect();
    let split = Split {
        partition: Partition::WHOLE,
        inner: all[0].clone(),
        others: all[1..].to_vec(),
    };
    (split, all)
}

fn key(event: &StoredEvent) -> &str {
    event.envelope.stream.as_str()
}

impl Consumer for Split {
    fn profile(&self) -> ConsumerProfile {
        self.inner.profile().partition(self.partition, key)
    }
    fn begin(&mut self) -> BoxFuture<'_, Result<Begun, Failure>> {
        self.inner.begin()
    }
    fn consume<'a>(&'a mut self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Refusal>> {
        self.inner.consume(batch)
    }
    fn standing(&self) -> Standing {
        self.inner.standing()
    }
    fn keep(&mut self, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), Failure>> {
        self.inner.keep(checkpoint)
    }
    fn end(&mut self) -> BoxFuture<'_, Result<(), Failure>> {
        self.inner.end()
    }
    fn split(self) -> (Self, Vec<Self>) {
        let inner = std::iter::once(self.inner).chain(self.others);
        let part = |(partition, inner)| Self {
            partition,
            inner,
            others: Vec::new(),
        };
        let mut parts = Partition::all(COUNT).zip(inner).map(part);
        (parts.next().unwrap(), parts.collect())
    }
}

impl Parking for Split {
    fn park<'a>(
        &'a mut self,
        event: &'a StoredEvent,
        failure: &'a Failure,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        self.inner.park(event, failure)
    }
}

/// Appends one event to a stream of each partition, and to others.
async fn fill(store: &impl EventStore) -> Position {
    let mut last = Position::START;
    for stream in 0..12 {
        let payload = Json::parse(r#"{"by":1}"#).unwrap();
        let event = NewEvent::new(EventId::random(), "counter.counted", 2, payload);
        let stream = StreamId::new("counter", &stream.to_string()).unwrap();
        let append = Append::new(stream, Expected::Any, vec![event]);
        last = store.append(append).await.unwrap().position();
    }
    last
}

/// The positions of each partition's events.
async fn expected(store: &MemoryStore) -> Vec<Vec<Position>> {
    let all = LogQuery::all().limit(1_000_000);
    let events = store.read_log(all).await.unwrap().events;
    let of = |partition: Partition| {
        let own = events
            .iter()
            .filter(move |event| Partition::of(event.envelope.stream.as_str(), COUNT) == partition);
        own.map(|event| event.position).collect()
    };
    let expected: Vec<Vec<_>> = Partition::all(COUNT).map(of).collect();
    assert!(expected.iter().all(|own| own.len() >= 2), "{expected:?}");
    expected
}

fn taken(partitions: &[Scripted]) -> Vec<Vec<Position>> {
    let taken = partitions.iter().map(|one| one.log().taken.clone());
    taken.collect()
}

#[tokio::test]
async fn each_partition_gets_the_events_of_its_keys_once_and_in_order() {
    let store = MemoryStore::new();
    fill(&store).await;
    let (consumer, partitions) = split();
    let runner = Runner::new(store.clone(), consumer).batch(2);
    let handle = runner.handle();
    let running = tokio::spawn(runner.run());
    soon(handle.wait_for_head()).await.unwrap();
    let head = fill(&store).await;
    let reached = soon(handle.wait_for(head)).await.unwrap();
    assert_eq!(reached.frontier, head);
    assert_eq!(taken(&partitions), expected(&store).await);

    let (whole, each) = (handle.status(), handle.partitions());
    assert_eq!((whole.events, whole.partition), (24, Partition::WHOLE));
    let seen = each.iter().map(|status| status.partition);
    assert!(seen.eq(Partition::all(COUNT)));
    assert_eq!(each.iter().map(|status| status.events).sum::<u64>(), 24);
    soon(handle.shutdown()).await;
    running.await.unwrap().unwrap();
    assert!(partitions.iter().all(|one| one.log().ends == 1));
    assert_eq!(handle.status().phase, Phase::Ended);
}

#[tokio::test]
async fn a_wait_goes_by_the_partition_that_is_furthest_behind_wherever_it_runs() {
    let store = MemoryStore::new();
    let head = fill(&store).await;
    let (consumer, partitions) = split();
    let elsewhere = |frontier| Begun::Held {
        standing: Standing::at(frontier),
        again_in: Duration::from_millis(1),
    };
    // Another process has it.
    partitions[1].log().begun =
        std::iter::repeat_n(elsewhere(Position::new(3)), 1_000_000).collect();
    let runner = Runner::new(store.clone(), consumer);
    let handle = runner.handle();
    tokio::spawn(runner.run());
    soon(async {
        let behind = |one: &Status| one.frontier < head && one.partition.number() != 1;
        while handle.partitions().iter().any(behind) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // The others are there long before the whole is.
    let frontier = handle.status().frontier;
    assert!(frontier <= Position::new(3));
    assert_eq!(
        handle.wait_for(Position::new(4)).now_or_never().map(|_| ()),
        None
    );
    partitions[1].log().begun = std::iter::repeat_n(elsewhere(head), 1_000_000).collect();
    assert_eq!(soon(handle.wait_for(head)).await.unwrap().frontier, head);
    assert_eq!(handle.partitions()[1].phase, Phase::Standby);
    assert!(partitions[1].log().taken.is_empty());
    soon(handle.shutdown()).await;
}

#[tokio::test]
async fn a_partition_that_tries_again_holds_up_no_other_and_the_whole_says_that_it_does() {
    let store = MemoryStore::new();
    let head = fill(&store).await;
    let (consumer, partitions) = split();
    partitions[2].log().refusals = (0..1_000_000).map(|_| Some(database(true))).collect();
    let runner = Runner::new(store.clone(), consumer);
    let runner = runner.back_off(Duration::from_millis(1), Duration::from_millis(1));
    let handle = runner.handle();
    tokio::spawn(runner.run());
    soon(async {
        while handle.partitions()[2].tries < 3
            || handle.partitions()[..2]
                .iter()
                .any(|one| one.frontier < head)
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let expected = expected(&store).await;
    assert_eq!(taken(&partitions)[..2], expected[..2]);
    assert!(taken(&partitions)[2].is_empty());
    let whole = handle.status();
    assert_eq!(
        (whole.phase, whole.frontier),
        (Phase::Retrying, Position::START)
    );
    assert!(whole.tries >= 3);
    assert_eq!(whole.last_failure.unwrap().class(), FailureClass::Database);
    partitions[2].log().refusals.clear();
    soon(handle.wait_for(head)).await.unwrap();
    assert_eq!(taken(&partitions), expected);
    soon(handle.shutdown()).await;
}

#[tokio::test]
async fn what_stops_one_partition_stops_the_runner_and_the_others_end_in_order() {
    let store = MemoryStore::new();
    let head = fill(&store).await;
    let (consumer, partitions) = split();
    partitions[1].log().refusals = [Some(database(false)), None].into();
    let runner = Runner::new(store.clone(), consumer).attempts(1);
    let handle = runner.handle();
    let failure = soon(runner.run()).await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::Database);
    assert!(partitions.iter().all(|one| one.log().ends == 1));
    let phases: Vec<_> = handle.partitions().iter().map(|one| one.phase).collect();
    assert_eq!(phases, [Phase::Ended, Phase::Stopped, Phase::Ended]);
    assert_eq!(handle.status().phase, Phase::Stopped);
    let waited = soon(handle.wait_for(head)).await.unwrap_err();
    assert!(matches!(waited, WaitError::Stopped { .. }), "{waited:?}");
}

#[tokio::test]
async fn an_event_that_is_put_aside_in_one_partition_is_counted_by_the_whole() {
    let store = MemoryStore::new();
    let head = fill(&store).await;
    let expected = expected(&store).await;
    let (consumer, partitions) = split();
    partitions[0].log().poison = Some(expected[0][0]);
    let runner = Runner::new(store.clone(), consumer);
    let runner = runner.attempts(1).park_failures();
    let handle = runner.handle();
    tokio::spawn(runner.run());
    assert_eq!(soon(handle.wait_for(head)).await.unwrap().parked, 1);
    assert_eq!(partitions[0].log().parked, [expected[0][0]]);
    let each: Vec<_> = handle.partitions().iter().map(|one| one.parked).collect();
    assert_eq!(each, [1, 0, 0]);
    let taken = taken(&partitions);
    assert_eq!(
        (&taken[0], &taken[1..]),
        (&expected[0][1..].to_vec(), &expected[1..])
    );
    soon(handle.shutdown()).await;
}

/// Appends so many events to a few streams.
async fn fill_with(store: &MemoryStore, count: usize) -> Position {
    let mut last = Position::START;
    for stream in 0..10 {
        let event = |_| {
            let payload = Json::parse(r#"{"by":1}"#).unwrap();
            NewEvent::new(EventId::random(), "counter.counted", 2, payload)
        };
        let stream = StreamId::new("counter", &stream.to_string()).unwrap();
        let events = (0..count / 10).map(event).collect();
        let append = Append::new(stream, Expected::Any, events);
        last = store.append(append).await.unwrap().position();
    }
    last
}

#[tokio::test]
async fn partitions_that_are_about_the_same_place_read_the_log_once() {
    let store = MemoryStore::new();
    let head = fill_with(&store, 5_000).await;
    let (consumer, partitions) = split();
    let counting = Counting::new(store.clone());
    let runner = Runner::new(counting.clone(), consumer);
    let handle = runner.handle();
    tokio::spawn(runner.run());
    soon(handle.wait_for(head)).await.unwrap();
    for _ in 0..10 {
        let head = fill(&store).await;
        soon(handle.wait_for(head)).await.unwrap();
    }
    assert_eq!(taken(&partitions), expected(&store).await);
    assert_eq!(counting.events(), 5_000 + 10 * 12);
    soon(handle.shutdown()).await;
}

#[tokio::test]
async fn a_partition_that_is_left_far_behind_reads_for_itself() {
    let store = MemoryStore::new();
    let head = fill_with(&store, 30_000).await;
    let (consumer, partitions) = split();
    partitions[0].log().refusals = (0..1_000_000).map(|_| Some(database(true))).collect();
    let counting = Counting::new(store.clone());
    let runner = Runner::new(counting.clone(), consumer);
    let runner = runner.back_off(Duration::from_millis(1), Duration::from_millis(1));
    let handle = runner.handle();
    tokio::spawn(runner.run());
    soon(async {
        while handle.partitions()[1..]
            .iter()
            .any(|one| one.frontier < head)
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    partitions[0].log().refusals.clear();
    soon(handle.wait_for(head)).await.unwrap();
    assert_eq!(taken(&partitions), expected(&store).await);
    assert!(counting.events() > 30_000, "{}", counting.events());
    soon(handle.shutdown()).await;
}

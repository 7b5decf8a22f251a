//! What a runner does while it waits, and what it leaves behind.

use std::sync::Arc;
use std::time::Duration;

use es_core::{Failure, FailureClass, Phase, Position, Runner, RunnerHandle, WaitError};
use es_memory::MemoryStore;
use es_testkit::FixedClock;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::domain::{count, noise, soon};
use crate::scripted::Scripted;

/// Waits until what the consumer shows is so.
async fn until(fact: impl Fn() -> bool) {
    soon(async {
        while !fact() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

fn spawn(
    store: &MemoryStore,
    consumer: &Scripted,
    set: impl Fn(Runner<MemoryStore, Scripted>) -> Runner<MemoryStore, Scripted>,
) -> (RunnerHandle, JoinHandle<Result<(), Arc<Failure>>>) {
    let (first, most) = (Duration::from_micros(1), Duration::from_millis(2));
    let runner = Runner::new(store.clone(), consumer.clone()).back_off(first, most);
    let runner = set(runner);
    let handle = runner.handle();
    (handle, tokio::spawn(runner.run()))
}

#[tokio::test]
async fn a_batch_whose_last_event_is_parked_is_looked_through_to_its_end() {
    let (store, consumer) = (MemoryStore::new(), Scripted::default());
    let poison = count(&store, 1).await;
    let head = noise(&store).await;
    consumer.log().poison = Some(poison);
    let (handle, _running) = spawn(&store, &consumer, Runner::park_failures);
    let reached = soon(handle.wait_for(head)).await.unwrap();
    assert_eq!((reached.frontier, reached.parked), (head, 1));
    until(|| handle.status().phase == Phase::Live).await;
    assert!(consumer.log().taken.is_empty());
}

#[tokio::test]
async fn a_lease_is_kept_while_an_event_is_waited_for() {
    let (store, consumer) = (MemoryStore::new(), Scripted::default());
    let first = count(&store, 1).await;
    let poison = count(&store, 2).await;
    noise(&store).await;
    consumer.log().poison = Some(poison);
    let hour = Duration::from_hours(1);
    let (handle, running) = spawn(&store, &consumer, |runner| runner.back_off(hour, hour));
    until(|| consumer.log().kept.len() > 20).await;
    assert_eq!(handle.status().phase, Phase::Retrying);
    // No further than it has come.
    assert!(
        consumer
            .log()
            .kept
            .iter()
            .all(|kept| kept.position == first)
    );
    handle.shutdown().await;
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn whoever_loses_its_charge_while_it_waits_begins_anew() {
    let (store, consumer) = (MemoryStore::new(), Scripted::default());
    let poison = count(&store, 1).await;
    consumer.log().poison = Some(poison);
    consumer.log().unkept.push_back(Failure::Fenced);
    let hour = Duration::from_hours(1);
    let (handle, _running) = spawn(&store, &consumer, |runner| runner.back_off(hour, hour));
    // Tried by the first charge and by the second.
    until(|| consumer.log().tries == 2).await;
    handle.shutdown().await;
}

#[tokio::test]
async fn what_could_not_be_kept_once_is_forgotten_when_it_is() {
    let (store, consumer) = (MemoryStore::new(), Scripted::default());
    let head = count(&store, 1).await;
    let cause = "away";
    consumer
        .log()
        .unkept
        .extend([(); 3].map(|()| Failure::Database {
            passing: true,
            cause: cause.into(),
        }));
    let (handle, _running) = spawn(&store, &consumer, |runner| runner);
    soon(handle.wait_for(head)).await.unwrap();
    until(|| consumer.log().unkept.is_empty()).await;
    until(|| handle.status().phase == Phase::Live).await;
    let status = handle.status();
    let class = status.last_failure.map(|failure| failure.class());
    assert_eq!((status.tries, class), (0, Some(FailureClass::Database)));
}

#[tokio::test]
async fn a_runner_that_is_stuck_tells_how_far_it_is_behind() {
    let clock = Arc::new(FixedClock::at("2026-01-01T00:00:00Z".parse().unwrap()));
    let store = MemoryStore::with_clock(Arc::clone(&clock));
    let consumer = Scripted::default();
    let poison = count(&store, 1).await;
    consumer.log().poison = Some(poison);
    let set = |runner: Runner<MemoryStore, Scripted>| {
        let most = Duration::from_millis(2);
        runner
            .clock(Arc::clone(&clock))
            .attempts(u32::MAX)
            .back_off(most, most)
    };
    let (handle, _running) = spawn(&store, &consumer, set);
    until(|| handle.status().phase == Phase::Retrying).await;
    let hour = Duration::from_hours(1);
    clock.advance(hour);
    until(|| handle.status().behind == hour).await;
    let head = count(&store, 2).await;
    until(|| handle.status().head == Some(head)).await;
    assert_eq!(handle.status().frontier, Position::START);
}

#[tokio::test]
async fn a_panic_stops_the_runner_and_whoever_waits_is_told_why() {
    let (store, consumer) = (MemoryStore::new(), Scripted::default());
    let position = count(&store, 1).await;
    consumer.log().panics = true;
    let (handle, running) = spawn(&store, &consumer, |runner| runner);
    let waited = soon(handle.wait_for(position)).await.unwrap_err();
    let WaitError::Stopped { failure, .. } = &waited else {
        panic!("{waited:?}");
    };
    assert_eq!(failure.class(), FailureClass::Panicked);
    assert_eq!(
        failure.to_string(),
        "the consumer panicked: the fold panics"
    );
    assert_eq!(handle.status().phase, Phase::Stopped);
    assert!(running.await.unwrap_err().is_panic());
}

#[tokio::test]
async fn a_runner_that_is_ended_finishes_the_batch_that_it_is_at() {
    let (store, consumer) = (MemoryStore::new(), Scripted::default());
    for number in 1..=9 {
        count(&store, number).await;
    }
    let gate = Arc::new(Semaphore::new(0));
    consumer.log().gate = Some(Arc::clone(&gate));
    let (handle, running) = spawn(&store, &consumer, |runner| runner.batch(5));
    until(|| consumer.log().batches == [5]).await;
    let ending = tokio::spawn(async move {
        handle.shutdown().await;
        handle.status()
    });
    until(|| !ending.is_finished() && gate.available_permits() == 0).await;
    assert_eq!(consumer.log().ends, 0);
    gate.add_permits(1);
    running.await.unwrap().unwrap();
    let status = soon(ending).await.unwrap();
    assert_eq!(
        (status.phase, status.events, status.frontier),
        (Phase::Ended, 5, Position::new(5))
    );
    let log = consumer.log();
    assert_eq!((log.batches.as_slice(), log.ends), ([5].as_slice(), 1));
}

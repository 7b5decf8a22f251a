//! What the runner gathers while its consumer is at work.

use std::sync::Arc;
use std::time::Duration;

use es_core::{Begun, Checkpoint, EventStore, Failure, LogQuery, Position, Refusal, RunnerHandle};
use tokio::sync::Semaphore;

use crate::domain::soon;
use crate::runner::{Running, counted, positions, runner};
use crate::scripted::Scripted;

/// A consumer that is at work until it is let go, once for each batch.
fn gated() -> (Scripted, Arc<Semaphore>) {
    let (consumer, gate) = (Scripted::default(), Arc::new(Semaphore::new(0)));
    consumer.log().gate = Some(Arc::clone(&gate));
    (consumer, gate)
}

async fn until(fact: impl Fn() -> bool) {
    soon(async {
        while !fact() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Lets it go again and again, when the runner has had as many turns as it needs to gather what it may.
fn let_go(gate: Arc<Semaphore>) {
    tokio::spawn(async move {
        loop {
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            gate.add_permits(1);
        }
    });
}

/// Waits until everything up to this position is in, and shuts the runner down.
async fn finish(handle: RunnerHandle, running: Running, last: u64) {
    soon(handle.wait_for(Position::new(last))).await.unwrap();
    handle.shutdown().await;
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_comes_after_a_batch_is_told_before_it_and_then_comes() {
    let (store, (consumer, gate)) = (counted(35).await, gated());
    let runner = runner(&store, &consumer).batch(10);
    let handle = runner.handle();
    let running = tokio::spawn(runner.run());
    let_go(gate);
    finish(handle, running, 35).await;
    let log = consumer.log();
    assert_eq!(log.taken, positions(1..=35));
    assert_eq!(log.batches, [10, 10, 10, 5]);
    assert_eq!(log.prepared, [positions(21..=30), positions(31..=35)]);
}

#[tokio::test]
async fn what_is_kept_is_not_ahead_of_what_was_taken_in() {
    let (store, (consumer, gate)) = (counted(35).await, gated());
    let runner = runner(&store, &consumer).batch(10);
    let handle = runner.handle();
    let running = tokio::spawn(runner.run());
    until(|| consumer.log().batches.len() == 1).await;
    // By now it is time to keep.
    tokio::time::sleep(Duration::from_millis(2)).await;
    gate.add_permits(1);
    until(|| consumer.log().batches.len() == 2).await;
    let kept: Vec<Position> = (consumer.log().kept.iter())
        .map(|kept| kept.position)
        .collect();
    assert_eq!(kept, [Position::new(10)]);
    let_go(gate);
    finish(handle, running, 35).await;
}

#[tokio::test]
async fn an_event_that_fails_loses_and_doubles_nothing_that_was_gathered_after_it() {
    let (store, (consumer, gate)) = (counted(45).await, gated());
    consumer.log().poison = Some(Position::new(15));
    let runner = runner(&store, &consumer)
        .batch(10)
        .attempts(2)
        .park_failures();
    let handle = runner.handle();
    let running = tokio::spawn(runner.run());
    let_go(gate);
    finish(handle, running, 45).await;
    let log = consumer.log();
    assert_eq!(log.parked, positions([15]));
    assert_eq!(log.taken, positions((1..=14).chain(16..=45)));
}

#[tokio::test]
async fn whoever_is_fenced_forgets_what_was_gathered() {
    let (store, (consumer, gate)) = (counted(45).await, gated());
    let page = store.read_log(LogQuery::at(Position::new(25))).await;
    let elsewhere = Checkpoint::after(&page.unwrap().events[0]);
    {
        let mut log = consumer.log();
        log.begun = [Begun::At(Checkpoint::START), Begun::At(elsewhere)].into();
        log.refusals = [None, Some(Refusal::whole(Failure::Fenced))].into();
    }
    let runner = runner(&store, &consumer).batch(10);
    let handle = runner.handle();
    let running = tokio::spawn(runner.run());
    let_go(gate);
    finish(handle, running, 45).await;
    assert_eq!(consumer.log().taken, positions((1..=10).chain(26..=45)));
}

#[tokio::test]
async fn a_batch_that_is_not_gathered_for_any_time_is_not_followed_by_an_empty_one() {
    let (store, consumer) = (counted(35).await, Scripted::default());
    let runner = runner(&store, &consumer).batch(10).within(Duration::ZERO);
    let handle = runner.handle();
    let running = tokio::spawn(runner.run());
    finish(handle, running, 35).await;
    let log = consumer.log();
    assert_eq!(log.batches, [10, 10, 10, 5]);
    // Perhaps the one that says that this is all.
    assert!(log.empty <= 1, "{}", log.empty);
}

use std::sync::Arc;
use std::time::Duration;

use es_core::{
    Begun, Checkpoint, Failure, FailureClass, Phase, Position, Refusal, Runner, Standing, WaitError,
};
use es_memory::MemoryStore;
use futures_util::{FutureExt, StreamExt};
use tokio::task::JoinHandle;

use crate::domain::{append, count, noise, soon};
use crate::scripted::{Scripted, database};

pub(crate) fn runner(store: &MemoryStore, consumer: &Scripted) -> Runner<MemoryStore, Scripted> {
    let (first, most) = (Duration::from_micros(1), Duration::from_millis(2));
    Runner::new(store.clone(), consumer.clone()).back_off(first, most)
}

pub(crate) type Running = JoinHandle<Result<(), Arc<Failure>>>;

pub(crate) async fn counted(events: u64) -> MemoryStore {
    let store = MemoryStore::new();
    for number in 1..=events {
        count(&store, number).await;
    }
    store
}

pub(crate) fn positions(range: impl IntoIterator<Item = u64>) -> Vec<Position> {
    range.into_iter().map(Position::new).collect()
}

#[tokio::test]
async fn what_is_stored_and_what_is_appended_comes_once_and_in_order() {
    let (store, consumer) = (counted(25).await, Scripted::default());
    let runner = runner(&store, &consumer).batch(10);
    let handle = runner.handle();
    let running = tokio::spawn(runner.run());
    soon(handle.wait_for(Position::new(25))).await.unwrap();
    assert_eq!(consumer.log().batches, [10, 10, 5]);
    for number in 26..=30 {
        let position = count(&store, number).await;
        soon(handle.wait_for(position)).await.unwrap();
    }
    assert_eq!(consumer.log().taken, positions(1..=30));
    let status = handle.status();
    assert_eq!((status.name, status.version), ("scripted", 7));
    assert_eq!((status.phase, status.events), (Phase::Live, 30));
    assert_eq!(status.head, Some(Position::new(30)));
    assert_eq!(status.progress(), Some(1.0));
    handle.shutdown().await;
    assert!(running.await.unwrap().is_ok());
    assert_eq!(consumer.log().ends, 1);
}

#[tokio::test]
async fn a_wait_on_an_empty_log_returns_when_somebody_has_taken_charge() {
    let (store, consumer) = (MemoryStore::new(), Scripted::default());
    let runner = runner(&store, &consumer);
    let handle = runner.handle();
    let mut waiting = std::pin::pin!(handle.wait_for_head());
    assert!((&mut waiting).now_or_never().is_none());
    assert_eq!(consumer.log().begins, 0);
    let _running = tokio::spawn(runner.run());
    soon(waiting).await.unwrap();
    assert_eq!(consumer.log().begins, 1);

    let never = self::runner(&store, &consumer);
    let handle = never.handle();
    drop(never);
    let waited = soon(handle.wait_for_head()).await;
    assert!(matches!(waited, Err(WaitError::Ended { .. })), "{waited:?}");
}

#[tokio::test]
async fn a_wait_returns_though_the_head_does_not_concern_the_consumer() {
    let (store, consumer) = (counted(2).await, Scripted::default());
    let runner = runner(&store, &consumer);
    let handle = runner.handle();
    let _running = tokio::spawn(runner.run());
    let head = noise(&store).await;
    let reached = soon(handle.wait_for(head)).await.unwrap();
    assert_eq!((reached.frontier, reached.parked), (head, 0));
    assert_eq!(consumer.log().taken, positions(1..=2));
    assert_eq!(soon(handle.wait_for_head()).await.unwrap().frontier, head);
}

#[tokio::test]
async fn what_is_kept_follows_events_that_do_not_concern_the_consumer() {
    let (store, consumer) = (counted(1).await, Scripted::default());
    let runner = runner(&store, &consumer);
    let handle = runner.handle();
    let _running = tokio::spawn(runner.run());
    let head = noise(&store).await;
    soon(async {
        while consumer.log().kept.last().map(|kept| kept.position) != Some(head) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(
        consumer
            .log()
            .kept
            .iter()
            .all(|kept| kept.event_id.is_some())
    );
    handle.shutdown().await;
}

#[tokio::test]
async fn a_refused_event_is_tried_again_and_then_stops_the_runner() {
    let (store, consumer) = (counted(9).await, Scripted::default());
    consumer.log().poison = Some(Position::new(5));
    let runner = runner(&store, &consumer).attempts(3);
    let handle = runner.handle();
    let failure = soon(runner.run()).await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::Applying);
    assert_eq!(failure.position(), Some(Position::new(5)));
    // What comes before it is in, it and what comes after it isn't.
    assert_eq!(consumer.log().taken, positions(1..=4));
    // Once with all, once without it, and then by itself.
    assert_eq!(consumer.log().tries, 5);
    assert_eq!(consumer.log().ends, 1);
    let status = handle.status();
    assert_eq!(
        (status.phase, status.frontier),
        (Phase::Stopped, Position::new(4))
    );
    let stopped = handle.wait_for(Position::new(5)).await.unwrap_err();
    assert!(
        matches!(&stopped, WaitError::Stopped { asked, .. } if *asked == Position::new(5)),
        "{stopped}"
    );
    assert_eq!(handle.wait_for(Position::new(4)).await.unwrap().parked, 0);
    assert_eq!(handle.lag(100).await.unwrap(), 5);
    assert_eq!(handle.lag(3).await.unwrap(), 3);
}

#[tokio::test]
async fn a_refused_event_is_parked_where_that_is_said() {
    let (store, consumer) = (counted(9).await, Scripted::default());
    consumer.log().poison = Some(Position::new(5));
    let runner = runner(&store, &consumer).attempts(2).park_failures();
    let handle = runner.handle();
    let _running: Running = tokio::spawn(runner.run());
    let reached = soon(handle.wait_for(Position::new(9))).await.unwrap();
    assert_eq!(reached.parked, 1);
    assert_eq!(consumer.log().parked, positions([5]));
    assert_eq!(consumer.log().taken, positions([1, 2, 3, 4, 6, 7, 8, 9]));
    let status = handle.status();
    assert_eq!((status.parked, status.tries), (1, 0));
    let failure = status.last_failure.unwrap();
    assert_eq!(failure.position(), Some(Position::new(5)));
}

#[tokio::test]
async fn an_event_of_a_newer_program_is_never_parked() {
    let (store, consumer) = (counted(1).await, Scripted::default());
    let newer = append(&store, "counter.counted", 9, "{}".to_owned()).await;
    let page = es_core::EventStore::read_log(&store, es_core::LogQuery::all());
    let event = page.await.unwrap().events.pop().unwrap();
    let reason = es_core::DecodeError::NewerVersion { known: 2 };
    for taken in [1, 0] {
        let refusal = Refusal::new(taken, Failure::decode(&event, reason.clone()));
        consumer.log().refusals.push_back(Some(refusal));
    }
    let runner = runner(&store, &consumer).park_failures();
    let failure = soon(runner.run()).await.unwrap_err();
    assert!(failure.is_newer());
    assert_eq!(failure.position(), Some(newer));
    assert!(consumer.log().parked.is_empty());
    assert_eq!(consumer.log().taken, positions([1]));
}

#[tokio::test]
async fn a_database_that_is_away_is_waited_for_and_nothing_is_taken_twice() {
    let (store, consumer) = (counted(9).await, Scripted::default());
    for _ in 0..50 {
        consumer.log().refusals.push_back(Some(database(true)));
    }
    let runner = runner(&store, &consumer).attempts(1);
    let handle = runner.handle();
    let _running: Running = tokio::spawn(runner.run());
    soon(handle.wait_for(Position::new(9))).await.unwrap();
    assert_eq!(consumer.log().tries, 51);
    assert_eq!(consumer.log().batches, [9]);
    assert_eq!(consumer.log().taken, positions(1..=9));
    let status = handle.status();
    let class = status.last_failure.map(|failure| failure.class());
    assert_eq!((status.tries, class), (0, Some(FailureClass::Database)));
}

#[tokio::test]
async fn a_database_that_refuses_for_good_stops_the_runner_and_parks_nothing() {
    let (store, consumer) = (counted(3).await, Scripted::default());
    for _ in 0..4 {
        consumer.log().refusals.push_back(Some(database(false)));
    }
    let runner = runner(&store, &consumer).attempts(4).park_failures();
    let failure = soon(runner.run()).await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::Database);
    assert!(consumer.log().taken.is_empty());
    assert!(consumer.log().parked.is_empty());
}

#[tokio::test]
async fn events_that_were_taken_before_a_refusal_do_not_come_again() {
    let (store, consumer) = (counted(9).await, Scripted::default());
    let cause = "busy".into();
    let passing = Failure::Database {
        passing: true,
        cause,
    };
    (consumer.log().refusals).push_back(Some(Refusal::new(6, passing)));
    let runner = runner(&store, &consumer);
    let handle = runner.handle();
    let _running: Running = tokio::spawn(runner.run());
    soon(handle.wait_for(Position::new(9))).await.unwrap();
    assert_eq!(consumer.log().taken, positions(1..=9));
    assert_eq!(handle.status().events, 9);
}

#[tokio::test]
async fn a_consumer_that_blames_an_event_it_was_not_given_is_stopped_as_any_other() {
    let (store, consumer) = (counted(3).await, Scripted::default());
    let page = es_core::EventStore::read_log(&store, es_core::LogQuery::all());
    let events = page.await.unwrap().events;
    for _ in 0..4 {
        // First with all three events, and then with the first two alone: the third isn't theirs.
        let refusal = Refusal::whole(Failure::apply(&events[2], "no"));
        consumer.log().refusals.push_back(Some(refusal));
    }
    let runner = runner(&store, &consumer).attempts(2);
    let failure = soon(runner.run()).await.unwrap_err();
    assert_eq!(failure.position(), Some(Position::new(3)));
    assert_eq!(consumer.log().tries, 4);
    assert!(consumer.log().taken.is_empty());
}

#[tokio::test]
async fn whoever_was_fenced_begins_again_where_the_other_one_is() {
    let (store, consumer) = (counted(9).await, Scripted::default());
    let other = Begun::Held {
        standing: Standing::at(Position::new(6)),
        again_in: Duration::from_millis(1),
    };
    {
        let mut log = consumer.log();
        log.begun = [Begun::At(Checkpoint::START), other, other].into();
        log.refusals
            .push_back(Some(Refusal::whole(Failure::Fenced)));
    }
    let runner = runner(&store, &consumer);
    let handle = runner.handle();
    let mut phases = handle.changes().map(|status| status.phase);
    let _running: Running = tokio::spawn(runner.run());
    soon(async { while phases.next().await != Some(Phase::Standby) {} }).await;
    soon(handle.wait_for(Position::new(9))).await.unwrap();
    // It lost its charge before it had taken anything in.
    assert_eq!(consumer.log().taken, positions(1..=9));
    assert!(consumer.log().begun.is_empty());
}

#[tokio::test]
async fn while_another_process_is_in_charge_its_progress_is_what_waits_go_by() {
    let (store, consumer) = (counted(9).await, Scripted::default());
    let held = |position| Begun::Held {
        standing: Standing::at(Position::new(position)),
        again_in: Duration::from_millis(1),
    };
    // Later answers are older than the first, as a replica's may be.
    let mut begun = vec![held(4)];
    begun.extend((0..2_000).map(|_| held(2)));
    consumer.log().begun = begun.into();
    let runner = runner(&store, &consumer);
    let handle = runner.handle();
    let running: Running = tokio::spawn(runner.run());
    soon(handle.wait_for(Position::new(4))).await.unwrap();
    soon(async {
        while consumer.log().begun.len() > 1_995 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let status = handle.status();
    assert_eq!(
        (status.phase, status.frontier),
        (Phase::Standby, Position::new(4))
    );
    handle.shutdown().await;
    running.await.unwrap().unwrap();
    assert!(consumer.log().taken.is_empty());
}

#[tokio::test]
async fn a_wait_for_a_runner_that_was_ended_or_dropped_ends() {
    let (store, consumer) = (counted(1).await, Scripted::default());
    let ended = runner(&store, &consumer);
    let handle = ended.handle();
    let running: Running = tokio::spawn(ended.run());
    let waiting = tokio::spawn({
        let handle = handle.clone();
        async move { handle.wait_for(Position::new(2)).await }
    });
    soon(handle.wait_for(Position::new(1))).await.unwrap();
    soon(handle.shutdown()).await;
    running.await.unwrap().unwrap();
    let waited = soon(waiting).await.unwrap();
    assert!(matches!(waited, Err(WaitError::Ended { .. })), "{waited:?}");

    let dropped = runner(&store, &consumer);
    let handle = dropped.handle();
    drop(dropped);
    assert_eq!(handle.status().phase, Phase::Ended);
    let waited = soon(handle.wait_for(Position::new(2))).await;
    assert!(matches!(waited, Err(WaitError::Ended { .. })), "{waited:?}");
    soon(handle.shutdown()).await;
}

#[tokio::test]
async fn changes_tell_how_a_rebuild_comes_along() {
    let (store, consumer) = (counted(100).await, Scripted::default());
    // It stays there until it was looked at.
    consumer.log().poison = Some(Position::new(11));
    let runner = runner(&store, &consumer).attempts(u32::MAX).batch(10);
    let handle = runner.handle();
    let changes = handle.changes();
    // How long the log is isn't known before it was asked.
    assert_eq!(handle.status().progress(), None);
    let running: Running = tokio::spawn(runner.run());
    let mut progress = changes.filter_map(|status| std::future::ready(status.progress()));
    let before_it = |progress: &f64| std::future::ready(*progress < 0.1);
    soon(progress.by_ref().take_while(before_it).collect::<Vec<_>>()).await;
    assert_eq!(handle.status().progress(), Some(0.1));
    consumer.log().poison = None;
    let before_all = |progress: &f64| std::future::ready(*progress < 1.0);
    let done: Vec<f64> = soon(progress.take_while(before_all).collect()).await;
    assert!(done.is_sorted() && done.iter().all(|progress| (0.1..1.0).contains(progress)));
    handle.shutdown().await;
    running.await.unwrap().unwrap();
    assert!(handle.changes().collect::<Vec<_>>().await.len() == 1);
}

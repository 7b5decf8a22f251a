use std::sync::atomic::Ordering;

use es_core::{EventId, FailureClass, Json, NewEvent, Position, Runner, RunnerHandle};
use futures_util::StreamExt;

use crate::domain::{Bench, Totals, append, soon};

/// A runner over a log in which the third number of `a` fails for now.
async fn parked(totals: &Totals) -> (Bench, RunnerHandle) {
    let bench = Bench::new().await;
    bench.count("a", &[1, 2, 13, 4]).await;
    bench.count("b", &[5]).await;
    bench.count("a", &[13]).await;
    let head = bench.count("b", &[6]).await;
    let projection = bench.models().await.projection(totals.clone());
    let runner = Runner::new(bench.store.clone(), projection);
    let runner = runner.attempts(1).park_failures();
    let handle = runner.handle();
    tokio::spawn(runner.run());
    let reached = soon(handle.wait_for(head)).await.unwrap();
    assert_eq!(reached.parked, 3);
    (bench, handle)
}

async fn positions(bench: &Bench) -> Vec<(u64, bool)> {
    let parked = bench.models().await.parked::<Totals>().await.unwrap();
    let parked = parked.iter();
    parked
        .map(|parked| (parked.position.number(), parked.failure.is_some()))
        .collect()
}

#[tokio::test]
async fn a_failing_event_holds_up_those_of_its_key_alone() {
    let (bench, handle) = parked(&Totals::default()).await;
    let sums = bench.sums();
    assert_eq!((sums["a"], sums["b"]), ((3, 2), (11, 2)));
    assert_eq!(positions(&bench).await, [(3, true), (4, false), (6, false)]);
    // What is appended to the key goes behind it; other keys go on.
    bench.count("a", &[7]).await;
    let head = bench.count("b", &[1]).await;
    assert_eq!(soon(handle.wait_for(head)).await.unwrap().parked, 4);
    assert_eq!(bench.sums()["b"], (12, 3));
    let parked = bench.models().await.parked::<Totals>().await.unwrap();
    assert_eq!(parked[0].key, "counter/a");
    let failure = parked[0].failure.as_deref().unwrap();
    assert!(
        failure.contains("position 3") && failure.contains("thirteen"),
        "{failure}"
    );
    soon(handle.shutdown()).await;
}

#[tokio::test]
async fn a_retry_takes_the_events_of_a_key_in_order_and_stops_where_one_fails() {
    let totals = Totals::default();
    let (bench, handle) = parked(&totals).await;
    let models = bench.models().await;
    let retried = models
        .retry(totals.clone(), &bench.store, "counter/a")
        .await;
    let retried = retried.unwrap();
    assert_eq!(retried.taken, 0);
    assert_eq!(retried.failure.unwrap().position(), Some(Position::new(3)));
    assert_eq!(bench.sums()["a"], (3, 2));
    assert_eq!(positions(&bench).await.len(), 3);

    totals.cured.store(true, Ordering::SeqCst);
    let retried = models
        .retry(totals.clone(), &bench.store, "counter/a")
        .await;
    let retried = retried.unwrap();
    assert!(retried.taken == 3 && retried.failure.is_none());
    assert!(positions(&bench).await.is_empty());
    assert_eq!(bench.sums(), bench.folded().await);
    // The runner finds the key free again.
    let head = bench.count("a", &[8]).await;
    assert_eq!(soon(handle.wait_for(head)).await.unwrap().parked, 0);
    assert_eq!(bench.sums(), bench.folded().await);
    soon(handle.shutdown()).await;
}

#[tokio::test]
async fn an_event_is_skipped_by_decision_and_the_decision_is_kept() {
    let totals = Totals::default();
    let (bench, handle) = parked(&totals).await;
    let models = bench.models().await;
    // Only the first of a key: what is behind it waits for it.
    for wrong in [4, 5, 99] {
        let skipped = models.skip::<Totals>(Position::new(wrong), "ops", "why");
        assert!(!skipped.await.unwrap());
    }
    assert_eq!(positions(&bench).await.len(), 3);
    let skipped = models.skip::<Totals>(Position::new(3), "ops", "a test booking");
    assert!(skipped.await.unwrap());
    let retried = models.retry(totals, &bench.store, "counter/a").await;
    assert_eq!(retried.unwrap().taken, 1);
    assert_eq!(positions(&bench).await, [(6, false)]);
    assert_eq!(bench.sums()["a"], (7, 3));
    let connection = rusqlite::Connection::open(bench.file()).unwrap();
    let kept: (i64, String, String) = connection
        .query_row(
            "SELECT position, actor, reason FROM es_skipped",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    assert_eq!(kept, (3, "ops".to_owned(), "a test booking".to_owned()));
    soon(handle.shutdown()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_retry_at_once_take_each_event_in_once() {
    let totals = Totals::default();
    let (bench, handle) = parked(&totals).await;
    let (one, other) = (bench.models().await, bench.models().await);
    totals.cured.store(true, Ordering::SeqCst);
    let (one, other) = tokio::join!(
        one.retry(totals.clone(), &bench.store, "counter/a"),
        other.retry(totals.clone(), &bench.store, "counter/a"),
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(one.failure.is_none() && other.failure.is_none());
    assert_eq!(one.taken + other.taken, 3);
    assert!(positions(&bench).await.is_empty());
    assert_eq!(bench.sums(), bench.folded().await);
    soon(handle.shutdown()).await;
}

#[tokio::test]
async fn a_status_tells_what_an_operator_decided_though_nothing_comes() {
    let totals = Totals::default();
    let (bench, handle) = parked(&totals).await;
    let models = bench.models().await;
    let is = async |count| {
        let mut changes = handle.changes();
        while changes.next().await.unwrap().parked != count {}
    };
    let skipped = models.skip::<Totals>(Position::new(3), "ada", "a typo");
    assert!(skipped.await.unwrap());
    soon(is(2)).await;
    totals.cured.store(true, Ordering::SeqCst);
    let retried = models.retry(totals, &bench.store, "counter/a");
    assert_eq!(retried.await.unwrap().taken, 2);
    soon(is(0)).await;
    assert_eq!(soon(handle.wait_for_head()).await.unwrap().parked, 0);
    soon(handle.shutdown()).await;
}

#[tokio::test]
async fn a_newer_event_behind_a_parked_one_waits_there_for_a_program_that_knows_it() {
    let totals = Totals::default();
    let (bench, handle) = parked(&totals).await;
    let payload = Json::parse(r#"{"times":1}"#).unwrap();
    let newer = NewEvent::new(EventId::random(), "counter.counted", 3, payload);
    append(&bench.store, "a", vec![newer]).await;
    let head = bench.count("b", &[1]).await;
    assert_eq!(soon(handle.wait_for(head)).await.unwrap().parked, 4);
    totals.cured.store(true, Ordering::SeqCst);
    let models = bench.models().await;
    for taken in [3, 0] {
        let retried = models.retry(totals.clone(), &bench.store, "counter/a");
        let retried = retried.await.unwrap();
        assert_eq!(retried.taken, taken);
        assert_eq!(retried.failure.unwrap().class(), FailureClass::Decoding);
        assert_eq!(positions(&bench).await, [(8, false)]);
        assert_eq!(bench.sums()["a"], (33, 5));
    }
    // Its key's next one goes behind it.
    bench.count("a", &[1]).await;
    let head = bench.count("b", &[1]).await;
    assert_eq!(soon(handle.wait_for(head)).await.unwrap().parked, 2);
    assert_eq!(positions(&bench).await, [(8, false), (10, false)]);
    soon(handle.shutdown()).await;
}

use std::sync::Arc;

use es_core::{
    EventStore, FailureClass, Fold, InMemory, LogQuery, Phase, Position, Runner, RunnerHandle, View,
};
use es_memory::MemoryStore;

use crate::domain::{Sums, append, count, noise, soon};

fn run(store: &MemoryStore) -> (View<Sums>, RunnerHandle) {
    let projection = InMemory::<Sums>::new();
    let view = projection.view();
    let runner = Runner::new(store.clone(), projection).batch(7);
    let handle = runner.handle();
    tokio::spawn(runner.run());
    (view, handle)
}

/// What a plain fold of the whole log comes to.
async fn folded(store: &MemoryStore) -> Sums {
    let mut sums = Sums::default();
    let query = LogQuery::all().limit(usize::MAX);
    for event in store.read_log(query).await.unwrap().events {
        sums.fold(&event).unwrap();
    }
    sums
}

#[tokio::test]
async fn a_reader_sees_what_it_has_waited_for() {
    let store = MemoryStore::new();
    count(&store, 1).await;
    let (view, handle) = run(&store);
    for number in 2..=20 {
        noise(&store).await;
        let appended = count(&store, number).await;
        soon(handle.wait_for(appended)).await.unwrap();
        let (sums, checkpoint) = view.read_at();
        assert_eq!(sums.numbers.last(), Some(&number));
        assert_eq!(checkpoint.position, appended);
    }
    assert_eq!(*view.read(), folded(&store).await);
}

#[tokio::test]
async fn a_state_that_is_held_does_not_change() {
    let store = MemoryStore::new();
    let (view, handle) = run(&store);
    let mut held: Vec<Arc<Sums>> = Vec::new();
    for number in 1..=40 {
        let appended = count(&store, number).await;
        soon(handle.wait_for(appended)).await.unwrap();
        // Some readers hold on for long, some let go at once, so that both ways of going on are taken.
        if number % 3 == 0 {
            held.push(view.read());
        } else if number % 7 == 0 {
            held.clear();
        }
        for sums in &held {
            assert_eq!(sums.numbers.iter().sum::<u64>(), sums.total);
            assert!(
                sums.numbers
                    .iter()
                    .copied()
                    .eq(1..=sums.numbers.len() as u64)
            );
        }
    }
    assert_eq!(*view.read(), folded(&store).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_state_that_is_read_is_a_beginning_of_the_log() {
    let store = MemoryStore::new();
    let (view, handle) = run(&store);
    let reader = tokio::spawn(async move {
        let mut seen = 0;
        while seen < 2_000 {
            let sums = view.read();
            assert!(sums.numbers.len() >= seen, "a reader went back");
            seen = sums.numbers.len();
            assert!(sums.numbers.iter().copied().eq(1..=seen as u64));
            tokio::task::yield_now().await;
        }
    });
    for number in 1..=2_000 {
        count(&store, number).await;
    }
    soon(reader).await.unwrap();
    assert_eq!(handle.status().events, 2_000);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_stops_it_and_what_came_before_can_be_read() {
    for (version, payload, newer) in [(3, "{}", true), (2, r#"{"by":"many"}"#, false)] {
        let store = MemoryStore::new();
        for number in 1..=10 {
            count(&store, number).await;
        }
        let odd = append(&store, "counter.counted", version, payload.to_owned()).await;
        count(&store, 11).await;
        let (view, handle) = run(&store);
        soon(handle.wait_for(odd)).await.unwrap_err();
        let status = handle.status();
        let failure = status.last_failure.unwrap();
        assert_eq!(failure.class(), FailureClass::Decoding);
        assert_eq!((failure.position(), failure.is_newer()), (Some(odd), newer));
        assert_eq!(
            (status.phase, status.frontier),
            (Phase::Stopped, Position::new(10))
        );
        assert!(view.read().numbers.iter().copied().eq(1..=10));
        assert!(!failure.to_string().contains("many"));
    }
}

#[tokio::test]
async fn what_an_older_version_wrote_is_folded() {
    let store = MemoryStore::new();
    let old = append(&store, "counter.counted", 1, r#"{"n":4}"#.to_owned()).await;
    let (view, handle) = run(&store);
    soon(handle.wait_for(old)).await.unwrap();
    assert_eq!(view.read().total, 4);
}

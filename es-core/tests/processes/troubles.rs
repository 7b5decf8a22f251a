//! What can't be done: one instance has to wait, or is put into quarantine, and the others go on.

use es_core::{EventId, FailureClass, Overview, StoreError, StuckInstance};
use es_memory::MemoryStore;

use crate::bench::{Bench, count, fill, log, new, place, soon};
use crate::bug;
use crate::refusing::{How, Refusing};

/// A process on a store that refuses these streams, with an order of bob's; ada's is confirmed all the same.
async fn refused(streams: &'static str, how: How) -> (Bench<Refusing>, MemoryStore) {
    let (clock, store) = new();
    fill(&store, "ada", 100).await;
    fill(&store, "bob", 100).await;
    let refusing = Refusing::new(store.clone());
    refusing.refuse(streams, how);
    let bench = Bench::run(refusing, store.clone(), &clock);
    place(&store, "1", "bob", 30).await;
    place(&store, "2", "ada", 30).await;
    assert_eq!(bench.said("2").await, ["confirmed"]);
    (bench, store)
}

async fn shown(bench: &Bench<Refusing>, holds: impl FnMut(&Overview) -> bool) -> Overview {
    soon(bench.view.wait_until(holds)).await.unwrap()
}

async fn stuck(bench: &Bench<Refusing>) -> StuckInstance {
    let overview = shown(bench, |overview| !overview.stuck.is_empty()).await;
    assert_eq!((overview.stuck.len(), overview.delayed.len()), (1, 0));
    overview.stuck[0].clone()
}

async fn id_of(store: &MemoryStore, name: &str) -> EventId {
    let log = log(store).await;
    let found = log.iter().find(|event| &*event.name == name);
    found.unwrap().envelope.id
}

#[tokio::test]
async fn a_command_that_the_store_refuses_again_and_again_puts_its_instance_into_quarantine()
-> Result<(), StoreError> {
    let (bench, store) = refused("wallet/bob", How::ForGood).await;
    let stuck = stuck(&bench).await;
    let command = id_of(&store, "es.commanded").await;
    assert_eq!((&*stuck.key, stuck.on), ("1", Some(command)));
    assert_eq!((stuck.class, stuck.attempts), (FailureClass::Store, 3));
    assert_eq!(stuck.reason, "the database refused: a constraint");
    assert_eq!(stuck.since, "2026-01-01T00:00:00Z".parse().unwrap());
    // It rests, while others go on.
    place(&store, "3", "ada", 30).await;
    assert_eq!(bench.said("3").await, ["confirmed"]);
    assert_eq!(count(&store, "es.quarantined").await, 1);

    bench.store.relent();
    assert!(bench.view.resume(&"1".to_owned(), "ops", "mended").await?);
    assert_eq!(bench.said("1").await, ["confirmed"]);
    bench.idle().await;
    assert_eq!(bench.cents("bob").await, 70);
    let overview = bench.view.overview();
    assert!(overview.stuck.is_empty() && overview.delayed.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_command_to_a_store_that_is_away_waits_in_the_open_and_is_sent_once_it_is_back() {
    let (bench, store) = refused("wallet/bob", How::Away).await;
    let overview = shown(&bench, |overview| {
        overview.delayed.first().is_some_and(|one| one.attempts > 4)
    })
    .await;
    let delayed = &overview.delayed[0];
    let command = id_of(&store, "es.commanded").await;
    assert_eq!((&*delayed.key, delayed.on), ("1", Some(command)));
    assert_eq!(delayed.class, FailureClass::Store);
    assert_eq!(
        delayed.reason,
        "the store is unavailable; nothing was written: no route"
    );
    assert_eq!(delayed.since, "2026-01-01T00:00:00Z".parse().unwrap());
    assert!(overview.stuck.is_empty());

    bench.store.relent();
    assert_eq!(bench.said("1").await, ["confirmed"]);
    shown(&bench, |overview| overview.delayed.is_empty()).await;
    assert_eq!(count(&store, "es.quarantined").await, 0);
}

#[tokio::test]
async fn a_store_that_refuses_everything_puts_nobody_into_quarantine() {
    let (bench, store) = refused("wallet/bob", How::Away).await;
    bench.idle_but_for(1).await;
    bench.store.refuse("", How::ForGood);
    let tried = |overview: &Overview| {
        (overview.delayed.first()).is_some_and(|one| {
            one.attempts > 8 && one.reason == "the database refused: a constraint"
        })
    };
    shown(&bench, tried).await;
    bench.store.relent();
    assert_eq!(bench.said("1").await, ["confirmed"]);
    bench.idle().await;
    assert_eq!(count(&store, "es.quarantined").await, 0);
    assert!(bench.view.overview().delayed.is_empty());
}

#[tokio::test]
async fn a_deadline_that_the_store_does_not_take_waits_in_the_open() {
    let (clock, store) = new();
    let refusing = Refusing::new(store.clone());
    let bench = Bench::run(refusing, store.clone(), &clock);
    bench.place("1", "ada", 0).await;
    bench.idle().await;
    bench.store.refuse("payment/1", How::ForGood);
    clock.advance(crate::domain::DUE);
    let overview = shown(&bench, |overview| {
        overview.delayed.first().is_some_and(|one| one.attempts > 4)
    })
    .await;
    let setting = id_of(&store, "es.deadline-set").await;
    assert_eq!(overview.delayed[0].on, Some(setting));
    // The others go on.
    bench.fill("ada", 100).await;
    bench.place("2", "ada", 30).await;
    assert_eq!(bench.said("2").await, ["confirmed"]);
    bench.store.relent();
    assert_eq!(bench.said("1").await, ["too late"]);
    shown(&bench, |overview| overview.delayed.is_empty()).await;
}

/// A process with a bug that an order of so many cents meets, and what it is stuck on.
async fn panicking(cents: i64) -> (Bench<MemoryStore>, StuckInstance) {
    let (clock, store) = new();
    fill(&store, "ada", 200).await;
    place(&store, "1", "ada", cents).await;
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    let stuck = bench.view.wait_until(|overview| !overview.stuck.is_empty());
    let stuck = soon(stuck).await.unwrap().stuck[0].clone();
    assert_eq!(&*stuck.key, "1");
    assert_eq!((stuck.class, stuck.attempts), (FailureClass::Panicked, 1));
    assert_eq!(
        stuck.reason,
        format!("the code panicked: {cents} is too much")
    );
    place(&store, "2", "ada", 30).await;
    assert_eq!(bench.said("2").await, ["confirmed"]);
    (bench, stuck)
}

async fn mended(bench: Bench<MemoryStore>, cents: i64) -> Result<(), StoreError> {
    bug::mend();
    assert!(bench.view.resume(&"1".to_owned(), "ops", "mended").await?);
    assert_eq!(bench.said("1").await, ["confirmed"]);
    bench.idle().await;
    assert_eq!(bench.cents("ada").await, 170 - cents);
    assert!(bench.view.overview().stuck.is_empty());
    assert!(bench.handle.status().last_failure.is_none());
    Ok(())
}

#[tokio::test]
async fn a_panic_of_the_aggregate_puts_who_has_sent_the_command_into_quarantine()
-> Result<(), StoreError> {
    let (bench, stuck) = panicking(66).await;
    let command = id_of(&bench.store, "es.commanded").await;
    assert_eq!(stuck.on, Some(command));
    assert!(count(&bench.store, "es.refused").await == 0);
    mended(bench, 66).await
}

#[tokio::test]
async fn a_panic_of_the_process_puts_the_instance_into_quarantine() -> Result<(), StoreError> {
    let (bench, stuck) = panicking(67).await;
    let input = id_of(&bench.store, "order.placed").await;
    assert_eq!(stuck.on, Some(input));
    mended(bench, 67).await
}

#[tokio::test]
async fn a_panic_as_its_own_events_are_folded_puts_the_instance_into_quarantine()
-> Result<(), StoreError> {
    let (bench, stuck) = panicking(68).await;
    // It is no input's fault: what it reacted with stands, and was sent.
    assert_eq!(stuck.on, None);
    assert_eq!(bench.cents("ada").await, 200 - 68 - 30);
    mended(bench, 68).await
}

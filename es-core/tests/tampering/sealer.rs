//! A sealer beside others, and one that is interrupted.

use std::time::Duration;

use es_core::{
    Checkpoint, EventStore, Filter, Json, Sealer, StoreError, Subscription, Verification,
};
use es_memory::MemoryStore;
use es_testkit::{Fault, FaultyStore};

use crate::edited::{append, breaks, log, stream};

async fn seals(store: &impl EventStore) -> usize {
    let log = log(store).await;
    let seals = log.0.iter().filter(|event| &*event.name == "es.sealed");
    seals.count()
}

#[tokio::test]
async fn an_empty_log_has_no_seal_and_one_without_news_no_second() {
    let store = MemoryStore::new();
    let mut sealer = Sealer::open(store.clone()).await.unwrap();
    assert_eq!(sealer.seal().await.unwrap(), None);
    append(&store, 1, 0).await;
    let first = sealer.seal().await.unwrap();
    assert_eq!(first.as_ref().map(|seal| seal.position.number()), Some(1));
    assert_eq!(sealer.seal().await.unwrap(), first);
    let mut again = Sealer::open(store.clone()).await.unwrap();
    assert_eq!(again.seal().await.unwrap(), first);
    assert_eq!(seals(&store).await, 1);
}

#[tokio::test]
async fn a_long_log_is_sealed_in_parts() {
    let store = MemoryStore::new().tamper_evident();
    for number in 0..2_500 {
        append(&store, number % 7, number).await;
    }
    let mut sealer = Sealer::open(store.clone()).await.unwrap();
    let kept = sealer.seal().await.unwrap().unwrap();
    assert_eq!(seals(&store).await, 3);
    let verification = Verification::of(&store, &[kept]).await.unwrap();
    assert!(verification.is_clean(), "{verification}");
}

#[tokio::test]
async fn of_two_sealers_each_goes_on_from_what_the_other_sealed() {
    let store = MemoryStore::new().tamper_evident();
    let mut one = Sealer::open(store.clone()).await.unwrap();
    let mut other = Sealer::open(store.clone()).await.unwrap();
    let mut kept = Vec::new();
    for number in 0..20 {
        append(&store, number % 3, number).await;
        let sealer = if number % 5 < 3 { &mut one } else { &mut other };
        kept.push(sealer.seal().await.unwrap().unwrap());
    }
    assert_eq!(other.seal().await.unwrap(), kept.last().cloned());
    assert_eq!(seals(&store).await, 20);
    let verification = Verification::of(&store, &kept).await.unwrap();
    assert!(verification.is_clean(), "{verification}");
}

#[tokio::test]
async fn a_seal_whose_acknowledgement_is_lost_stands_once() {
    for fault in [
        Fault::AcknowledgementLost,
        Fault::RequestLost,
        Fault::Unavailable,
    ] {
        let memory = MemoryStore::new().tamper_evident();
        append(&memory, 1, 0).await;
        let store = FaultyStore::new(memory.clone()).on_append(1, fault);
        let mut sealer = Sealer::open(store).await.unwrap();
        let lost = sealer.seal().await;
        assert!(matches!(
            lost,
            Err(StoreError::Unknown(_) | StoreError::Unavailable(_))
        ));
        let kept = sealer.seal().await.unwrap().unwrap();
        assert_eq!(seals(&memory).await, 1);
        append(&memory, 1, 1).await;
        let later = sealer.seal().await.unwrap().unwrap();
        assert_eq!(seals(&memory).await, 2);
        let verification = Verification::of(&memory, &[kept, later]).await.unwrap();
        assert!(verification.is_clean(), "{verification}");
    }
}

#[tokio::test]
async fn a_seal_that_was_dropped_half_way_is_made_again() {
    let memory = MemoryStore::new().tamper_evident();
    append(&memory, 1, 0).await;
    let store = FaultyStore::new(memory.clone()).on_append(1, Fault::Hangs);
    let mut sealer = Sealer::open(store).await.unwrap();
    assert!(futures_util::FutureExt::now_or_never(sealer.seal()).is_none());
    append(&memory, 2, 1).await;
    let kept = sealer.seal().await.unwrap().unwrap();
    assert_eq!(kept.position.number(), 2);
    let verification = Verification::of(&memory, &[kept]).await.unwrap();
    assert!(verification.is_clean(), "{verification}");
}

#[tokio::test]
async fn what_is_appended_is_sealed_while_it_runs() {
    let store = MemoryStore::new().tamper_evident();
    let running = tokio::spawn({
        let store = store.clone();
        async move { Sealer::open(store).await.unwrap().run(Duration::ZERO).await }
    });
    let filter = Filter::all().name("es.sealed");
    let mut subscription = Subscription::new(store.clone(), filter, Checkpoint::START);
    for number in 0..5 {
        append(&store, 1, number).await;
        let sealed = async {
            // Until the first seal behind it.
            while subscription.next_batch(1).await.unwrap().is_empty() {}
        };
        let patience = Duration::from_mins(1);
        tokio::time::timeout(patience, sealed)
            .await
            .expect("sealed");
    }
    running.abort();
    let verification = Verification::of(&store, &[]).await.unwrap();
    assert!(verification.is_clean(), "{verification}");
    assert_eq!(verification.sealed_to().number(), 9);
}

#[tokio::test]
async fn a_sealer_does_not_go_on_from_an_event_that_is_gone() {
    let store = MemoryStore::new().tamper_evident();
    append(&store, 1, 0).await;
    append(&store, 2, 1).await;
    Sealer::open(store.clone())
        .await
        .unwrap()
        .seal()
        .await
        .unwrap();
    let mut edited = log(&store).await;
    edited.0.remove(1);
    let diverged = Sealer::open(edited.clone()).await.unwrap_err();
    assert!(
        matches!(diverged, StoreError::LogDiverged { .. }),
        "{diverged:?}"
    );
    let mut edited = log(&store).await;
    edited.0[2].payload = Json::from_stored("{}");
    let unreadable = Sealer::open(edited.clone()).await.unwrap_err();
    assert!(
        matches!(unreadable, StoreError::Backend(_)),
        "{unreadable:?}"
    );
    let found = breaks(&edited.verify(&[]).await);
    assert_eq!(found, ["es.seals/log 1: changed"]);
    assert_eq!(edited.of_stream(&stream(1)).len(), 1);
}

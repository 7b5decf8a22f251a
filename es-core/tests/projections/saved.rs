//! States that are saved, and what becomes of them.

use es_core::{
    BoxFuture, FailureClass, Fold, InMemory, Json, Phase, Position, Projection, Runner,
    RunnerHandle, SavedState, StateStore, StoreError, View,
};
use es_memory::MemoryStore;

use crate::domain::{Sums, count, soon};

fn run(store: &MemoryStore, states: impl StateStore) -> (View<Sums>, RunnerHandle) {
    let projection = InMemory::<Sums>::new().saved_in(states);
    let view = projection.view();
    let runner = Runner::new(store.clone(), projection);
    let handle = runner.handle();
    tokio::spawn(runner.run());
    (view, handle)
}

/// A store with five numbers, whose projection was run, saved and ended; and the state as it was saved.
async fn saved() -> (MemoryStore, SavedState) {
    let store = MemoryStore::new();
    for number in 1..=5 {
        count(&store, number).await;
    }
    let (_, handle) = run(&store, store.clone());
    soon(handle.wait_for(Position::new(5))).await.unwrap();
    soon(handle.shutdown()).await;
    let state = store.load_state("sums", 1).await.unwrap().unwrap();
    (store, state)
}

async fn read_at(store: &MemoryStore, position: u64) -> Sums {
    let (view, handle) = run(store, store.clone());
    soon(handle.wait_for(Position::new(position)))
        .await
        .unwrap();
    soon(handle.shutdown()).await;
    Sums::clone(&view.read())
}

/// The same, but for what is changed.
fn but(saved: &SavedState, change: impl FnOnce(&mut SavedState)) -> SavedState {
    let mut saved = saved.clone();
    change(&mut saved);
    saved
}

/// The same state, with a number that no event says, so that it shows where it is used.
fn forged(saved: &SavedState) -> SavedState {
    let state = Json::parse(r#"{"total":1000,"numbers":[1000]}"#).unwrap();
    but(saved, |saved| saved.state = state)
}

#[tokio::test]
async fn the_state_and_its_position_are_saved_when_the_runner_ends() {
    let (_, state) = saved().await;
    assert_eq!(
        (&*state.projection, state.version),
        (Sums::NAME, Sums::VERSION)
    );
    assert_eq!(
        (state.schema, state.checkpoint.position),
        (Sums::SCHEMA, Position::new(5))
    );
    assert!(state.checkpoint.event_id.is_some());
    assert_eq!(
        state.state.as_str(),
        r#"{"total":15,"numbers":[1,2,3,4,5]}"#
    );
}

#[tokio::test]
async fn a_restart_goes_on_from_what_is_saved() {
    let (store, state) = saved().await;
    store.delete_states("sums").await.unwrap();
    store.save_state(forged(&state)).await.unwrap();
    count(&store, 6).await;
    assert_eq!(read_at(&store, 6).await.numbers, [1000, 6]);
}

#[tokio::test]
async fn a_state_of_another_form_or_version_is_ignored() {
    let (store, state) = saved().await;
    let other = Json::parse(r#"{"sum":15}"#).unwrap();
    for odd in [
        but(&forged(&state), |state| state.version = 2),
        but(&forged(&state), |state| state.schema += 1),
        but(&state, |state| state.state = other),
    ] {
        store.delete_states("sums").await.unwrap();
        store.save_state(odd).await.unwrap();
        assert_eq!(read_at(&store, 5).await.total, 15);
    }
}

#[tokio::test]
async fn a_log_that_was_restored_to_another_past_is_told() {
    let (store, state) = saved().await;
    let restored = MemoryStore::new();
    for number in 1..=9 {
        count(&restored, number).await;
    }
    let (_, handle) = run(&restored, store.clone());
    soon(handle.wait_for(Position::new(9))).await.unwrap_err();
    let status = handle.status();
    let failure = status.last_failure.unwrap();
    assert_eq!(
        (status.phase, failure.class()),
        (Phase::Stopped, FailureClass::LogDiverged)
    );
    assert_eq!(failure.position(), Some(Position::new(5)));
    // What was saved stays for whoever finds out what happened.
    assert_eq!(store.load_state("sums", 1).await.unwrap(), Some(state));
}

#[tokio::test]
async fn a_state_store_that_fails_never_stops_the_fold() {
    struct Broken;
    impl StateStore for Broken {
        fn load_state<'a>(
            &'a self,
            _: &'a str,
            _: u32,
        ) -> BoxFuture<'a, Result<Option<SavedState>, StoreError>> {
            Box::pin(async { Err(StoreError::Unavailable("away".into())) })
        }
        fn save_state(&self, _: SavedState) -> BoxFuture<'_, Result<(), StoreError>> {
            Box::pin(async { Err(StoreError::Unavailable("away".into())) })
        }
        fn delete_states<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
            Box::pin(async { Err(StoreError::Unavailable("away".into())) })
        }
    }
    let (store, _) = saved().await;
    let (view, handle) = run(&store, Broken);
    soon(handle.wait_for(Position::new(5))).await.unwrap();
    soon(handle.shutdown()).await;
    assert_eq!(
        (view.read().total, handle.status().phase),
        (15, Phase::Ended)
    );
}

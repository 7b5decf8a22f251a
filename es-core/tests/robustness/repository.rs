//! Whole streams and snapshots that hold anything, through every way that the repository reads.

use es_core::{
    Append, Checkpoint, EventId, EventStore, ExecuteError, Expected, Filter, Json, LoadError,
    NewEvent, Next, NoError, Repository, Revision, Snapshot, SnapshotStore, StoreError, StreamId,
    Subscription, Timestamp,
};
use es_memory::MemoryStore;
use futures_util::StreamExt;
use proptest::prelude::*;

use crate::subject::{Ended, PAYLOADS, Subject, SubjectEvent};
use crate::texts::{json, kind, mangled, mistyped, words};

fn now<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

fn stream() -> StreamId {
    StreamId::new("subject", "1").unwrap()
}

/// An event as anybody may have written it, past the library.
fn event() -> impl Strategy<Value = NewEvent> {
    let text = prop_oneof![json().prop_map(|json| json.to_string()), words()];
    let known = prop_oneof![mangled(), mistyped()]
        .prop_map(|(name, version, payload)| (name.to_owned(), version, payload));
    let any =
        (kind(), text.clone()).prop_map(|((name, version), payload)| (name, version, payload));
    let metadata = prop_oneof![3 => Just("{}".to_owned()), 1 => text];
    let event = prop_oneof![known, any].prop_filter("stores refuse these", |(name, version, _)| {
        !name.is_empty() && name.len() <= 128 && !name.chars().any(char::is_control) && *version > 0
    });
    (event, metadata).prop_map(|((name, version, payload), metadata)| {
        let payload = Json::from_stored(payload);
        let mut event = NewEvent::new(EventId::random(), name, version, payload);
        event.metadata = Json::from_stored(metadata);
        event
    })
}

async fn append(store: &MemoryStore, events: Vec<NewEvent>) {
    let append = Append::new(stream(), Expected::Any, events);
    store.append(append).await.unwrap();
}

fn begun() -> NewEvent {
    let (name, version, payload) = PAYLOADS[0];
    NewEvent::new(EventId::random(), name, version, Json::from_stored(payload))
}

fn assert_undecodable(error: &StoreError) {
    assert!(matches!(error, StoreError::Undecodable(_)), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_stream_of_anything_is_loaded_or_refused(
        events in prop::collection::vec(event(), 1..6),
        begins in any::<bool>(),
        at in any::<u64>(),
    ) {
        now(async {
            let store = MemoryStore::new();
            if begins {
                append(&store, vec![begun()]).await;
            }
            append(&store, events).await;
            let head = store.head().await.unwrap();
            let subjects = Repository::<Subject, _>::new(store.clone()).with_snapshots(store.clone()).with_cache(4);
            let id = "1".to_owned();
            let loads = [
                subjects.load(&id).await,
                subjects.load_at(&id, Revision::new(at)).await,
                subjects.load_as_of(&id, Timestamp::MAX).await,
            ];
            for loaded in loads {
                match loaded {
                    Ok(_) | Err(LoadError::NotFound { .. } | LoadError::NoSuchRevision { .. }) => {}
                    Err(LoadError::Store(error)) => assert_undecodable(&error),
                    Err(other) => panic!("{other}"),
                }
            }
            match subjects.execute(&id, |_| Ok::<_, NoError>(None::<Ended>)).await {
                Ok(_) | Err(ExecuteError::NotFound { .. }) => {}
                Err(ExecuteError::Store(error)) => assert_undecodable(&error),
                Err(other) => panic!("{other}"),
            }
            let mut history = subjects.history(&id);
            while let Some(moment) = history.next().await {
                if let Err(error) = moment {
                    assert_undecodable(&error);
                }
            }
            let mut subscription = Subscription::new(store.clone(), Filter::all(), Checkpoint::START);
            while let Next::Event(stored) = subscription.next().await.unwrap() {
                let _ = stored.decode::<SubjectEvent>();
            }
            assert_eq!(store.head().await.unwrap(), head);
        });
    }

    #[test]
    fn a_snapshot_of_anything_changes_no_state(
        state in prop_oneof![json().prop_map(|json| json.to_string()), words()],
        revision in prop_oneof![0_u64..5, any::<u64>()],
        stands_on in prop_oneof![Just(None), Just(Some(0_usize)), Just(Some(1))],
    ) {
        now(async {
            let store = MemoryStore::new();
            let events = vec![begun(), NewEvent::new(EventId::random(), "ended", 1, Json::from_stored("null"))];
            let ids: Vec<EventId> = events.iter().map(|event| event.id).collect();
            append(&store, events).await;
            let id = "1".to_owned();
            let expected = Repository::<Subject, _>::new(store.clone()).load(&id).await.unwrap();
            let policy = <Subject as es_core::Aggregate>::SNAPSHOTS.unwrap();
            let event_id = stands_on.map_or_else(EventId::random, |index| ids[index]);
            // What can be read as a state is one, and would be believed.
            prop_assume!((policy.decode)(&state).is_none());
            let state = Json::from_stored(state);
            let snapshot = Snapshot::new(stream(), Revision::new(revision), event_id, policy.schema, policy.fold, state);
            store.keep_snapshot(snapshot).await.unwrap();
            let subjects = Repository::<Subject, _>::new(store.clone()).with_snapshots(store.clone());
            assert_eq!(*subjects.load(&id).await.unwrap(), *expected);
            Ok(())
        })?;
    }
}

#[test]
fn a_snapshot_far_beyond_the_stream_is_ignored() {
    now(async {
        let store = MemoryStore::new();
        let event = begun();
        let event_id = event.id;
        append(&store, vec![event]).await;
        let policy = <Subject as es_core::Aggregate>::SNAPSHOTS.unwrap();
        let state = (policy.encode)(&crate::subject::subject()).unwrap();
        for revision in [0, 2, u64::MAX - 1, u64::MAX] {
            let revision = Revision::new(revision);
            let snapshot = Snapshot::new(
                stream(),
                revision,
                event_id,
                policy.schema,
                policy.fold,
                state.clone(),
            );
            store.keep_snapshot(snapshot).await.unwrap();
            let subjects =
                Repository::<Subject, _>::new(store.clone()).with_snapshots(store.clone());
            let loaded = subjects.load(&"1".to_owned()).await.unwrap();
            assert_eq!(
                (loaded.revision(), &loaded.id()[..]),
                (Revision::FIRST, "1")
            );
        }
    });
}

//! What users give: ids, actors, reasons, keys and texts of every kind come back as they were, or are refused before
//! anything is stored.

use es_core::{
    Append, Event, EventId, EventStore, ExecuteError, Expected, Invalid, Json, LogQuery, NewEvent,
    NoError, Position, Repository, StoreError, StreamId,
};
use es_memory::MemoryStore;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::texts::{json, words};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "said")]
struct Said {
    text: String,
    letter: char,
}

#[derive(Debug, Clone, Default, PartialEq, es_core::Aggregate)]
#[aggregate(name = "talk", id = String, event = TalkEvent, error = NoError)]
#[event(Said)]
struct Talk {
    said: Vec<Said>,
}

impl es_core::Apply<Said> for Talk {
    fn apply(&mut self, event: Said) {
        self.said.push(event);
    }
}

fn now<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

async fn is_empty(store: &MemoryStore) -> bool {
    let head = store.head().await.unwrap();
    head == Position::START
        && store
            .read_log(LogQuery::all())
            .await
            .unwrap()
            .events
            .is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_said_of_a_command_comes_back(
        id in words(),
        (actor, reason, correlation, key) in (words(), words(), words(), words()),
        (entry, value) in (words(), json()),
        (text, letter) in (words(), any::<char>()),
    ) {
        now(async {
            let store = MemoryStore::new();
            let talks = Repository::<Talk, _>::new(store.clone());
            let said = Said { text, letter };
            let executed = talks
                .execute(&id, |_| said.clone())
                .by(actor.clone())
                .because(reason.clone())
                .correlated(correlation.clone())
                .with(format!("x-{entry}"), value.clone())
                .once(key.clone())
                .await;
            if id.is_empty() || id.contains('\0') || id.len() > StreamId::MAX_ID {
                let refused = matches!(&executed, Err(ExecuteError::Store(StoreError::Invalid(_))));
                assert!(refused, "{executed:?}");
                assert!(is_empty(&store).await);
                return;
            }
            assert_eq!(executed.unwrap().events(), [TalkEvent::Said(said.clone())]);
            assert_eq!(talks.load(&id).await.unwrap().said, std::slice::from_ref(&said));
            // The same key again finds it.
            let again = talks.execute(&id, |_| said.clone()).once(key.clone()).await.unwrap();
            assert!(again.is_repeated());

            let stored = store.read_log(LogQuery::all()).await.unwrap().events;
            assert_eq!(stored.len(), 1);
            assert_eq!(stored[0].envelope.stream.id(), id);
            let metadata = es_core::Metadata::decode(&stored[0].envelope.metadata).unwrap();
            let of = (metadata.actor, metadata.reason, metadata.correlation);
            assert_eq!(of, (Some(actor), Some(reason), Some(correlation)));
            assert_eq!(metadata.extra.get(&format!("x-{entry}")), Some(&value));
        });
    }

    #[test]
    fn a_name_is_taken_or_refused_before_anything_is_stored(name in words(), version in any::<u32>(), category in words()) {
        now(async {
            let store = MemoryStore::new();
            let stream = StreamId::new(&category, "1");
            let well_formed = !category.is_empty()
                && category.len() <= StreamId::MAX_CATEGORY
                && !category.chars().any(|letter| letter == '/' || letter.is_control());
            assert_eq!(stream.is_ok(), well_formed);
            let stream = stream.unwrap_or_else(|_| StreamId::new("talk", "1").unwrap());
            let event = NewEvent::new(EventId::random(), name.as_str(), version, Json::EMPTY_OBJECT);
            let appended = store.append(Append::new(stream, Expected::Any, vec![event])).await;
            let bad_name = name.is_empty() || name.len() > NewEvent::MAX_NAME || name.chars().any(char::is_control);
            match appended {
                Ok(_) => {
                    assert!(!bad_name && version > 0);
                    let stored = store.read_log(LogQuery::all()).await.unwrap().events;
                    assert_eq!((&*stored[0].name, stored[0].version), (name.as_str(), version));
                }
                Err(StoreError::Invalid(invalid)) => {
                    assert!(matches!(*invalid, Invalid::EventName) == bad_name, "{invalid}");
                    assert!(bad_name || version == 0);
                    assert!(is_empty(&store).await);
                }
                Err(other) => panic!("{other}"),
            }
        });
    }
}

#[test]
fn an_entry_that_hides_what_the_library_says_is_refused() {
    now(async {
        let store = MemoryStore::new();
        let talks = Repository::<Talk, _>::new(store.clone());
        let id = "1".to_owned();
        let said = Said {
            text: String::new(),
            letter: 'a',
        };
        for key in ["actor", "reason", "caused_by", "correlation", "es.tags"] {
            let executed = talks
                .execute(&id, |_| said.clone())
                .by("ada")
                .with(key, 7)
                .await;
            let Err(ExecuteError::Store(StoreError::Invalid(invalid))) = executed else {
                panic!("{key}: {executed:?}");
            };
            assert!(invalid.to_string().contains(key), "{invalid}");
        }
        assert!(is_empty(&store).await);
        let executed = talks.execute(&id, |_| said.clone()).with("actors", 7).await;
        assert_eq!(executed.unwrap().revision().number(), 1);
    });
}

//! What is read of instances that have much behind them: counted, not timed.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use es_core::{
    Aggregate, Append, Appended, Apply, BoxFuture, Command, Compensate, Event, EventId, EventStore,
    Expected, Handle, Json, LogPage, LogQuery, NewEvent, NoError, Position, Process, Processes,
    React, Reaction, Recorded, Rejected, Repository, Runner, Since, StateStore, StoreError,
    StoredEvent, StreamId, StreamPage, StreamQuery,
};
use es_memory::MemoryStore;
use serde::{Deserialize, Serialize};

use crate::bench::{clock, log, memory, soon};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "bell.rung")]
struct Rung {
    door: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "door.opened")]
struct Opened {}

#[derive(Default, Aggregate)]
#[aggregate(name = "door", id = String, event = DoorEvent, error = NoError)]
#[event(Opened)]
struct Door;

impl Apply<Opened> for Door {
    fn apply(&mut self, _: Opened) {}
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(aggregate = Door)]
struct Open {
    #[command(id)]
    door: String,
}

impl Handle<Open> for Door {
    type Events = Opened;
    fn handle(&self, _: &Open) -> Result<Opened, NoError> {
        Ok(Opened {})
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "porter.heard")]
struct Heard {}

#[derive(Debug, Default, Aggregate, Process)]
#[aggregate(name = "porter", id = String, event = PorterEvent, error = NoError)]
#[event(Heard)]
#[input(Rung, starts)]
#[command(Open, name = "door.open")]
struct Porter {
    heard: usize,
}

impl Apply<Heard> for Porter {
    fn apply(&mut self, _: Heard) {
        self.heard += 1;
    }
}

impl React<Rung> for Porter {
    fn key(rung: &Recorded<Rung>) -> Option<String> {
        Some(rung.stream.id().to_owned())
    }
    fn react(&self, rung: &Recorded<Rung>) -> Result<Reaction<Self>, NoError> {
        let door = rung.door.clone();
        Ok(Reaction::of(self).emit(Heard {}).send(Open { door }))
    }
}

impl Compensate<Open> for Porter {
    fn compensate(&self, _: &Rejected<Open>) -> Result<Reaction<Self>, NoError> {
        Ok(Reaction::of(self))
    }
}

/// A store that counts how many events of porters are read by their streams.
#[derive(Clone)]
struct Counting {
    store: MemoryStore,
    read: Arc<AtomicUsize>,
}

impl EventStore for Counting {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        self.store.append(append)
    }

    fn find<'a>(
        &'a self,
        stream: &'a StreamId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<StoredEvent>, StoreError>> {
        self.store.find(stream, id)
    }

    fn read_stream(&self, query: StreamQuery) -> BoxFuture<'_, Result<StreamPage, StoreError>> {
        Box::pin(async move {
            let is_porter = query.stream.category() == "porter";
            let page = self.store.read_stream(query).await?;
            if is_porter {
                self.read.fetch_add(page.events.len(), Ordering::SeqCst);
            }
            Ok(page)
        })
    }

    fn read_log(&self, query: LogQuery) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        self.store.read_log(query)
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        self.store.head()
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.wait_past(position)
    }
}

/// Rings so often at each of these, one after the other.
async fn ring(store: &MemoryStore, bells: &[&str], times: usize) {
    for time in 0..times {
        for bell in bells {
            let door = format!("{bell}-{time}");
            let payload = Json::encode(&Rung { door }).unwrap();
            let rung = NewEvent::new(EventId::random(), "bell.rung", 1, payload);
            let stream = StreamId::new("bell", bell).unwrap();
            let append = Append::new(stream, Expected::Any, vec![rung]);
            store.append(append).await.unwrap();
        }
    }
}

/// Runs the process until it has nothing to do; how many events of porters were read.
async fn run(store: &MemoryStore, states: impl StateStore, kept: usize) -> usize {
    let counting = Counting {
        store: store.clone(),
        read: Arc::default(),
    };
    let processes = Processes::<Porter>::new(counting.clone(), states, Since::Beginning)
        .cache(NonZeroUsize::new(kept).unwrap())
        .every(Duration::from_millis(2));
    let view = processes.view();
    let runner = Runner::new(store.clone(), processes).batch(10);
    let handle = runner.handle();
    tokio::spawn(runner.run());
    soon(async {
        loop {
            let head = store.head().await.unwrap();
            handle.wait_for(head).await.unwrap();
            view.wait_until(|overview| overview.unsent == 0)
                .await
                .unwrap();
            if store.head().await.unwrap() == head {
                return;
            }
        }
    })
    .await;
    soon(handle.shutdown()).await;
    counting.read.load(Ordering::SeqCst)
}

async fn recorded(store: &MemoryStore) -> usize {
    let log = log(store).await;
    let porters = log
        .iter()
        .filter(|event| event.envelope.stream.category() == "porter");
    porters.count()
}

async fn heard(store: &MemoryStore, bell: &str) -> usize {
    let porters = Repository::<Porter, _>::new(store.clone());
    porters.load(&bell.to_owned()).await.unwrap().heard
}

#[tokio::test]
async fn what_an_instance_has_recorded_is_read_once_however_much_that_is() {
    let store = memory(&clock());
    ring(&store, &["front"], 500).await;
    let read = run(&store, store.clone(), 10).await;
    let all = recorded(&store).await;
    assert_eq!((heard(&store, "front").await, all), (500, 2_000));
    assert!(read <= all, "{read} of {all} were read");
    // And once more after a start.
    ring(&store, &["front"], 100).await;
    let read = run(&store, store.clone(), 10).await;
    let all = recorded(&store).await;
    assert_eq!((heard(&store, "front").await, all), (600, 2_400));
    assert!(read <= all, "{read} of {all} were read");
}

#[tokio::test]
async fn what_is_kept_of_instances_and_what_is_not_changes_nothing_about_what_comes_of_events() {
    let (kept, displaced) = (memory(&clock()), memory(&clock()));
    for store in [&kept, &displaced] {
        ring(store, &["front", "back", "side"], 20).await;
    }
    let read_kept = run(&kept, kept.clone(), 3).await;
    let read_displaced = run(&displaced, displaced.clone(), 1).await;
    for store in [&kept, &displaced] {
        for bell in ["front", "back", "side"] {
            assert_eq!(heard(store, bell).await, 20);
        }
        assert_eq!(recorded(store).await, 240);
        let opened = log(store).await;
        let opened = opened.iter().filter(|event| &*event.name == "door.opened");
        assert_eq!(opened.count(), 60);
    }
    assert!(read_kept <= 240, "{read_kept}");
    assert!(read_displaced > 240, "{read_displaced}");
}

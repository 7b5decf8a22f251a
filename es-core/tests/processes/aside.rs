//! Inputs whose keys no instance can have.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use es_core::{
    Aggregate, Append, Apply, Event, EventId, EventStore, Expected, Invalid, InvalidStreamId, Json,
    NewEvent, NoError, Position, Process, ProcessView, Processes, React, Reaction, Recorded,
    Repository, Runner, RunnerHandle, Since, StateStore, StoreError, StreamId,
};
use es_memory::MemoryStore;
use serde::{Deserialize, Serialize};

use crate::bench::{clock, count, log, memory, soon};
use crate::bug;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "site.visited")]
struct Visited {
    by: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "guest.greeted")]
struct Greeted {}

/// A name, which isn't read from its text where that says so.
#[derive(Debug, Clone)]
struct Name(String);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "unreadable" {
            return Err(());
        }
        Ok(Self(text.to_owned()))
    }
}

#[derive(Debug, Clone, Default, Aggregate, Process)]
#[aggregate(name = "guest", id = Name, event = GuestEvent, error = NoError)]
#[event(Greeted)]
#[input(Visited, starts)]
struct Guest {
    greeted: u64,
}

impl Apply<Greeted> for Guest {
    fn apply(&mut self, _: Greeted) {
        self.greeted += 1;
    }
}

/// Once the bug is mended, who gives no name is called nobody.
impl React<Visited> for Guest {
    fn key(visited: &Recorded<Visited>) -> Option<Name> {
        let by = visited.by.as_str();
        let is_mended = by.is_empty() && !bug::is_there();
        Some(Name(if is_mended { "nobody" } else { by }.to_owned()))
    }
    fn react(&self, _: &Recorded<Visited>) -> Result<Reaction<Self>, NoError> {
        Ok(Reaction::of(self).emit(Greeted {}))
    }
}

struct Site {
    store: MemoryStore,
    view: ProcessView<Guest>,
    handle: RunnerHandle,
}

impl Site {
    fn open(store: &MemoryStore, states: impl StateStore) -> Self {
        let processes = Processes::<Guest>::new(store.clone(), states, Since::Beginning)
            .every(Duration::from_millis(2));
        let view = processes.view();
        let runner = Runner::new(store.clone(), processes).batch(2);
        let handle = runner.handle();
        tokio::spawn(runner.run());
        let store = store.clone();
        Self {
            store,
            view,
            handle,
        }
    }

    async fn idle(&self) {
        soon(async {
            loop {
                let head = self.store.head().await.unwrap();
                self.handle.wait_for(head).await.unwrap();
                if self.store.head().await.unwrap() == head {
                    return;
                }
            }
        })
        .await;
    }

    async fn greeted(&self, name: &str) -> u64 {
        let guests = Repository::<Guest, _>::new(self.store.clone());
        guests.load(&Name(name.to_owned())).await.unwrap().greeted
    }

    async fn close(self) {
        soon(self.handle.shutdown()).await;
    }
}

async fn visit(store: &MemoryStore, by: &str) -> EventId {
    let id = EventId::random();
    let payload = Json::encode(&Visited { by: by.to_owned() }).unwrap();
    let visited = NewEvent::new(id, "site.visited", 1, payload);
    let stream = StreamId::new("site", "1").unwrap();
    let append = Append::new(stream, Expected::Any, vec![visited]);
    store.append(append).await.unwrap();
    id
}

/// A site that nobody, ada and others whose names name no stream have visited.
async fn visited() -> (MemoryStore, Vec<EventId>) {
    let store = memory(&clock());
    let mut ids = Vec::new();
    for by in ["", &"x".repeat(257), "a\0b", "unreadable"] {
        ids.push(visit(&store, by).await);
        visit(&store, "ada").await;
    }
    (store, ids)
}

#[tokio::test]
async fn an_input_whose_key_names_no_instance_is_set_aside_and_the_others_go_on() {
    let (store, ids) = visited().await;
    let site = Site::open(&store, store.clone());
    site.idle().await;
    assert_eq!(site.greeted("ada").await, 4);
    let overview = site.view.overview();
    assert_eq!((overview.set_aside, overview.open), (4, 1));
    assert!(overview.stuck.is_empty());
    assert_eq!(site.handle.status().parked, 4);
    let aside = site.view.set_aside().await.unwrap();
    let told: Vec<_> = (aside.iter())
        .map(|input| (input.event, input.position, &*input.name, &*input.reason))
        .collect();
    let length = "not a stream's name: an id has 1 to 256 bytes, this one has";
    let reasons = [
        format!("{length} 0"),
        format!("{length} 257"),
        "not a stream's name: an id has no NUL character".to_owned(),
        "no key is written as the key's text".to_owned(),
    ];
    let expected: Vec<_> = (ids.iter().zip(&reasons).zip([1, 3, 5, 7]))
        .map(|((id, reason), at)| (*id, Position::new(at), "site.visited", &**reason))
        .collect();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn what_is_set_aside_is_so_after_a_restart_and_once() {
    let (store, ids) = visited().await;
    let site = Site::open(&store, store.clone());
    site.idle().await;
    site.close().await;
    // With its place, and without it.
    let elsewhere = memory(&clock());
    for states in [store.clone(), elsewhere] {
        let site = Site::open(&store, states);
        visit(&store, "bob").await;
        site.idle().await;
        assert_eq!(site.view.overview().set_aside, 4);
        assert_eq!(site.handle.status().parked, 4);
        let aside = site.view.set_aside().await.unwrap();
        assert!(aside.iter().map(|input| input.event).eq(ids.clone()));
        site.close().await;
    }
    assert_eq!(count(&store, "es.set-aside").await, 4);
    assert_eq!(count(&store, "guest.greeted").await, 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn programs_that_run_the_same_process_set_an_input_aside_once() {
    let store = memory(&clock());
    let sites: Vec<_> = (0..3)
        .map(|_| Site::open(&store, memory(&clock())))
        .collect();
    for _ in 0..20 {
        visit(&store, "").await;
        visit(&store, "ada").await;
    }
    for site in &sites {
        site.idle().await;
    }
    for site in &sites {
        assert_eq!(site.view.overview().set_aside, 20);
    }
    assert_eq!(count(&store, "es.set-aside").await, 20);
    assert_eq!(sites[0].greeted("ada").await, 20);
}

#[tokio::test]
async fn an_input_that_was_set_aside_is_taken_in_by_code_that_was_mended() -> Result<(), StoreError>
{
    let (store, ids) = visited().await;
    let site = Site::open(&store, store.clone());
    site.idle().await;
    let before = log(&store).await;
    let refused = site.view.resume_input(ids[0], "ops", "try again").await;
    let Err(StoreError::Invalid(invalid)) = refused else {
        panic!("{refused:?}");
    };
    let length = InvalidStreamId::IdLength(0);
    assert!(matches!(*invalid, Invalid::StreamId(error) if error == length));
    assert_eq!(log(&store).await, before);
    assert_eq!(site.view.set_aside().await?.len(), 4);

    bug::mend();
    // A later one comes first, and doesn't have it passed over.
    visit(&store, "").await;
    site.idle().await;
    assert_eq!(site.greeted("nobody").await, 1);
    assert!(site.view.resume_input(ids[0], "ops", "mended").await?);
    site.idle().await;
    assert_eq!(site.greeted("nobody").await, 2);
    assert_eq!(site.view.overview().set_aside, 3);
    assert_eq!(site.handle.status().parked, 3);
    assert_eq!(site.view.set_aside().await?.len(), 3);
    let log = log(&store).await;
    let readmitted = (log.iter().find(|event| &*event.name == "es.readmitted")).unwrap();
    assert_eq!(readmitted.envelope.stream.as_str(), "es.process/guest");
    let metadata = es_core::Metadata::decode(&readmitted.envelope.metadata).unwrap();
    assert_eq!(
        (metadata.actor.as_deref(), metadata.reason.as_deref()),
        (Some("ops"), Some("mended"))
    );
    // It isn't set aside any more, whatever is said.
    assert!(!site.view.resume_input(ids[0], "ops", "again").await?);
    assert!(!site.view.skip_input(ids[0], "ops", "again").await?);
    assert!(!site.view.skip_input(EventId::random(), "ops", "?").await?);
    site.idle().await;
    assert_eq!(site.greeted("nobody").await, 2);
    Ok(())
}

#[tokio::test]
async fn an_input_that_was_set_aside_is_passed_over_if_somebody_says_so() -> Result<(), StoreError>
{
    let (store, ids) = visited().await;
    let site = Site::open(&store, store.clone());
    site.idle().await;
    for id in &ids {
        assert!(site.view.skip_input(*id, "ops", "a test visit").await?);
    }
    site.idle().await;
    assert_eq!(site.view.overview().set_aside, 0);
    assert_eq!(site.view.set_aside().await?, []);
    assert_eq!(count(&store, "es.discarded").await, 4);
    assert_eq!(count(&store, "guest.greeted").await, 4);
    Ok(())
}

//! Given-then for projections says what it should, and fails when it should; and waiting names who is busy.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use es_core::{
    Aggregate, Append, Apply, Batch, Begun, BoxFuture, Checkpoint, Consumer, ConsumerProfile,
    Event, EventStore, Expected, Failure, FailureClass, Filter, InMemory, Json, NewEvent, NoError,
    Phase, Position, Projection, Recorded, Refusal, Runner, Standing, StreamId, Timestamp, View,
};
use es_memory::MemoryStore;
use es_testkit::{GivenLog, Patience, ProjectionSpec};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "counter.counted", version = 2)]
struct Counted {
    #[event(since = 2, renamed_from = "n")]
    by: u64,
}

/// An event that doesn't survive storage: serde forgets a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "counter.noted")]
struct Noted {
    #[serde(skip)]
    note: String,
}

#[derive(Default, Aggregate)]
#[aggregate(name = "counter", id = String, event = CounterEvent, error = NoError)]
#[event(Counted)]
#[event(Noted)]
struct Counter;

impl Apply<Counted> for Counter {
    fn apply(&mut self, _: Counted) {}
}

impl Apply<Noted> for Counter {
    fn apply(&mut self, _: Noted) {}
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Projection)]
#[projection(name = "sums", version = 1)]
#[event(Counted)]
struct Sums {
    total: u64,
    last: Option<(String, Timestamp, Option<String>)>,
}

impl Apply<Recorded<Counted>> for Sums {
    fn apply(&mut self, counted: Recorded<Counted>) {
        self.total += counted.by;
        let stream = counted.stream.as_str().to_owned();
        self.last = Some((stream, counted.recorded_at, counted.metadata.actor));
    }
}

/// What goes wrong with a projection that depends on more than its events.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Projection)]
#[projection(name = "numbered", version = 1)]
#[event(Counted)]
struct Numbered(u64);

static NUMBER: AtomicU64 = AtomicU64::new(0);

impl Apply<Recorded<Counted>> for Numbered {
    fn apply(&mut self, _: Recorded<Counted>) {
        self.0 = NUMBER.fetch_add(1, Ordering::SeqCst);
    }
}

/// What goes wrong with a state of which a part isn't saved.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Projection)]
#[projection(name = "forgetful", version = 1)]
#[event(Counted)]
struct Forgetful {
    #[serde(skip)]
    total: u64,
}

impl Apply<Recorded<Counted>> for Forgetful {
    fn apply(&mut self, counted: Recorded<Counted>) {
        self.total += counted.by;
    }
}

fn id(id: &str) -> String {
    id.to_owned()
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

/// The message with which this fails.
fn failure(test: impl FnOnce()) -> String {
    let caught = catch_unwind(AssertUnwindSafe(test)).expect_err("it should have failed");
    match caught.downcast::<String>() {
        Ok(message) => *message,
        Err(caught) => (*caught.downcast::<&str>().expect("a message")).to_owned(),
    }
}

#[test]
fn a_read_model_is_what_the_events_of_its_aggregates_come_to() {
    let last = |stream: &str, micros, actor: &str| {
        Some((stream.to_owned(), at(micros), Some(actor.to_owned())))
    };
    Sums::given::<Counter>(&id("a"), (Counted { by: 1 }, Counted { by: 2 }))
        .recorded_at(at(7))
        .by("ada")
        .given::<Counter>(&id("b"), vec![Counted { by: 4 }])
        .then_saved(Sums {
            total: 7,
            last: last("counter/b", 7, "ada"),
        });
    Sums::given_stored("counter/a", "counter.counted", 1, r#"{"n":3}"#)
        .given_stored("other/a", "other.happened", 1, "{}")
        .then_with(|sums| sums.total == 3);
    Sums::given_log(GivenLog::new()).then(Sums::default());
}

#[test]
fn another_read_model_fails() {
    let text = failure(|| {
        Sums::given::<Counter>(&id("a"), Counted { by: 1 }).then(Sums::default());
    });
    assert!(text.contains("the read model is another"), "{text}");
    assert!(
        text.contains("-     total: 0") && text.contains("+     total: 1"),
        "{text}"
    );
    let text = failure(|| {
        Sums::given::<Counter>(&id("a"), Counted { by: 1 }).then_with(|sums| sums.total == 2);
    });
    assert!(text.contains("total: 1"), "{text}");
}

#[test]
fn a_fold_of_more_than_the_events_fails() {
    let next = NUMBER.load(Ordering::SeqCst);
    let text = failure(|| {
        Numbered::given::<Counter>(&id("a"), Counted { by: 1 }).then(Numbered(next));
    });
    assert!(text.contains("built anew from the same events"), "{text}");
}

#[test]
fn a_state_that_does_not_survive_saving_fails_where_it_matters() {
    let given = || Forgetful::given::<Counter>(&id("a"), [Counted { by: 1 }, Counted { by: 2 }]);
    given().then(Forgetful { total: 3 });
    let text = failure(|| given().then_saved(Forgetful { total: 3 }));
    assert!(
        text.contains("saved before event 2, `counter.counted`"),
        "{text}"
    );
}

#[test]
fn an_event_that_cannot_be_stored_or_read_fails() {
    let note = "gone".to_owned();
    let text = failure(|| {
        Sums::given::<Counter>(&id("a"), Noted { note }).then(Sums::default());
    });
    assert!(text.contains("comes back as another"), "{text}");
    let text = failure(|| {
        Sums::given_stored("counter/a", "counter.counted", 3, "{}").then(Sums::default());
    });
    assert!(
        text.contains("the newest version known here is 2"),
        "{text}"
    );
    let text = failure(|| {
        Sums::given_stored("counter", "counter.counted", 1, "{}").then(Sums::default());
    });
    assert!(text.contains("category/id"), "{text}");
}

fn log() -> GivenLog {
    let numbers: Vec<_> = (1..=5).map(|by| Counted { by }).collect();
    GivenLog::new().given::<Counter>(&id("a"), numbers)
}

fn total(view: &View<Sums>) -> u64 {
    view.read().total
}

#[tokio::test]
async fn a_log_is_delivered_to_any_consumer_at_once_in_batches_and_again() {
    let (store, log) = (MemoryStore::new(), log());
    for size in [1, 2, 5, 100] {
        let mut consumer = InMemory::<Sums>::new();
        let view = consumer.view();
        log.deliver_in_batches(size, &mut consumer).await;
        assert_eq!(total(&view), 15);
    }
    let mut first = InMemory::<Sums>::new().saved_in(store.clone());
    log.deliver(&mut first).await;
    // It has died; the next one goes on from what it has saved.
    let longer = log.given::<Counter>(&id("b"), Counted { by: 6 });
    let mut second = InMemory::<Sums>::new().saved_in(store);
    let view = second.view();
    longer.deliver(&mut second).await;
    assert_eq!(total(&view), 21);
}

#[tokio::test]
async fn what_a_consumer_fails_with_is_told() {
    let log = log().given_stored("counter/a", "counter.counted", 9, "{}");
    let mut consumer = InMemory::<Sums>::new();
    let failure = log.try_deliver(2, &mut consumer).await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::Decoding);
    assert_eq!(total(&consumer.view()), 15);
}

async fn append(store: &MemoryStore, version: u32) -> Position {
    let payload = Json::parse(r#"{"by":1}"#).unwrap();
    let id = es_core::EventId::random();
    let event = NewEvent::new(id, "counter.counted", version, payload);
    let stream = StreamId::new("counter", "a").unwrap();
    let append = Append::new(stream, Expected::Any, vec![event]);
    store.append(append).await.unwrap().position()
}

/// A consumer that never has done with an event.
struct Hung;

impl Consumer for Hung {
    fn profile(&self) -> ConsumerProfile {
        ConsumerProfile::new("hung", 1, Filter::all())
    }

    fn begin(&mut self) -> BoxFuture<'_, Result<Begun, Failure>> {
        Box::pin(async { Ok(Begun::At(Checkpoint::START)) })
    }

    fn consume<'a>(&'a mut self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async {
            if !batch.events.is_empty() {
                std::future::pending::<()>().await;
            }
            Ok(())
        })
    }

    fn standing(&self) -> Standing {
        Standing::default()
    }

    fn keep(&mut self, _: Checkpoint) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }

    fn end(&mut self) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn waiting_ends_when_it_is_there_and_names_who_is_busy_or_has_stopped() {
    let store = MemoryStore::new();
    append(&store, 2).await;
    let runner = Runner::new(store.clone(), InMemory::<Sums>::new());
    let never_run = Runner::new(store.clone(), InMemory::<Forgetful>::new());
    let (handle, idle) = (runner.handle(), never_run.handle());
    tokio::spawn(runner.run());
    Patience::default().until_caught_up([&handle]).await;
    Patience::default().until(Position::new(1), [&handle]).await;

    let impatient = Patience::of(Duration::from_millis(20));
    let waiting = tokio::spawn({
        let (handle, idle) = (handle.clone(), idle.clone());
        async move { impatient.until_caught_up([&handle, &idle]).await }
    });
    let text = message(waiting).await;
    assert!(
        text.contains("still busy: `forgetful` version 1, Starting"),
        "{text}"
    );
    assert!(!text.contains("`sums`"), "{text}");

    // It was live, and hangs at what came since.
    let later = MemoryStore::new();
    let hung = Runner::new(later.clone(), Hung);
    let hanging = hung.handle();
    tokio::spawn(hung.run());
    let mut changes = hanging.changes();
    while changes.next().await.map(|status| status.phase) != Some(Phase::Live) {}
    append(&later, 2).await;
    let waiting = tokio::spawn(async move { impatient.until_caught_up([&hanging]).await });
    let text = message(waiting).await;
    assert!(text.contains("still busy: `hung` version 1"), "{text}");

    let newer = append(&store, 3).await;
    let waiting = tokio::spawn(async move { Patience::default().until(newer, [&handle]).await });
    let text = message(waiting).await;
    assert!(
        text.contains("`sums` has stopped at position 1, before position 2"),
        "{text}"
    );
    assert!(
        text.contains("the newest version known here is 2"),
        "{text}"
    );
}

async fn message(panicking: tokio::task::JoinHandle<()>) -> String {
    let panic = panicking
        .await
        .expect_err("it should have failed")
        .into_panic();
    panic.downcast_ref::<String>().expect("a message").clone()
}

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use es_core::{
    BoxFuture, Cause, CloudEvent, CloudTime, FailureClass, Feed, Forwarder, Outgoing, Phase,
    Position, Projection, Publisher, Recorded, Runner, RunnerHandle, SavedState, StateStore,
    StoreError, Timestamp, ToSink, ToWriter, Unpublishable,
};
use es_memory::MemoryStore;
use futures_util::{StreamExt, sink};
use proptest::{prop_assert_eq, proptest};
use serde_json::json;

use crate::domain::{Counted, append, count, noise, soon};

#[derive(Projection)]
#[projection(name = "counts", version = 1, event = CountsEvent)]
#[event(Counted)]
struct Counts;

impl Feed for Counts {
    fn outgoing(&self, event: &Recorded<CountsEvent>) -> Result<Option<Outgoing>, Cause> {
        let CountsEvent::Counted(Counted { by }) = &event.event;
        match by {
            // Some stay inside, and some can't be put into words.
            0 => Ok(None),
            13 => Err("thirteen".into()),
            by => {
                let data = json!({ "number": by });
                let outgoing = Outgoing::new("test.counted.v1", &data)?.dataschema("urn:counted");
                Ok(Some(outgoing.extension("even", by % 2 == 0)?))
            }
        }
    }
}

/// Collects what is published, and fails as often as it is told.
#[derive(Clone, Default)]
struct Collecting {
    events: Arc<Mutex<Vec<CloudEvent>>>,
    /// How many of the next batch arrive before it fails.
    failures: Arc<Mutex<Vec<usize>>>,
}

impl Publisher for Collecting {
    fn publish<'a>(&'a mut self, events: &'a [CloudEvent]) -> BoxFuture<'a, Result<(), Cause>> {
        let failure = self.failures.lock().unwrap().pop();
        let arrive = failure.unwrap_or(events.len()).min(events.len());
        self.events
            .lock()
            .unwrap()
            .extend_from_slice(&events[..arrive]);
        Box::pin(async move { failure.map_or(Ok(()), |_| Err("the broker is away".into())) })
    }
}

impl Collecting {
    fn numbers(&self) -> Vec<u64> {
        let events = self.events.lock().unwrap();
        events.iter().map(number).collect()
    }
}

fn number(event: &CloudEvent) -> u64 {
    let data = event.data.as_ref().unwrap().as_str();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    data["number"].as_u64().unwrap()
}

fn run(store: &MemoryStore, publisher: impl Publisher, states: impl StateStore) -> RunnerHandle {
    let forwarder = Forwarder::new(Counts, "/test", publisher, states);
    let (first, most) = (Duration::from_micros(1), Duration::from_millis(1));
    let runner = Runner::new(store.clone(), forwarder).back_off(first, most);
    let handle = runner.handle();
    tokio::spawn(runner.run());
    handle
}

#[tokio::test]
async fn only_what_the_feed_lists_and_says_leaves_and_in_its_own_form() {
    let (store, publisher) = (MemoryStore::new(), Collecting::default());
    count(&store, 1).await;
    noise(&store).await;
    count(&store, 0).await;
    let head = append(&store, "counter.counted", 1, r#"{"n":2}"#.to_owned()).await;
    let handle = run(&store, publisher.clone(), store.clone());
    soon(handle.wait_for(head)).await.unwrap();
    assert_eq!(publisher.numbers(), [1, 2]);
    let event = publisher.events.lock().unwrap()[1].clone();
    let stored = es_core::EventStore::read_log(&store, es_core::LogQuery::all());
    let stored = stored.await.unwrap().events.pop().unwrap();
    assert_eq!(event.id, stored.envelope.id.to_string());
    assert_eq!(
        (&*event.source, &*event.r#type),
        ("/test", "test.counted.v1")
    );
    assert_eq!(event.subject.as_deref(), Some("counter/1"));
    assert_eq!(event.time, Some(stored.envelope.recorded_at.into()));
    assert_eq!(event.extensions["partitionkey"], "counter/1");
    assert_eq!(event.extensions["sequence"], "00000000000000000004");
    assert_eq!(event.extensions["even"], true);
    assert_eq!(event.dataschema.as_deref(), Some("urn:counted"));
    soon(handle.shutdown()).await;
}

#[tokio::test]
async fn a_publisher_that_fails_is_asked_again_and_every_event_arrives_in_order() {
    let (store, publisher) = (MemoryStore::new(), Collecting::default());
    *publisher.failures.lock().unwrap() = vec![2, 0, 4, 0, 1];
    for number in 1..=5 {
        count(&store, number).await;
    }
    let handle = run(&store, publisher.clone(), store.clone());
    soon(handle.wait_for(Position::new(5))).await.unwrap();
    // The last attempt is whole, and what came before it is the same events in the same order.
    let numbers = publisher.numbers();
    assert_eq!(numbers, [1, 1, 2, 3, 4, 1, 2, 1, 2, 3, 4, 5]);
    let events = publisher.events.lock().unwrap().clone();
    for event in &events {
        let twin = events.iter().find(|other| number(other) == number(event));
        assert_eq!(twin.unwrap().id, event.id);
    }
    let status = handle.status();
    let class = status.last_failure.map(|failure| failure.class());
    assert_eq!(
        (status.phase, class),
        (Phase::Live, Some(FailureClass::Publisher))
    );
    soon(handle.shutdown()).await;
}

#[tokio::test]
async fn a_restart_goes_on_where_the_last_one_was() {
    let store = MemoryStore::new();
    count(&store, 1).await;
    for number in 2..=4 {
        let publisher = Collecting::default();
        let handle = run(&store, publisher.clone(), store.clone());
        let head = count(&store, number).await;
        soon(handle.wait_for(head)).await.unwrap();
        soon(handle.shutdown()).await;
        let first = if number == 2 { 1 } else { number };
        assert!(publisher.numbers().iter().copied().eq(first..=number));
    }
}

/// A state store that can't save.
struct ReadOnly(MemoryStore);

impl StateStore for ReadOnly {
    fn load_state<'a>(
        &'a self,
        projection: &'a str,
        version: u32,
    ) -> BoxFuture<'a, Result<Option<SavedState>, StoreError>> {
        self.0.load_state(projection, version)
    }
    fn save_state(&self, _: SavedState) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Err(StoreError::Unavailable("read only".into())) })
    }
    fn delete_states<'a>(&'a self, projection: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.0.delete_states(projection)
    }
}

#[tokio::test]
async fn what_was_published_and_not_noted_is_published_again_with_the_same_id() {
    let store = MemoryStore::new();
    let head = count(&store, 1).await;
    let mut ids = Vec::new();
    // The first one dies between the publisher's answer and its note, as far as the next one can see.
    for _ in 0..2 {
        let publisher = Collecting::default();
        let handle = run(&store, publisher.clone(), ReadOnly(store.clone()));
        soon(handle.wait_for(head)).await.unwrap();
        ids.push(publisher.events.lock().unwrap()[0].id.clone());
    }
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn an_event_that_cannot_be_put_into_words_stops_the_feed_behind_those_before_it() {
    let (store, publisher) = (MemoryStore::new(), Collecting::default());
    for number in [1, 2, 13, 4] {
        count(&store, number).await;
    }
    let handle = run(&store, publisher.clone(), store.clone());
    soon(handle.wait_for(Position::new(3))).await.unwrap_err();
    let failure = handle.status().last_failure.unwrap();
    assert_eq!(failure.class(), FailureClass::Applying);
    assert_eq!(failure.position(), Some(Position::new(3)));
    assert_eq!(publisher.numbers(), [1, 2]);
    let kept = store.load_state("counts", 1).await.unwrap().unwrap();
    assert_eq!(kept.checkpoint.position, Position::new(2));
}

/// Takes all but one.
struct NoSeven(Collecting);

impl Publisher for NoSeven {
    fn publish<'a>(&'a mut self, events: &'a [CloudEvent]) -> BoxFuture<'a, Result<(), Cause>> {
        match events.iter().find(|event| number(event) == 7) {
            Some(event) => {
                Box::pin(async move { Err(Unpublishable::new(event, "unlucky").into()) })
            }
            None => self.0.publish(events),
        }
    }
}

#[tokio::test]
async fn an_event_that_is_never_taken_stops_the_feed_behind_those_before_it() {
    let (store, publisher) = (MemoryStore::new(), Collecting::default());
    for number in [1, 2, 7, 4] {
        count(&store, number).await;
    }
    let handle = run(&store, NoSeven(publisher.clone()), store.clone());
    soon(handle.wait_for(Position::new(3))).await.unwrap_err();
    let failure = handle.status().last_failure.unwrap();
    assert_eq!(failure.class(), FailureClass::Publisher);
    assert_eq!(failure.position(), Some(Position::new(3)));
    assert!(
        failure.in_full().contains("unlucky"),
        "{}",
        failure.in_full()
    );
    assert_eq!(publisher.numbers(), [1, 2]);
    let kept = store.load_state("counts", 1).await.unwrap().unwrap();
    assert_eq!(kept.checkpoint.position, Position::new(2));
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn events_go_to_a_writer_as_lines_and_to_a_sink_as_they_are() {
    let (store, lines) = (MemoryStore::new(), Shared::default());
    count(&store, 1).await;
    let head = count(&store, 2).await;
    let handle = run(&store, ToWriter(lines.clone()), store.clone());
    soon(handle.wait_for(head)).await.unwrap();
    soon(handle.shutdown()).await;
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let written: Vec<CloudEvent> = (text.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(written.iter().map(number).eq(1..=2));

    store.delete_states("counts").await.unwrap();
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let channel = sink::unfold(sender, |sender, event: CloudEvent| async move {
        sender.send(event).await.map_err(Cause::from)?;
        Ok::<_, Cause>(sender)
    });
    let handle = run(&store, ToSink(Box::pin(channel)), store.clone());
    let arrived = futures_util::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|event| (event, receiver))
    });
    let arrived: Vec<CloudEvent> = soon(arrived.take(2).collect()).await;
    assert_eq!(arrived, written);
    drop(handle);
}

#[test]
fn a_cloud_event_is_the_same_after_it_was_read_and_written() {
    let text = r#"{"specversion":"1.0","id":"a\"b","source":"/x","type":"t","subject":"s","time":"2026-01-01T00:00:00.000001Z","dataschema":"urn:s","count":3,"flag":true,"other":"ü","data":{"b":1.50,"a":[1e400,18446744073709551616]}}"#;
    let event: CloudEvent = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&event).unwrap(), text);
    let again: CloudEvent = serde_json::from_str(text).unwrap();
    assert_eq!(again, event);
    // In any order, and with what may be said besides.
    let other = r#"{"data":null,"type":"t","datacontenttype":"application/json","id":"1","specversion":"1.0","source":"/x","subject":null,"more":null}"#;
    let event: CloudEvent = serde_json::from_str(other).unwrap();
    assert_eq!(event.data.as_ref().map(es_core::Json::as_str), Some("null"));
    assert_eq!((event.subject, event.time), (None, None));
    assert!(event.extensions.is_empty());
    // Whatever others write besides: instants with offsets and nanoseconds, other media types, bytes.
    for text in [
        r#"{"specversion":"1.0","id":"1","source":"/x","type":"t","time":"2026-01-01T02:00:00.123456789+02:00"}"#,
        r#"{"specversion":"1.0","id":"1","source":"/x","type":"t","datacontenttype":"application/json; charset=utf-8","data":1}"#,
        r#"{"specversion":"1.0","id":"1","source":"/x","type":"t","datacontenttype":"text/xml","data":"<much wow=\"xml\"/>"}"#,
        r#"{"specversion":"1.0","id":"1","source":"/x","type":"t","datacontenttype":"image/png","data_base64":"AAEC"}"#,
    ] {
        let event: CloudEvent = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&event).unwrap(), text);
    }
    let time: CloudTime = "2026-01-01T02:00:00.123456789+02:00".parse().unwrap();
    let instant: Timestamp = "2026-01-01T00:00:00.123456Z".parse().unwrap();
    assert_eq!(time.timestamp(), instant);
    assert_eq!(
        CloudTime::from(instant).as_str(),
        "2026-01-01T00:00:00.123456Z"
    );
}

proptest! {
    #[test]
    fn any_cloud_event_says_the_same_after_it_was_written_and_read(
        texts in proptest::collection::vec(".*", 4),
        known in proptest::collection::vec(proptest::option::of(".*"), 3),
        micros in proptest::option::of(0_i64..4_000_000_000_000_000),
        data in proptest::option::of(proptest::num::f64::NORMAL),
        extensions in proptest::collection::btree_map("x[a-z0-9]{0,9}", 0..i32::MAX, 0..4),
    ) {
        let mut event = CloudEvent::new(&*texts[0], &*texts[1], &*texts[2]);
        event.subject.clone_from(&known[0]);
        event.dataschema.clone_from(&known[1]);
        event.datacontenttype.clone_from(&known[2]);
        event.time = micros.and_then(Timestamp::from_micros).map(CloudTime::from);
        event.data = data.map(|data| es_core::Json::encode(&(data, &texts[3])).unwrap());
        if event.data.is_none() {
            event.data_base64 = Some("AAEC".to_owned());
        }
        event.extensions = extensions.into_iter().map(|(name, value)| (name, value.into())).collect();
        let text = serde_json::to_string(&event).unwrap();
        let read: CloudEvent = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&read, &event);
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
}

#[test]
fn an_extension_has_a_name_of_its_own() {
    let outgoing = || Outgoing::new("t", &1).unwrap();
    for name in [
        "",
        "Upper",
        "under_score",
        "id",
        "data",
        "datacontenttype",
        "ü",
    ] {
        assert!(outgoing().extension(name, 1).is_err(), "{name}");
        let mut event = CloudEvent::new("1", "/x", "t");
        event.extensions.insert(name.to_owned(), 1.into());
        assert!(serde_json::to_string(&event).is_err(), "{name}");
    }
    assert!(outgoing().extension("traceparent", "00-1").is_ok());
}

#[test]
fn what_is_no_cloud_event_is_refused() {
    for (text, why) in [
        (r#"{"id":"1","source":"/x","type":"t"}"#, "specversion"),
        (
            r#"{"specversion":"0.3","id":"1","source":"/x","type":"t"}"#,
            "specversion",
        ),
        (r#"{"specversion":"1.0","source":"/x","type":"t"}"#, "id"),
        (
            r#"{"specversion":"1.0","id":1,"source":"/x","type":"t"}"#,
            "`id`",
        ),
        (
            r#"{"specversion":"1.0","id":"1","source":"/x","type":"t","time":"now"}"#,
            "instant",
        ),
        (
            r#"{"specversion":"1.0","id":"1","source":"/x","type":"t","data":"x","data_base64":"AAEC"}"#,
            "both",
        ),
        (
            r#"{"specversion":"1.0","id":"1","source":"/x","type":"t","No":1}"#,
            "`No`",
        ),
        ("[]", "map"),
    ] {
        let refused = serde_json::from_str::<CloudEvent>(text).unwrap_err();
        assert!(refused.to_string().contains(why), "{refused} for {text}");
    }
}

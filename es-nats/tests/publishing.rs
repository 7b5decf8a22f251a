//! Events published to a broker: all of them, those of a stream in order, and none kept twice.

mod support;

use std::time::Duration;

use es_core::{
    Append, Cause, CloudEvent, Event, EventId, EventStore, Expected, Feed, Forwarder, Json,
    NewEvent, Outgoing, Position, Projection, Recorded, Runner, RunnerHandle, StoreError, StreamId,
    Unpublishable,
};
use es_memory::MemoryStore;
use es_nats::NatsPublisher;
use es_servers::Nats;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use support::fresh_name;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "task.numbered")]
struct Numbered {
    number: u64,
    text: String,
}

#[derive(Projection)]
#[projection(name = "numbers", version = 1, event = NumbersEvent)]
#[event(Numbered)]
struct Numbers;

impl Feed for Numbers {
    fn outgoing(&self, event: &Recorded<NumbersEvent>) -> Result<Option<Outgoing>, Cause> {
        let NumbersEvent::Numbered(Numbered { number, text }) = &event.event;
        let data = json!({ "number": number, "text": text });
        Ok(Some(Outgoing::new("test.numbered v1", &data)?))
    }
}

/// Appends a numbered event to a stream.
async fn number(log: &MemoryStore, stream: usize, number: usize, text: &str) -> Position {
    let payload = Json::parse(json!({ "number": number, "text": text }).to_string()).unwrap();
    let event = NewEvent::new(EventId::random(), "task.numbered", 1, payload);
    let append = Append::new(support::stream(stream), Expected::Any, vec![event]);
    log.append(append).await.unwrap().position()
}

/// What keeps what is published, under a name of its own.
struct Broker {
    client: async_nats::Client,
    name: String,
}

impl Broker {
    async fn connect(address: &str) -> Self {
        let client = async_nats::connect(address).await.unwrap();
        let name = fresh_name();
        Self { client, name }
    }

    /// Makes the JetStream stream.
    async fn keep(&self) {
        let (name, subjects) = (&self.name, [format!("{}.>", self.name)]);
        let created = self
            .ask("CREATE", json!({ "name": name, "subjects": subjects }))
            .await;
        assert_eq!(created.get("error"), None);
    }

    async fn ask(&self, what: &str, body: Value) -> Value {
        let subject = format!("$JS.API.STREAM.{what}.{}", self.name);
        let answer = self.client.request(subject, body.to_string().into()).await;
        serde_json::from_slice(&answer.unwrap().payload).unwrap()
    }

    /// The subject, the headers and the event of each message.
    async fn kept(&self) -> Vec<(String, String, CloudEvent)> {
        use base64::Engine;
        use base64::engine::general_purpose::STANDARD;
        let mut kept = Vec::new();
        loop {
            let message = self.ask("MSG.GET", json!({ "seq": kept.len() + 1 })).await;
            let Some(message) = message.get("message") else {
                return kept;
            };
            let text = |field: &str| message[field].as_str().unwrap();
            let decoded = |field| String::from_utf8(STANDARD.decode(text(field)).unwrap()).unwrap();
            let event = serde_json::from_str(&decoded("data")).unwrap();
            kept.push((text("subject").to_owned(), decoded("hdrs"), event));
        }
    }
}

fn run(log: &MemoryStore, publisher: NatsPublisher) -> RunnerHandle {
    let forwarder = Forwarder::new(Numbers, "/test", publisher, log.clone());
    let (first, most) = (Duration::from_millis(1), Duration::from_millis(50));
    let runner = Runner::new(log.clone(), forwarder).back_off(first, most);
    let handle = runner.handle();
    tokio::spawn(runner.run());
    handle
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(Duration::from_mins(1), future).await;
    waited.expect("this should have come long ago")
}

/// The revisions of a stream's events, in the order of their keeping.
fn sequence(kept: &[(String, String, CloudEvent)], stream: &StreamId) -> Vec<usize> {
    let of_stream = kept.iter().map(|(_, _, event)| event);
    let of_stream = of_stream.filter(|event| event.subject.as_deref() == Some(stream.as_str()));
    let revision = |event: &CloudEvent| event.extensions["sequence"].as_str()?.parse().ok();
    of_stream.map(|event| revision(event).unwrap()).collect()
}

es_servers::needs_nats! {
    #[tokio::test]
    async fn an_event_is_a_message_of_its_type_that_reads_as_a_cloud_event() {
        let server = Nats::shared().url();
        let (log, broker) = (MemoryStore::new(), Broker::connect(server).await);
        broker.keep().await;
        let publisher = NatsPublisher::connect(server, &broker.name).await.unwrap();
        let handle = run(&log, publisher);
        let position = number(&log, 1, 7, "é").await;
        soon(handle.wait_for(position)).await.unwrap();

        let kept = broker.kept().await;
        let [(subject, headers, event)] = &kept[..] else {
            panic!("{kept:?}");
        };
        assert_eq!(*subject, format!("{}.test.numbered%20v1", broker.name));
        assert!(headers.contains("Content-Type: application/cloudevents+json"), "{headers}");
        assert_eq!(event.data.as_ref().unwrap().as_str(), r#"{"number":7,"text":"é"}"#);
        assert_eq!((&*event.source, &*event.r#type), ("/test", "test.numbered v1"));
        soon(handle.shutdown()).await;
    }

    #[tokio::test]
    async fn what_nobody_keeps_is_told_and_published_once_somebody_does() {
        let server = Nats::shared().url();
        let (log, broker) = (MemoryStore::new(), Broker::connect(server).await);
        let publisher = NatsPublisher::connect(server, &broker.name).await.unwrap();
        let publisher = publisher.subjects({
            let name = broker.name.clone();
            move |event| format!("{name}.{}", event.id)
        });
        let handle = run(&log, publisher);
        let position = number(&log, 1, 7, "").await;
        let failed = soon(async {
            loop {
                if let Some(failure) = handle.status().last_failure {
                    return failure;
                }
                tokio::task::yield_now().await;
            }
        });
        let failure = failed.await;
        let cause = std::error::Error::source(&*failure).unwrap().to_string();
        assert!(cause.contains("no JetStream stream keeps the subject"), "{cause}");

        broker.keep().await;
        soon(handle.wait_for(position)).await.unwrap();
        let kept = broker.kept().await;
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].0, format!("{}.{}", broker.name, kept[0].2.id));
        soon(handle.shutdown()).await;
    }

    #[tokio::test]
    async fn an_event_that_the_server_does_not_take_is_told_with_its_limit() {
        let server = Nats::shared().url();
        let (log, broker) = (MemoryStore::new(), Broker::connect(server).await);
        broker.keep().await;
        let mut publisher = NatsPublisher::connect(server, &broker.name).await.unwrap();
        let limit = broker.client.max_payload();
        number(&log, 1, 1, "").await;
        let small = CloudEvent::new("6", "/test", "test.small");
        let mut large = CloudEvent::new("7", "/test", "test.large");
        large.data = Some(Json::parse(format!("\"{}\"", "x".repeat(limit))).unwrap());
        let refused = es_core::Publisher::publish(&mut publisher, &[small, large]).await;
        let refused = refused.unwrap_err();
        let refused = refused.downcast_ref::<Unpublishable>().expect("it may pass");
        let refused = std::error::Error::source(refused).unwrap().to_string();
        assert!(refused.contains("event 7 has") && refused.contains("at most"), "{refused}");
        // Nor is what would be sent again and again before it.
        assert!(broker.kept().await.is_empty());
    }

    #[tokio::test]
    async fn an_event_that_the_server_does_not_take_stops_the_feed_behind_those_before_it() {
        let server = Nats::shared().url();
        let (log, broker) = (MemoryStore::new(), Broker::connect(server).await);
        broker.keep().await;
        let publisher = NatsPublisher::connect(server, &broker.name).await.unwrap();
        let text = "x".repeat(broker.client.max_payload());
        number(&log, 1, 1, "").await;
        let large = number(&log, 2, 2, &text).await;
        number(&log, 3, 3, "").await;
        let handle = run(&log, publisher);
        soon(handle.wait_for(large)).await.unwrap_err();
        let failure = handle.status().last_failure.unwrap();
        assert_eq!(failure.position(), Some(large));
        let kept = broker.kept().await;
        assert_eq!(kept.len(), 1);
        assert_eq!(sequence(&kept, &support::stream(1)), [1]);
    }

    #[tokio::test]
    async fn a_prefix_that_no_subject_can_have_is_invalid() {
        let server = Nats::shared().url();
        for prefix in ["", "a b", "a..b", "a.*", ">"] {
            let refused = NatsPublisher::connect(server, prefix).await;
            assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
        }
    }
}

es_servers::needs_own_nats! {
    #[tokio::test(flavor = "multi_thread")]
    async fn through_a_brokers_crashes_every_event_arrives_in_order_and_is_kept_once() {
        const STREAMS: usize = 5;
        let mut server = Nats::start().unwrap();
        let log = MemoryStore::new();
        let broker = Broker::connect(server.url()).await;
        broker.keep().await;
        let publisher = NatsPublisher::connect(server.url(), &broker.name).await.unwrap();
        let handle = run(&log, publisher);
        let mut last = Position::START;
        let mut count = 0;
        for round in 0..4 {
            for _ in 0..200 {
                last = number(&log, count % STREAMS, count, "").await;
                count += 1;
            }
            if round < 3 {
                // It dies with events on their way.
                soon(handle.wait_for(Position::new(last.number() - 100))).await.unwrap();
                server.kill().unwrap();
                server.restart().unwrap();
            }
        }
        soon(handle.wait_for(last)).await.unwrap();
        let broker = Broker { client: async_nats::connect(server.url()).await.unwrap(), ..broker };
        let kept = broker.kept().await;
        assert_eq!(kept.len(), count);
        for stream in 0..STREAMS {
            let revisions: Vec<usize> = (1..=count / STREAMS).collect();
            assert_eq!(sequence(&kept, &support::stream(stream)), revisions);
        }
        soon(handle.shutdown()).await;
    }
}

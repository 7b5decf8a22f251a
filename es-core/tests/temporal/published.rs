//! A feed that follows corrections says outside what they changed.

use std::sync::{Arc, Mutex};

use es_core::{
    BoxFuture, Cause, CloudEvent, Entry, EventStore, Feed, Forwarder, Outgoing, Projection,
    Publisher, Recorded, Runner,
};
use serde_json::json;

use crate::bank::Deposited;
use crate::corrections::seven;

#[derive(Projection)]
#[projection(name = "deposits", version = 1, event = DepositsEvent, corrections)]
#[event(Deposited)]
struct Deposits;

fn cents(fact: Option<&Recorded<DepositsEvent>>) -> Option<i64> {
    fact.map(|fact| match fact.event {
        DepositsEvent::Deposited(Deposited { cents }) => cents,
    })
}

impl Feed for Deposits {
    fn outgoing(&self, entry: &Entry<DepositsEvent>) -> Result<Option<Outgoing>, Cause> {
        let data = json!([cents(entry.before()), cents(entry.after())]);
        let name = match entry {
            Entry::Event(_) => "bank.deposited.v1",
            Entry::Correction(correction) => {
                assert_eq!(correction.metadata.actor.as_deref(), Some("auditor"));
                "bank.corrected.v1"
            }
        };
        Ok(Some(Outgoing::new(name, &data)?))
    }
}

#[derive(Clone, Default)]
struct Collecting(Arc<Mutex<Vec<CloudEvent>>>);

impl Publisher for Collecting {
    fn publish<'a>(&'a mut self, events: &'a [CloudEvent]) -> BoxFuture<'a, Result<(), Cause>> {
        self.0.lock().unwrap().extend_from_slice(events);
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn a_feed_may_publish_what_corrections_changed() {
    let (ledgers, _) = seven().await;
    let (store, published) = (ledgers.store().clone(), Collecting::default());
    let forwarder = Forwarder::new(Deposits, "/bank", published.clone(), store.clone());
    let runner = Runner::new(store.clone(), forwarder);
    let handle = runner.handle();
    tokio::spawn(runner.run());
    let head = store.head().await.unwrap();
    handle.wait_for(head).await.unwrap();
    let events = published.0.lock().unwrap();
    let said = |event: &CloudEvent| {
        let data = event.data.as_ref().unwrap().as_str().to_owned();
        let sequence = event.extensions["sequence"].as_str().unwrap().to_owned();
        (event.r#type.clone(), sequence.parse().unwrap(), data)
    };
    let said: Vec<(String, u64, String)> = events.iter().map(said).collect();
    let expected = [
        ("bank.deposited.v1", 2, "[null,100]"),
        ("bank.deposited.v1", 3, "[null,50]"),
        ("bank.corrected.v1", 4, "[100,70]"),
        ("bank.corrected.v1", 5, "[null,10]"),
        ("bank.corrected.v1", 6, "[70,100]"),
        ("bank.corrected.v1", 7, "[50,50]"),
    ];
    let expected = expected.map(|(name, at, data)| (name.to_owned(), at, data.to_owned()));
    assert_eq!(said, expected);
}

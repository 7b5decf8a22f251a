//! What the tests share.

#![allow(dead_code, reason = "not every test uses all of it")]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use es_core::{EventId, EventStore, Json, LogQuery, NewEvent, Position, StoredEvent, StreamId};
use es_servers::NatsCluster;

/// Tells a process that it is the child of a test, and which log on which servers it works on.
pub(crate) const CHILD: &str = "ES_NATS_TEST_CHILD";

/// The addresses and the name of the log, if this process is a child.
pub(crate) fn child() -> Option<(String, String)> {
    let child = std::env::var(CHILD).ok()?;
    let (addresses, name) = child.split_once(' ')?;
    Some((addresses.to_owned(), name.to_owned()))
}

/// A name that no other log has.
pub(crate) fn fresh_name() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // Not only in this process: the server may be one that stays.
    format!("test-{}-{count}", EventId::random())
}

/// Three servers that the tests of this process share.
pub(crate) fn cluster() -> &'static NatsCluster {
    static CLUSTER: OnceLock<NatsCluster> = OnceLock::new();
    CLUSTER.get_or_init(|| NatsCluster::start().unwrap_or_else(|error| panic!("no NATS: {error}")))
}

pub(crate) fn stream(number: usize) -> StreamId {
    StreamId::new("task", &number.to_string()).unwrap()
}

pub(crate) fn event(number: usize) -> NewEvent {
    let payload = Json::parse(format!("{{\"number\":{number}}}")).unwrap();
    NewEvent::new(EventId::random(), "task.numbered", 1, payload)
}

pub(crate) fn events(count: usize) -> Vec<NewEvent> {
    (0..count).map(event).collect()
}

/// The whole log.
pub(crate) async fn log(store: &impl EventStore) -> Vec<StoredEvent> {
    let (mut events, mut after) = (Vec::new(), Position::START);
    loop {
        let page = store.read_log(LogQuery::after(after)).await.unwrap();
        events.extend(page.events);
        after = page.looked_to;
        if page.end {
            return events;
        }
    }
}

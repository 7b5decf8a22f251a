//! What the tests share.

#![allow(dead_code, reason = "not every test uses all of it")]

use es_core::{EventId, EventStore, Json, LogQuery, NewEvent, Position, StoredEvent, StreamId};

/// Tells a process that it is the child of a test, and which file it works on.
pub(crate) const CHILD: &str = "ES_SQLITE_TEST_CHILD";

/// The file, if this process is a child.
pub(crate) fn child() -> Option<String> {
    std::env::var(CHILD).ok()
}

pub(crate) fn stream(number: u64) -> StreamId {
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

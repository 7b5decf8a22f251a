//! The faulty store does what each fault says, once, and counts.

use es_core::{
    Append, Appended, EventId, EventStore, Expected, Json, NewEvent, Revision, StoreError,
    StreamId, StreamQuery,
};
use es_memory::MemoryStore;
use es_testkit::{Fault, FaultyStore};
use futures_util::FutureExt;

fn stream() -> StreamId {
    StreamId::new("account", "1").unwrap()
}

fn id(n: u8) -> EventId {
    EventId::from_bytes([n; 16])
}

fn event(n: u8) -> NewEvent {
    NewEvent::new(id(n), "account.noted", 1, Json::parse("{}").unwrap())
}

/// `None` if the append is not answered.
fn append(
    store: &FaultyStore<MemoryStore>,
    expected: Expected,
    n: u8,
) -> Option<Result<Appended, StoreError>> {
    let append = Append::new(stream(), expected, vec![event(n)]);
    store.append(append).now_or_never()
}

fn events(store: &FaultyStore<MemoryStore>) -> usize {
    let read = store.inner().read_stream(StreamQuery::forwards(stream()));
    read.now_or_never().unwrap().unwrap().events.len()
}

#[test]
fn a_fault_happens_once_at_its_append() {
    let store = FaultyStore::new(MemoryStore::new()).on_append(2, Fault::Unavailable);
    assert!(append(&store, Expected::Any, 1).unwrap().is_ok());
    let away = append(&store, Expected::Any, 2).unwrap();
    assert!(matches!(away, Err(StoreError::Unavailable(_))), "{away:?}");
    assert!(append(&store, Expected::Any, 2).unwrap().is_ok());
    assert_eq!((events(&store), store.calls().appends), (2, 3));
}

#[test]
fn faults_that_are_cued_follow_each_other() {
    let store = FaultyStore::new(MemoryStore::new());
    store.on_next_append(Fault::RequestLost);
    store.on_next_append(Fault::Hangs);
    let lost = append(&store, Expected::Any, 1).unwrap();
    assert!(matches!(lost, Err(StoreError::Unknown(_))), "{lost:?}");
    assert!(append(&store, Expected::Any, 1).is_none());
    assert_eq!(events(&store), 0);
    assert!(
        !append(&store, Expected::Any, 1)
            .unwrap()
            .unwrap()
            .is_repeated()
    );
}

#[test]
fn an_append_whose_acknowledgement_is_lost_was_written() {
    let store = FaultyStore::new(MemoryStore::new()).on_append(1, Fault::AcknowledgementLost);
    let lost = append(&store, Expected::NoStream, 1).unwrap();
    assert!(matches!(lost, Err(StoreError::Unknown(_))), "{lost:?}");
    assert_eq!(events(&store), 1);
}

#[test]
fn an_append_that_is_overtaken_is_in_conflict() {
    let store = FaultyStore::new(MemoryStore::new()).on_append(1, Fault::Overtaken(event(9)));
    match append(&store, Expected::NoStream, 1).unwrap() {
        Err(StoreError::Conflict(conflict)) => assert_eq!(conflict.actual, Revision::FIRST),
        other => panic!("{other:?}"),
    }
    assert_eq!(events(&store), 1);
}

#[test]
fn reads_are_counted_and_pass() {
    let store = FaultyStore::new(MemoryStore::new());
    let stream = stream();
    assert!(
        store
            .read_stream(StreamQuery::forwards(stream.clone()))
            .now_or_never()
            .is_some()
    );
    assert!(store.find(&stream, id(1)).now_or_never().is_some());
    assert!(
        store
            .read_log(es_core::LogQuery::all())
            .now_or_never()
            .is_some()
    );
    let calls = store.calls();
    assert_eq!(
        (
            calls.stream_reads,
            calls.finds,
            calls.log_reads,
            calls.appends
        ),
        (1, 1, 1, 0)
    );
}

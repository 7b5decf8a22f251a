//! A server that doesn't answer, while its connections are open.

mod support;

use std::time::Duration;

use es_core::{
    Cause, Event, EventId, EventStore, Json, LogQuery, Position, Projection, Recorded, Revision,
    Snapshot, SnapshotStore, StoreError, StreamQuery,
};
use es_postgres::tokio_postgres::Transaction;
use es_postgres::{Context, PostgresHandler, PostgresOptions, PostgresStore};
use es_servers::needs_postgres;
use serde::{Deserialize, Serialize};
use support::proxy::Proxy;
use support::{Database, append, polled, soon, sound, stream};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "task.numbered")]
struct Numbered {
    number: u64,
}

/// Something inside of appends.
#[derive(Projection)]
#[projection(name = "nothing", version = 1, event = NothingEvent)]
#[event(Numbered)]
struct Nothing;

impl PostgresHandler for Nothing {
    async fn create(&mut self, _: &Transaction<'_>) -> Result<(), Cause> {
        Ok(())
    }
    async fn handle(&mut self, _: Recorded<NothingEvent>, _: &Context<'_>) -> Result<(), Cause> {
        Ok(())
    }
}

fn impatient(database: &Database) -> PostgresOptions {
    let options = database.options().connect_timeout(Duration::from_secs(3));
    options.statement_timeout(Duration::from_millis(500))
}

#[track_caller]
fn is_unavailable<T>(answer: Result<T, StoreError>) {
    let Err(error) = answer else {
        panic!("there was an answer");
    };
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
}

/// Everything that a store is asked for but appends.
async fn everything(store: &PostgresStore) {
    let (stream, state) = (stream(1), Json::EMPTY_OBJECT);
    let snapshot = Snapshot::new(
        stream.clone(),
        Revision::FIRST,
        EventId::random(),
        1,
        1,
        state,
    );
    let (head, found, log, read, loaded, kept, deleted, past) = tokio::join!(
        store.head(),
        store.find(&stream, EventId::random()),
        store.read_log(LogQuery::all()),
        store.read_stream(StreamQuery::forwards(stream.clone())),
        store.load_snapshot(&stream, Revision::FIRST),
        store.keep_snapshot(snapshot),
        store.delete_snapshots(&stream),
        store.wait_past(Position::new(9)),
    );
    is_unavailable(head);
    is_unavailable(found);
    is_unavailable(log);
    is_unavailable(read);
    is_unavailable(loaded);
    is_unavailable(kept);
    is_unavailable(deleted);
    is_unavailable(past);
}

needs_postgres! {
    #[tokio::test]
    async fn whatever_is_asked_is_unavailable_or_unknown_in_the_end_and_the_store_goes_on() {
        let database = Database::shared();
        let proxy = Proxy::start(&database).await;
        let store = impatient(&database).open(&proxy.url).await.unwrap();
        store.append(append(1, 1)).await.unwrap();
        store.head().await.unwrap();
        proxy.swallow(true);
        let appending = async {
            let unknown = store.append(append(1, 1)).await.unwrap_err();
            assert!(matches!(unknown, StoreError::Unknown(_)), "{unknown:?}");
        };
        let opening = async {
            is_unavailable(impatient(&database).open(&proxy.url).await);
            is_unavailable(impatient(&database).open_read_models(&proxy.url).await);
        };
        // More than there are connections.
        let asking = async { tokio::join!(everything(&store), appending, opening) };
        Box::pin(soon("the answers", asking)).await;
        proxy.swallow(false);
        soon("the head", store.head()).await.unwrap();
        soon("an append", store.append(append(2, 1))).await.unwrap();
        let known = soon("the log", sound(&store)).await.len();
        // The one that nobody knows of may be there.
        assert!((2..=3).contains(&known), "{known} events");
    }

    #[tokio::test]
    async fn a_reader_who_gave_up_keeps_no_connection() {
        let database = Database::shared();
        let proxy = Proxy::start(&database).await;
        let store = database.options().connections(1).open(&proxy.url).await.unwrap();
        store.head().await.unwrap();
        proxy.swallow(true);
        // It was sent, and its answer is on no way.
        assert!(polled(1, store.head()).await.is_none());
        soon("an answer", async {
            while proxy.swallowed() == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
        proxy.swallow(false);
        assert_eq!(soon("the head", store.head()).await.unwrap(), Position::START);
    }

    #[tokio::test]
    async fn a_store_may_wait_as_long_as_can_be_said() {
        let database = Database::shared();
        let options = PostgresStore::options().schema(database.schema_name());
        let ever = Duration::MAX;
        let patient = options.connect_timeout(ever).statement_timeout(ever);
        let patient = patient.lock_timeout(ever).poll_interval(ever);
        let store = patient.open(database.url()).await.unwrap();
        store.append(append(1, 2)).await.unwrap();
        let waiting = store.wait_past(Position::START);
        soon("what is there", waiting).await.unwrap();
        assert_eq!(sound(&store).await.len(), 2);
    }
}

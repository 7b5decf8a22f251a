//! What others append wakes whoever waits: by a notification, and by looking where none comes.

mod support;

use std::time::Duration;

use es_core::{EventId, EventStore, Position};
use es_postgres::PostgresStore;
use es_postgres::tokio_postgres::Client;
use es_servers::needs_postgres;
use support::{Database, append, insert, soon, sound, until};
use tokio::task::JoinHandle;

/// Whoever waits in a store of their own for what comes after this position, once nothing but the wake-up is missing.
async fn waiting(
    database: &Database,
    poll_interval: Duration,
    position: Position,
) -> JoinHandle<()> {
    let name = EventId::random().to_string();
    let options = database.options().connections(1).application_name(&name);
    let opening = options.poll_interval(poll_interval).open(database.url());
    let store: PostgresStore = opening.await.unwrap();
    let waiting = tokio::spawn(async move { store.wait_past(position).await.unwrap() });
    // The one that reads has looked, and the one that listens, which it does before.
    let looked = format!(
        "SELECT count(*) = 2 FROM pg_stat_activity WHERE application_name = '{name}' AND state = 'idle' \
         AND query LIKE 'SELECT coalesce(max(position)%'"
    );
    until(&database.client().await, &looked).await;
    assert!(!waiting.is_finished());
    waiting
}

/// Far too long for a test.
const NEVER: Duration = Duration::from_hours(1);

needs_postgres! {
    /// A lone event and several have statements of their own.
    #[tokio::test]
    async fn whoever_does_not_look_is_notified() {
        let database = Database::shared();
        let others = database.store().await;
        for count in [1, 3] {
            let head = others.head().await.unwrap();
            let waiting = waiting(&database, NEVER, head).await;
            others.append(append(1, count)).await.unwrap();
            soon(&format!("a notification of {count}"), waiting).await.unwrap();
        }
        assert_eq!(sound(&others).await.len(), 4);
    }

    #[tokio::test]
    async fn whoever_is_notified_of_a_transaction_is_when_it_is_committed() {
        let database = Database::shared();
        let others = database.store().await;
        let mut client: Client = database.client().await;
        let waiting = waiting(&database, NEVER, Position::START).await;
        let transaction = client.transaction().await.unwrap();
        others.append_in(&transaction, append(1, 1)).await.unwrap();
        transaction.commit().await.unwrap();
        soon("a notification", waiting).await.unwrap();
        assert_eq!(sound(&others).await.len(), 1);
    }

    #[tokio::test]
    async fn whoever_is_not_notified_looks() {
        let database = Database::shared();
        let others = database.store().await;
        let waiting = waiting(&database, Duration::from_millis(20), Position::START).await;
        let silently = insert(&database, 1, "clock_timestamp()");
        database.client().await.batch_execute(&silently).await.unwrap();
        soon("a look", waiting).await.unwrap();
        assert_eq!(sound(&others).await.len(), 1);
    }
}

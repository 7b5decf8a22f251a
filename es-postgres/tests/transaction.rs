//! Appending in a transaction of the user's.

mod support;

use es_core::{Append, EventStore, Expected, StoreError};
use es_postgres::tokio_postgres::IsolationLevel;
use es_servers::{Postgres, needs_own_postgres, needs_postgres};
use support::{Database, append, events, log, polled, soon, sound, stream, told};

needs_postgres! {
    #[tokio::test]
    async fn events_are_there_with_what_else_was_written_or_not_at_all() {
        let database = Database::shared();
        let store = database.store().await;
        let mut client = database.client().await;
        let schema = database.schema();
        client.batch_execute(&format!("CREATE TABLE {schema}.paid (invoice integer)")).await.unwrap();
        let pay = format!("INSERT INTO {schema}.paid VALUES (7)");
        let paid = format!("SELECT count(*) FROM {schema}.paid");
        for (commits, rows) in [(false, 0), (true, 1)] {
            let transaction = client.transaction().await.unwrap();
            transaction.execute(&pay, &[]).await.unwrap();
            let appended = store.append_in(&transaction, append(1, 3)).await.unwrap();
            assert_eq!(appended.position().number(), 3);
            if commits {
                transaction.commit().await.unwrap();
            } else {
                transaction.rollback().await.unwrap();
            }
            assert_eq!(client.query_one(&paid, &[]).await.unwrap().get::<_, i64>(0), rows);
            assert_eq!(sound(&store).await.len(), if commits { 3 } else { 0 });
        }
    }

    #[tokio::test]
    async fn it_is_judged_as_every_append_is() {
        let database = Database::shared();
        let store = database.store().await;
        let mut client = database.client().await;
        let first = append(1, 2);
        store.append(first.clone()).await.unwrap();
        let transaction = client.transaction().await.unwrap();
        let again = store.append_in(&transaction, first.clone()).await.unwrap();
        assert!(again.is_repeated());
        let new = Append::new(stream(1), Expected::NoStream, events(1));
        let refused = store.append_in(&transaction, new).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
        let mut known = append(1, 1);
        known.events.push(first.events[0].clone());
        let refused = store.append_in(&transaction, known).await;
        assert!(matches!(refused, Err(StoreError::IdReused { .. })), "{refused:?}");
        let empty = Append::new(stream(1), Expected::Any, Vec::new());
        let refused = store.append_in(&transaction, empty).await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
        // A refusal leaves the transaction as it was.
        store.append_in(&transaction, append(2, 1)).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(sound(&store).await.len(), 3);
    }

    #[tokio::test]
    async fn another_isolation_level_than_read_committed_is_refused() {
        let database = Database::shared();
        let store = database.store().await;
        let mut client = database.client().await;
        for level in [IsolationLevel::RepeatableRead, IsolationLevel::Serializable] {
            let building = client.build_transaction().isolation_level(level);
            let transaction = building.start().await.unwrap();
            let refused = store.append_in(&transaction, append(1, 1)).await.unwrap_err();
            assert!(matches!(refused, StoreError::Backend(_)), "{refused:?}");
            assert!(told(&refused).contains("READ COMMITTED"), "{}", told(&refused));
            drop(transaction.commit().await);
        }
        assert!(log(&store).await.is_empty());
    }

    #[tokio::test]
    async fn the_victim_of_a_deadlock_is_unavailable_and_writes_nothing() {
        let database = Database::shared();
        let store = database.store().await;
        let (mut one, mut other) = (database.client().await, database.client().await);
        let schema = database.schema();
        one.batch_execute(&format!("CREATE TABLE {schema}.theirs (x integer); INSERT INTO {schema}.theirs VALUES (1)"))
            .await
            .unwrap();
        let change = format!("UPDATE {schema}.theirs SET x = x + 1");
        let first = one.transaction().await.unwrap();
        let second = other.transaction().await.unwrap();
        first.execute(&change, &[]).await.unwrap();
        store.append_in(&second, append(2, 1)).await.unwrap();
        // The first waits for the lock of the second, which waits for the row of the first.
        let (appended, changed) = tokio::join!(
            soon("the append", store.append_in(&first, append(1, 1))),
            soon("the change", second.execute(&change, &[])),
        );
        match (appended, changed) {
            (Err(StoreError::Unavailable(cause)), Ok(_)) => {
                assert!(cause.to_string().contains("40P01"), "{cause}");
                first.rollback().await.unwrap();
                second.commit().await.unwrap();
                assert_eq!(sound(&store).await.len(), 1);
            }
            (Ok(_), Err(_)) => {
                // The server chose the other one.
                second.rollback().await.unwrap();
                first.commit().await.unwrap();
                assert_eq!(log(&store).await[0].envelope.stream, stream(1));
            }
            (appended, changed) => panic!("no deadlock: {appended:?}, {changed:?}"),
        }
    }

    #[tokio::test]
    async fn an_append_that_was_dropped_half_way_can_not_be_committed() {
        let database = Database::shared();
        let store = database.store().await;
        let mut client = database.client().await;
        for polls in 1.. {
            let transaction = client.transaction().await.unwrap();
            let dropped = polled(polls, store.append_in(&transaction, append(1, 3))).await;
            let committed = transaction.commit().await;
            let Some(appended) = dropped else {
                let refused = committed.unwrap_err();
                assert_eq!(refused.code().unwrap().code(), "ES004", "after {polls} polls");
                assert!(log(&store).await.is_empty(), "after {polls} polls");
                continue;
            };
            committed.unwrap();
            assert!(polls > 1);
            assert_eq!(appended.unwrap().position().number(), 3);
            break;
        }
        assert_eq!(sound(&store).await.len(), 3);
    }

    #[tokio::test]
    async fn an_append_that_was_dropped_half_way_is_undone_with_its_savepoint() {
        let database = Database::shared();
        let store = database.store().await;
        let mut client = database.client().await;
        let mut transaction = client.transaction().await.unwrap();
        let savepoint = transaction.savepoint("before").await.unwrap();
        assert!(polled(1, store.append_in(&savepoint, append(1, 3))).await.is_none());
        savepoint.rollback().await.unwrap();
        store.append_in(&transaction, append(2, 1)).await.unwrap();
        transaction.commit().await.unwrap();
        let log = log(&store).await;
        assert_eq!((log.len(), &log[0].envelope.stream), (1, &stream(2)));
    }

    /// It counts by what its transaction does, not by what the session is set to.
    #[tokio::test]
    async fn a_session_that_does_not_wait_for_the_disk_waits_for_an_append() {
        let database = Database::shared();
        let store = database.store().await;
        let mut client = database.client().await;
        client.batch_execute("SET synchronous_commit = off").await.unwrap();
        let transaction = client.transaction().await.unwrap();
        store.append_in(&transaction, append(1, 1)).await.unwrap();
        let setting = transaction.query_one("SHOW synchronous_commit", &[]).await.unwrap();
        assert_eq!(setting.get::<_, String>(0), "on");
        transaction.commit().await.unwrap();
        let setting = client.query_one("SHOW synchronous_commit", &[]).await.unwrap();
        assert_eq!(setting.get::<_, String>(0), "off");
    }
}

needs_own_postgres! {
    #[tokio::test]
    async fn a_store_does_not_depend_on_the_default_isolation_level() {
        let server = Postgres::start_with(&["default_transaction_isolation=serializable"], None).unwrap();
        let database = Database::of(&server);
        let (one, other) = (database.store().await, database.store().await);
        for number in 0..5 {
            one.append(append(number, 1)).await.unwrap();
            other.append(append(number, 1)).await.unwrap();
        }
        assert_eq!(sound(&one).await.len(), 10);
    }
}

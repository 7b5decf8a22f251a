//! Readers skip nothing and go on, whatever others do in the same server: stall, roll back, sit idle, or die.

mod support;

use std::time::Duration;

use es_core::{
    Append, Checkpoint, EventId, EventStore, Expected, Filter, LogQuery, Next, Position,
    StoreError, Subscription,
};
use es_postgres::PostgresStore;
use es_postgres::tokio_postgres::NoTls;
use es_servers::needs_postgres;
use support::{Database, append, log, pid, soon, sound, stream, until, wait_for};

/// Every event after this position, and how far was looked.
async fn poll(store: &PostgresStore, after: Position) -> (Vec<u64>, Position) {
    let page = store.read_log(LogQuery::after(after)).await.unwrap();
    let positions = page.events.iter().map(|event| event.position.number());
    (positions.collect(), page.looked_to)
}

needs_postgres! {
    /// Start A, begin B, poll, commit A, poll.
    #[tokio::test]
    async fn a_stalled_writer_is_not_overtaken() {
        let database = Database::shared();
        let (one, other) = (database.store().await, database.store().await);
        let mut client = database.client().await;
        one.append(append(1, 1)).await.unwrap();

        let stalled = client.transaction().await.unwrap();
        let first = one.append_in(&stalled, append(2, 2)).await.unwrap();
        assert_eq!(first.position().number(), 3);
        let second = tokio::spawn({
            let other = other.clone();
            async move { other.append(append(3, 1)).await }
        });
        let waits = wait_for(pid(&stalled).await, 1);
        until(&database.client().await, &waits).await;

        let (seen, looked_to) = poll(&one, Position::START).await;
        assert_eq!(seen, [1]);
        stalled.commit().await.unwrap();
        let second = soon("the second append", second).await.unwrap().unwrap();
        assert_eq!(second.position().number(), 4);
        let (seen, _) = poll(&one, looked_to).await;
        assert_eq!(seen, [2, 3, 4]);
        sound(&other).await;
    }

    #[tokio::test]
    async fn a_trigger_that_sleeps_hides_nothing() {
        let database = Database::shared();
        let (one, other) = (database.store().await, database.store().await);
        let schema = database.schema();
        let sleep = format!(
            "CREATE FUNCTION {schema}.sleep() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN IF new.stream = 'task/1' THEN PERFORM pg_sleep(0.02); END IF; RETURN new; END $$; \
             CREATE TRIGGER sleep BEFORE INSERT ON {schema}.events FOR EACH ROW EXECUTE FUNCTION {schema}.sleep()"
        );
        database.client().await.batch_execute(&sleep).await.unwrap();
        let writers = [(1, one.clone()), (2, other.clone())].map(|(number, store)| {
            tokio::spawn(async move {
                for _ in 0..20 {
                    store.append(append(number, 2)).await.unwrap();
                }
            })
        });
        let mut subscription = Subscription::new(one, Filter::all(), Checkpoint::START).page_size(3);
        let mut positions = Vec::new();
        while positions.len() < 80 {
            if let Next::Event(event) = soon("an event", subscription.next()).await.unwrap() {
                positions.push(event.position.number());
            }
        }
        assert_eq!(positions, (1..=80).collect::<Vec<_>>());
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(sound(&other).await.len(), 80);
    }

    #[tokio::test]
    async fn an_append_that_is_rolled_back_leaves_no_hole() {
        let database = Database::shared();
        let store = database.store().await;
        let mut client = database.client().await;
        for round in 0..5 {
            let transaction = client.transaction().await.unwrap();
            let appended = store.append_in(&transaction, append(1, 3)).await.unwrap();
            assert_eq!(appended.position().number(), round + 3);
            transaction.rollback().await.unwrap();
            let appended = store.append(append(2, 1)).await.unwrap();
            assert_eq!(appended.position().number(), round + 1);
        }
        assert_eq!(sound(&store).await.len(), 5);
    }

    #[tokio::test]
    async fn a_neighbour_that_is_killed_with_the_lock_holds_nobody_up() {
        let database = Database::shared();
        let store = database.store().await;
        let mut client = database.client().await;
        let pid = pid(&client).await;
        let transaction = client.transaction().await.unwrap();
        store.append_in(&transaction, append(1, 3)).await.unwrap();
        let waiting = tokio::spawn({
            let store = store.clone();
            async move { store.append(append(2, 1)).await }
        });
        let beside = database.client().await;
        until(&beside, &wait_for(pid, 1)).await;
        beside.query_one("SELECT pg_terminate_backend($1)", &[&pid]).await.unwrap();
        let appended = soon("the append", waiting).await.unwrap().unwrap();
        assert_eq!(appended.position().number(), 1);
        assert_eq!(sound(&store).await.len(), 1);
        assert!(transaction.commit().await.is_err());
    }

    #[tokio::test]
    async fn a_neighbour_that_sits_on_the_lock_makes_the_store_unavailable_until_it_goes() {
        let database = Database::shared();
        let options = database.options().lock_timeout(Duration::from_millis(50));
        let store = options.open(database.url()).await.unwrap();
        let mut client = database.client().await;
        let transaction = client.transaction().await.unwrap();
        store.append_in(&transaction, append(1, 1)).await.unwrap();
        let late = append(2, 1);
        let refused = store.append(late.clone()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
        // Readers don't wait.
        assert_eq!(store.head().await.unwrap(), Position::START);
        assert!(log(&store).await.is_empty());
        transaction.rollback().await.unwrap();
        assert_eq!(store.append(late).await.unwrap().position().number(), 1);
        assert_eq!(sound(&store).await.len(), 1);
    }

    #[tokio::test]
    async fn an_idle_transaction_holds_nobody_up() {
        let database = Database::shared();
        let store = database.store().await;
        let schema = database.schema();
        let client = database.client().await;
        // It has written, and read the log.
        let idle = format!(
            "CREATE TABLE {schema}.theirs (x integer); BEGIN; INSERT INTO {schema}.theirs VALUES (1); \
             SELECT count(*) FROM {schema}.events"
        );
        client.batch_execute(&idle).await.unwrap();
        let mut subscription = Subscription::new(store.clone(), Filter::all(), Checkpoint::START);
        for number in 1..=5 {
            store.append(append(number, 1)).await.unwrap();
            let event = loop {
                if let Next::Event(event) = soon("an event", subscription.next()).await.unwrap() {
                    break event;
                }
            };
            assert_eq!(event.position.number(), number);
        }
        client.batch_execute("COMMIT").await.unwrap();
        assert_eq!(sound(&store).await.len(), 5);
    }

    #[tokio::test]
    async fn a_long_write_in_another_database_holds_nobody_up() {
        let database = Database::shared();
        let store = database.store().await;
        let client = database.client().await;
        let name = format!("es_other_{}", EventId::random()).replace('-', "_");
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let url = database.url_of(&name);
        let connecting = es_postgres::tokio_postgres::connect(&url, NoTls);
        let (other, connection) = connecting.await.unwrap();
        let connection = tokio::spawn(connection);
        other.batch_execute("CREATE TABLE theirs (x integer); BEGIN; INSERT INTO theirs VALUES (1)").await.unwrap();
        for number in 1..=5 {
            store.append(append(number, 2)).await.unwrap();
            assert_eq!(log(&store).await.len() as u64, number * 2);
        }
        other.batch_execute("COMMIT").await.unwrap();
        drop(other);
        connection.await.unwrap().unwrap();
        client.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
        sound(&store).await;
    }

    #[tokio::test]
    async fn a_log_that_was_restored_to_another_past_is_noticed() {
        let database = Database::shared();
        let store = database.store().await;
        for number in 1..=3 {
            store.append(append(number, 1)).await.unwrap();
        }
        let mut subscription = Subscription::new(store.clone(), Filter::all(), Checkpoint::START);
        while !subscription.next().await.unwrap().is_caught_up() {}
        let checkpoint = subscription.checkpoint();
        assert_eq!(checkpoint.position.number(), 3);

        // What a restore of yesterday's dump does, and what was appended since.
        let schema = database.schema();
        let restore = format!(
            "ALTER TABLE {schema}.events DISABLE TRIGGER ALL; DELETE FROM {schema}.events WHERE position > 1; \
             ALTER TABLE {schema}.events ENABLE TRIGGER ALL"
        );
        database.client().await.batch_execute(&restore).await.unwrap();
        let shorter = Subscription::new(store.clone(), Filter::all(), checkpoint).next().await;
        assert!(matches!(shorter, Err(StoreError::LogDiverged { found: None, .. })), "{shorter:?}");
        store.append(append(4, 2)).await.unwrap();
        let other = Subscription::new(store.clone(), Filter::all(), checkpoint).next().await;
        assert!(matches!(other, Err(StoreError::LogDiverged { found: Some(_), .. })), "{other:?}");
        assert_eq!(sound(&store).await.len(), 3);
    }

    /// Neither the lock nor positions are shared.
    #[tokio::test]
    async fn stores_in_two_schemas_do_not_wait_for_each_other() {
        let (one, other) = (Database::shared(), Database::shared());
        let (first, second) = (one.store().await, other.store().await);
        let mut client = one.client().await;
        let transaction = client.transaction().await.unwrap();
        first.append_in(&transaction, append(1, 1)).await.unwrap();
        let appended = soon("an append in another schema", second.append(append(1, 1))).await;
        assert_eq!(appended.unwrap().position().number(), 1);
        transaction.commit().await.unwrap();
        let exact = Append::new(stream(1), Expected::NoStream, support::events(1));
        assert!(matches!(first.append(exact).await, Err(StoreError::Conflict(_))));
    }
}

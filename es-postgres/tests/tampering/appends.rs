//! The hashes of a tamper-evident log are right, whoever appends and however many at once.

use es_core::{Append, EventId, EventStore, Expected, Revision, Verification};
use es_servers::needs_postgres;

use crate::Postgres;
use crate::support::{self, Database, log, stream};
use crate::tampering::Database as _;
use crate::tampering::log::Log;

needs_postgres! {
    /// Appends of several events, several to one stream, refused ones and repeats, alone and in one call of the function.
    #[tokio::test]
    async fn whatever_shares_a_call_the_hashes_are_right() {
        let database = Database::shared();
        let opening = database.options().tamper_evident().open(database.url());
        let store = opening.await.unwrap();
        for round in 0..20_usize {
            let appends = (0..32_usize).map(|number| {
                let (stream, expected) = match number % 4 {
                    0 => (stream(number as u64), Expected::Any),
                    1 => (stream(1), Expected::Any),
                    2 => (stream(2), Expected::NoStream),
                    _ => (stream(1_000 + (32 * round + number) as u64), Expected::NoStream),
                };
                let mut events = support::events(1 + number % 3);
                if number % 5 == 0 {
                    // Known from the round before.
                    events[0].id = EventId::derived(&stream, "again", 0);
                    events.truncate(1);
                }
                let store = store.clone();
                tokio::spawn(async move { drop(store.append(Append::new(stream, expected, events)).await) })
            });
            for append in appends.collect::<Vec<_>>() {
                append.await.unwrap();
            }
        }
        let verification = Verification::of(&store, &[]).await.unwrap();
        assert!(verification.is_clean(), "{verification}");
        assert!(verification.events() > 500, "{}", verification.events());
        assert_eq!(verification.unhashed(), 0);
    }

    /// What a handle remembers of streams is only where they still are so.
    #[tokio::test]
    async fn whoever_appended_meanwhile_the_hashes_are_right() {
        let database = Database::shared();
        let open = || database.options().tamper_evident().open(database.url());
        let handles = [open().await.unwrap(), open().await.unwrap()];
        let append = |to, revision, count| {
            let expected = Expected::Exact(Revision::new(revision));
            Append::new(stream(to), expected, support::events(count))
        };
        // Four streams at once, so that most share a call, of which each handle wrote a part last.
        for round in 0..12_u64 {
            let appends = (0..4_u64).map(|to| {
                let store = handles[usize::try_from((round / 2 + to) % 2).unwrap()].clone();
                let count = if round % 3 == 0 { 1 } else { 2 };
                let append = append(to, 5 * (round / 3) + [0, 1, 3][usize::try_from(round % 3).unwrap()], count);
                tokio::spawn(async move { store.append(append).await })
            });
            for append in appends.collect::<Vec<_>>() {
                append.await.unwrap().unwrap();
            }
        }
        // Events that a handle wrote are replaced by others, as where a database was restored.
        let [one, other] = &handles;
        for to in 10..26 {
            one.append(append(to, 0, 2)).await.unwrap();
        }
        let lose = format!(
            "SET search_path = {}; ALTER TABLE events DISABLE TRIGGER ALL; \
             DELETE FROM events WHERE stream > 'task/1' AND length(stream) = 7 AND revision = 2; \
             ALTER TABLE events ENABLE TRIGGER ALL",
            database.schema()
        );
        database.client().await.batch_execute(&lose).await.unwrap();
        for to in 10..26 {
            other.append(append(to, 1, 1)).await.unwrap();
        }
        let refused = one.append(append(10, 1, 2)).await.unwrap_err();
        assert!(matches!(refused, es_core::StoreError::Conflict(_)), "{refused:?}");
        // Alone and several, most of them in one call.
        one.append(append(25, 2, 3)).await.unwrap();
        let appends = (10..25).map(|to| {
            let (store, append) = (one.clone(), append(to, 2, 1));
            tokio::spawn(async move { store.append(append).await })
        });
        for append in appends.collect::<Vec<_>>() {
            append.await.unwrap().unwrap();
        }
        let verification = Verification::of(one, &[]).await.unwrap();
        assert!(verification.is_clean(), "{verification}");
        assert_eq!((verification.events(), verification.unhashed()), (4 * 20 + 16 * 2 + 15 + 3, 0));
    }

    #[tokio::test]
    async fn a_log_is_hashed_by_whoever_appends_to_it() {
        let database = Database::shared();
        // Open before anybody asked for hashes.
        let plain = database.store().await;
        plain.append(support::append(1, 2)).await.unwrap();
        let asked = database.options().tamper_evident().open(database.url()).await.unwrap();
        plain.append(support::append(1, 2)).await.unwrap();
        plain.append(support::append(2, 1)).await.unwrap();
        asked.append(support::append(1, 2)).await.unwrap();
        let mut client = database.client().await;
        let transaction = client.transaction().await.unwrap();
        plain.append_in(&transaction, support::append(2, 2)).await.unwrap();
        transaction.commit().await.unwrap();
        let hashed: Vec<bool> = log(&plain).await.iter().map(|event| event.hash.is_some()).collect();
        assert_eq!(hashed[..2], [false; 2]);
        assert_eq!(hashed[2..], [true; 7]);
        let verification = Verification::of(&plain, &[]).await.unwrap();
        assert!(verification.is_clean(), "{verification}");
        assert_eq!(verification.unhashed(), 2);
        // Even by a program that knows nothing of hashes.
        let unhashed = format!("SET search_path = {}; {}", database.schema(), Postgres::insert(99, 99, "NULL"));
        let refused = client.batch_execute(&unhashed).await.unwrap_err();
        assert_eq!(refused.as_db_error().unwrap().constraint(), Some("events_are_hashed"));
        assert_eq!(log(&plain).await.len(), 9);
    }

    #[tokio::test]
    async fn an_append_that_waited_while_the_log_became_tamper_evident_is_hashed() {
        let database = Database::shared();
        let plain = database.store().await;
        plain.append(support::append(1, 1)).await.unwrap();
        let (mut first, mut second) = (database.client().await, database.client().await);
        let watch = database.client().await;
        let holding = first.transaction().await.unwrap();
        plain.append_in(&holding, support::append(2, 1)).await.unwrap();
        let holder = support::pid(&holding).await;
        let waiting = |count| support::wait_for(holder, count);
        let asking = tokio::spawn(database.options().tamper_evident().open(database.url().to_owned()));
        support::until(&watch, &waiting(1)).await;
        let appending = tokio::spawn({
            let plain = plain.clone();
            async move { plain.append(support::append(1, 2)).await }
        });
        support::until(&watch, &waiting(2)).await;
        let theirs = second.transaction().await.unwrap();
        let in_theirs = async {
            let refused = plain.append_in(&theirs, support::append(3, 1)).await;
            assert!(matches!(refused, Err(es_core::StoreError::Unavailable(_))), "{refused:?}");
        };
        let committing = async {
            support::until(&watch, &waiting(3)).await;
            holding.commit().await.unwrap();
        };
        Box::pin(support::soon("the answers", async { tokio::join!(in_theirs, committing) })).await;
        let store = support::soon("the opening", asking).await.unwrap().unwrap();
        support::soon("the append", appending).await.unwrap().unwrap();
        let verification = Verification::of(&store, &[]).await.unwrap();
        assert!(verification.is_clean(), "{verification}");
        assert_eq!((verification.events(), verification.unhashed()), (4, 2));
    }

    /// The database computes what es-core does, whatever is in the event.
    #[tokio::test]
    async fn an_auditor_can_check_the_hashes_in_the_database() {
        let log = Log::<Postgres>::written().await;
        let check = "SELECT count(*) FROM (SELECT *, hash(lag(hash) OVER (PARTITION BY stream ORDER BY revision), id, revision, \
                     version, stream, name, payload, metadata, effective_at) AS computed FROM events) e WHERE hash <> computed";
        let wrong = || async { log.database.client.query_one(check, &[]).await.unwrap().get::<_, i64>(0) };
        assert_eq!(wrong().await, 0);
        log.edit("UPDATE events SET payload = '{}' WHERE position = 4").await;
        assert_eq!(wrong().await, 1);
    }

    #[tokio::test]
    async fn a_log_of_the_first_schema_is_brought_up_to_date_and_hashed_when_it_is_asked_for() {
        let database = Database::shared();
        let store = database.store().await;
        store.append(support::append(1, 3)).await.unwrap();
        let before = log(&store).await;
        store.close().await.unwrap();
        let client = database.client().await;
        let first = format!(
            "SET search_path = {}; ALTER TABLE events DROP COLUMN hash; DROP FUNCTION hash; DROP FUNCTION append; \
             DROP TABLE unfinished; DROP FUNCTION refuse_unfinished; \
             DELETE FROM es_migrations WHERE version > 1",
            database.schema()
        );
        client.batch_execute(&first).await.unwrap();
        let store = database.options().tamper_evident().open(database.url()).await.unwrap();
        assert_eq!(log(&store).await, before);
        assert_eq!(store.append(support::append(1, 3)).await.unwrap().revision().number(), 6);
        let verification = Verification::of(&store, &[]).await.unwrap();
        assert!(verification.is_clean(), "{verification}");
        assert_eq!((verification.events(), verification.unhashed()), (6, 3));
    }
}

//! Databases that are new, newer, of another program, or hold rows that nobody can read; and what options say.

mod support;

use es_core::{EventId, EventStore, LogQuery, Revision, SnapshotStore, StoreError, StreamQuery};
use es_postgres::PostgresStore;
use es_servers::{Postgres, needs_own_postgres, needs_postgres};
use futures_util::future::join_all;
use support::{Database, append, sound, stream, told};

needs_postgres! {
    #[tokio::test]
    async fn many_open_a_new_database_at_once() {
        let database = Database::shared();
        let opened = (0..8).map(|_| database.options().open(database.url()));
        for store in join_all(opened).await {
            store.unwrap().append(append(1, 1)).await.unwrap();
        }
        assert_eq!(sound(&database.store().await).await.len(), 8);
    }

    #[tokio::test]
    async fn a_schema_may_be_called_anything_that_postgres_takes() {
        let shared = Database::shared();
        let client = shared.client().await;
        // In a database of its own, since another program's schema may be called so.
        let name = format!("es_names_{}", EventId::random()).replace('-', "_");
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let own = shared.url_of(&name);
        let longest = "ü".repeat(31) + "x";
        for name in ["has space", "quo\"te'd", "ba\\ck'slash", "dol$$lar$append$", "Älter", "select", &longest] {
            let store = PostgresStore::options().schema(name).open(&own).await;
            let store = store.unwrap_or_else(|error| panic!("{name}: {}", told(&error)));
            store.append(append(1, 2)).await.unwrap();
            assert_eq!(sound(&store).await.len(), 2);
        }
        for name in ["", "a\0b", "pg_mine", &"x".repeat(64)] {
            let refused = PostgresStore::options().schema(name).open(&own).await;
            assert!(matches!(refused, Err(StoreError::Invalid(_))), "{name:?}");
        }
        client.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
    }

    #[tokio::test]
    async fn a_schema_of_another_program_is_left_as_it_is() {
        let database = Database::shared();
        let (client, schema) = (database.client().await, database.schema());
        let theirs = format!("CREATE SCHEMA {schema}; CREATE TABLE {schema}.events (x integer)");
        client.batch_execute(&theirs).await.unwrap();
        let refused = database.options().open(database.url()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Backend(_)), "{refused:?}");
        assert!(told(&refused).contains("events"), "{}", told(&refused));
        let columns = "SELECT count(*) FROM information_schema.columns WHERE table_schema = $1";
        let columns = client.query_one(columns, &[&database.schema_name()]).await.unwrap();
        assert_eq!(columns.get::<_, i64>(0), 1);
    }

    #[tokio::test]
    async fn a_schema_of_a_newer_version_is_refused() {
        let database = Database::shared();
        database.store().await;
        let newer = format!("INSERT INTO {}.es_migrations VALUES (99)", database.schema());
        database.client().await.batch_execute(&newer).await.unwrap();
        let refused = database.options().open(database.url()).await.unwrap_err();
        assert!(told(&refused).contains("schema 99"), "{}", told(&refused));
    }

    #[tokio::test]
    async fn events_can_not_be_truncated_changed_or_deleted() {
        let database = Database::shared();
        let store = database.store().await;
        store.append(append(1, 3)).await.unwrap();
        let (client, schema) = (database.client().await, database.schema());
        for sql in [
            format!("TRUNCATE {schema}.events"),
            format!("TRUNCATE {schema}.events CASCADE"),
            format!("DELETE FROM {schema}.events WHERE position = 3"),
            format!("UPDATE {schema}.events SET position = 9 WHERE position = 3"),
            format!(
                "INSERT INTO {schema}.events SELECT * FROM {schema}.events \
                 ON CONFLICT (position) DO UPDATE SET name = 'other'"
            ),
        ] {
            let refused = client.batch_execute(&sql).await.unwrap_err();
            assert_eq!(refused.code().unwrap().code(), "ES002", "{sql}");
        }
        assert_eq!(sound(&store).await.len(), 3);
    }

    /// Behind the triggers' back.
    #[tokio::test]
    async fn a_row_that_nobody_can_read_is_a_typed_error_that_names_its_place() {
        for (column, spoil) in [
            ("stream", "UPDATE {events} SET stream = 'a' || chr(10) || '/b'"),
            ("revision", "ALTER TABLE {events} DROP CONSTRAINT events_revision_check; UPDATE {events} SET revision = -1"),
            ("version", "UPDATE {events} SET version = 5000000000"),
            ("recorded_at", "UPDATE {events} SET recorded_at = 'infinity'"),
            ("effective_at", "UPDATE {events} SET effective_at = '4000-01-01 BC'"),
        ] {
            let database = Database::shared();
            let store = database.store().await;
            store.append(append(1, 1)).await.unwrap();
            let events = format!("{}.events", database.schema());
            let spoil = format!("ALTER TABLE {events} DISABLE TRIGGER ALL; {}", spoil.replace("{events}", &events));
            database.client().await.batch_execute(&spoil).await.unwrap();
            let error = store.read_log(LogQuery::all()).await.unwrap_err();
            assert!(matches!(error, StoreError::Backend(_)), "{spoil}: {error:?}");
            assert!(told(&error).contains(column), "{spoil}: {}", told(&error));
            // Neither a stream's reader nor the writer panics over it.
            drop(store.read_stream(StreamQuery::forwards(stream(1))).await);
            drop(store.append(append(1, 1)).await);
            store.head().await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_payload_that_is_not_json_comes_back_as_it_is() {
        let database = Database::shared();
        let store = database.store().await;
        store.append(append(1, 1)).await.unwrap();
        let events = format!("{}.events", database.schema());
        let spoil = format!("ALTER TABLE {events} DISABLE TRIGGER ALL; UPDATE {events} SET payload = 'no JSON'");
        database.client().await.batch_execute(&spoil).await.unwrap();
        let page = store.read_log(LogQuery::all()).await.unwrap();
        assert_eq!(page.events[0].payload.as_str(), "no JSON");
    }

    #[tokio::test]
    async fn a_snapshot_that_nobody_can_read_is_a_typed_error() {
        let database = Database::shared();
        let store = database.store().await;
        let spoilt = format!(
            "INSERT INTO {}.snapshots VALUES ('task/1', 1, gen_random_uuid(), 1, -1, '{{}}')",
            database.schema()
        );
        database.client().await.batch_execute(&spoilt).await.unwrap();
        let loaded = store.load_snapshot(&stream(1), Revision::FIRST).await;
        assert!(matches!(loaded, Err(StoreError::Backend(_))), "{loaded:?}");
    }

    #[tokio::test]
    async fn the_view_shows_events_to_whoever_looks() {
        let database = Database::shared();
        database.store().await.append(append(7, 2)).await.unwrap();
        let view = format!(
            "SELECT category || ' ' || id || ' ' || revision || ' ' || (payload ->> 'number') \
             FROM {}.log ORDER BY position",
            database.schema()
        );
        let rows = database.client().await.query(&view, &[]).await.unwrap();
        let rows: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(rows, ["task 7 1 0", "task 7 2 1"]);
    }

    /// A page is bounded in bytes too, and what comes after it is read by the next.
    #[tokio::test]
    async fn large_events_come_in_small_pages() {
        let database = Database::shared();
        let store = database.store().await;
        let large: std::sync::Arc<str> = format!("\"{}\"", "x".repeat(3 << 20)).into();
        for _ in 0..4 {
            let mut append = append(1, 3);
            for event in &mut append.events {
                event.payload = es_core::Json::from_stored(large.clone());
            }
            store.append(append).await.unwrap();
        }
        let mut pages = Vec::new();
        let mut query = LogQuery::all();
        loop {
            let page = store.read_log(query.clone()).await.unwrap();
            pages.push(page.events.len());
            query.after = page.looked_to;
            if page.end {
                break;
            }
        }
        assert_eq!(pages.iter().sum::<usize>(), 12);
        assert!(pages.iter().all(|events| *events <= 3), "{pages:?}");
        let (mut next, mut count) = (Some(StreamQuery::backwards(stream(1))), 0);
        while let Some(query) = next {
            let page = store.read_stream(query.clone()).await.unwrap();
            assert!(page.events.len() <= 3);
            count += page.events.len();
            next = query.after(&page);
        }
        assert_eq!(count, 12);
        assert_eq!(sound(&store).await.len(), 12);
    }

    #[tokio::test]
    async fn what_is_queued_is_written_when_the_store_is_closed() {
        let database = Database::shared();
        let store = database.store().await;
        let mut appends: Vec<_> = (0..50)
            .map(|task| {
                let store = store.clone();
                Box::pin(async move { store.append(append(task, 2)).await })
            })
            .collect();
        // Polled once: queued, and nobody waits for the answer.
        for append in &mut appends {
            assert!(futures_util::FutureExt::now_or_never(append).is_none());
        }
        let left = store.clone();
        store.close().await.unwrap();
        let late = left.append(append(99, 1)).await;
        assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
        assert_eq!(sound(&left).await.len(), 100);
    }
}

needs_own_postgres! {
    #[tokio::test]
    async fn a_server_that_does_not_sync_is_refused() {
        let server = Postgres::start_with(&["fsync=off"], None).unwrap();
        let database = Database::of(&server);
        let refused = database.options().open(database.url()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Backend(_)), "{refused:?}");
        assert!(told(&refused).contains("fsync"), "{}", told(&refused));
        let schemas = "SELECT count(*) FROM information_schema.schemata WHERE schema_name = $1";
        let client = database.client().await;
        let schemas = client.query_one(schemas, &[&database.schema_name()]).await.unwrap();
        assert_eq!(schemas.get::<_, i64>(0), 0);
    }

    #[tokio::test]
    async fn another_encoding_than_utf_8_is_refused() {
        let server = Postgres::start().unwrap();
        let database = Database::of(&server);
        let make = "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0";
        database.client().await.batch_execute(make).await.unwrap();
        let url = database.url_of("latin");
        let refused = database.options().open(url).await.unwrap_err();
        assert!(told(&refused).contains("LATIN1"), "{}", told(&refused));
    }
}

#[tokio::test]
async fn no_error_and_no_debug_output_shows_a_secret() {
    let secret = "hunter2";
    let urls = [
        format!("postgres://ada:{secret}@127.0.0.1:1/bank"),
        format!("postgres://ada:{secret}@127.0.0.1:port/bank"),
        format!("postgres://ada:{secret}@127.0.0.1/bank?{secret}={secret}"),
        format!("host=127.0.0.1 port=1 user=ada password={secret} sslmode={secret}"),
        secret.to_owned(),
    ];
    for url in urls {
        let options = PostgresStore::options();
        let error = options.clone().open(&url).await.unwrap_err();
        assert!(!told(&error).contains(secret), "{}", told(&error));
        assert!(
            !format!("{error:?}{options:?}").contains(secret),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_connection_string_that_cannot_be_read_is_told_what_is_wrong_with_it() {
    for (url, wrong) in [
        ("postgres://ada@h/bank?sslmode=verify-full", "`require`"),
        ("host=h user=ada sslmode=verify-ca", "`require`"),
        ("postgres://ada@h:port/bank", "`port`"),
        ("host=h user=ada keepalives=often", "`keepalives`"),
        ("postgres://ada@h/bank?colour=red", "option"),
        ("bank.db", "`postgres://"),
    ] {
        let refused = PostgresStore::open(url).await.unwrap_err();
        assert!(matches!(refused, StoreError::Backend(_)), "{refused:?}");
        assert!(told(&refused).contains(wrong), "{url}: {}", told(&refused));
    }
}

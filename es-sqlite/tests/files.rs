//! Files that aren't ours, are newer, or hold rows that nobody can read.

mod support;

use es_core::{
    Append, EventStore, Expected, LogQuery, Position, Revision, SnapshotStore, StoreError,
    StreamQuery,
};
use es_sqlite::{SqliteReadModels, SqliteStore};
use rusqlite::Connection;
use std::error::Error;
use support::{events, stream};

fn told(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

#[tokio::test]
async fn a_database_of_another_program_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    for (file, sql) in [
        ("tables.db", "CREATE TABLE theirs (x)"),
        (
            "id.db",
            "PRAGMA application_id = 42; CREATE TABLE theirs (x)",
        ),
        (
            "version.db",
            "PRAGMA user_version = 3; CREATE TABLE theirs (x)",
        ),
    ] {
        let path = folder.path().join(file);
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let before = std::fs::read(&path).unwrap();
        let error = SqliteStore::open(&path).await.unwrap_err();
        assert!(told(&error).contains("another program"), "{}", told(&error));
        assert!(matches!(error, StoreError::Backend(_)));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    std::fs::write(&path, "Dear Ada, ".repeat(1_000)).unwrap();
    assert!(matches!(
        SqliteStore::open(&path).await,
        Err(StoreError::Backend(_))
    ));
}

#[tokio::test]
async fn a_path_that_is_no_files_is_refused_with_what_to_give_instead() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("no/such/folder/log.db");
    for (path, cure) in [
        (folder.path().to_str().unwrap(), "the path of a file in it"),
        (nowhere.to_str().unwrap(), "make it first"),
        (":memory:", "`MemoryStore` of `es-memory`"),
        ("file::memory:?cache=shared", "`MemoryStore` of `es-memory`"),
        ("file:such?mode=memory", "`MemoryStore` of `es-memory`"),
        ("sqlite://such/bank.db", "the file's path alone"),
        ("sqlite:such.db", "the file's path alone"),
        ("postgres://such/bank", "the file's path alone"),
        ("", "needs a file"),
    ] {
        let error = SqliteStore::open(path).await.unwrap_err();
        let told = told(&error);
        assert!(matches!(error, StoreError::Backend(_)), "{path}: {error:?}");
        assert!(told.contains(cure), "{path}: {told}");
        assert!(!told.contains("such"), "{told}");
        let read_models = SqliteReadModels::open(path).await.unwrap_err();
        assert_eq!(self::told(&read_models), told);
    }
}

#[tokio::test]
async fn what_sqlite_says_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let options = SqliteStore::options().busy_timeout(std::time::Duration::ZERO);
    let store = options.open(&path).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let append = Append::new(stream(1), Expected::Any, events(1));
    let error = store.append(append).await.unwrap_err();
    let told = told(&error);
    assert_eq!(told.matches("database is locked").count(), 1, "{told}");
    assert_eq!(told.matches("code 5").count(), 1, "{told}");
}

#[tokio::test]
async fn a_closed_store_has_let_go_of_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    // The watcher looks once, and then not again before tomorrow.
    let tomorrow = std::time::Duration::from_hours(24);
    let store = SqliteStore::options().poll_interval(tomorrow);
    let store = store.open(&path).await.unwrap();
    let append = Append::new(stream(1), Expected::Any, events(1));
    store.append(append.clone()).await.unwrap();
    let left = store.clone();
    let follower = tokio::spawn({
        let left = store.clone();
        async move { left.wait_past(Position::new(1)).await }
    });
    tokio::task::yield_now().await;

    store.close().await.unwrap();

    // The last connection that is closed brings the WAL back and deletes it.
    assert!(!folder.path().join("log.db-wal").exists());
    let at_the_close = std::fs::read(&path).unwrap();
    for refused in [
        left.append(append).await.map(drop),
        left.head().await.map(drop),
        left.wait_past(Position::START).await,
        follower.await.unwrap(),
    ] {
        let told = told(&refused.unwrap_err());
        assert!(told.contains("the store is closed"), "{told}");
    }
    left.close().await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), at_the_close);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    SqliteStore::open(&path)
        .await
        .unwrap()
        .close()
        .await
        .unwrap();
    Connection::open(&path)
        .unwrap()
        .execute_batch("PRAGMA user_version = 99")
        .unwrap();
    let error = SqliteStore::open(&path).await.unwrap_err();
    assert!(told(&error).contains("schema 99"), "{}", told(&error));
}

#[tokio::test]
async fn many_open_a_new_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let opened = (0..8).map(|_| SqliteStore::open(path.clone()));
    for store in futures_util::future::join_all(opened).await {
        store
            .unwrap()
            .append(Append::new(stream(1), Expected::Any, events(1)))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_store_may_wait_for_as_long_as_anybody_can_say() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteStore::options().busy_timeout(std::time::Duration::MAX);
    let store = options.open(folder.path().join("log.db")).await.unwrap();
    let append = Append::new(stream(1), Expected::Any, events(1));
    store.append(append).await.unwrap();
}

/// A database whose one event was spoilt by this statement, behind the triggers' back.
async fn spoilt(folder: &tempfile::TempDir, file: usize, sql: &str) -> SqliteStore {
    let path = folder.path().join(format!("{file}.db"));
    let store = SqliteStore::open(&path).await.unwrap();
    store
        .append(Append::new(stream(1), Expected::Any, events(1)))
        .await
        .unwrap();
    store.close().await.unwrap();
    let connection = Connection::open(&path).unwrap();
    let spoil = format!(
        "DROP TRIGGER events_are_never_changed; DROP TRIGGER streams_are_never_changed; \
         DROP TRIGGER names_are_never_changed; \
         PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF; {sql}"
    );
    connection.execute_batch(&spoil).unwrap();
    SqliteStore::open(&path).await.unwrap()
}

#[tokio::test]
async fn a_row_that_nobody_can_read_is_a_typed_error_that_names_its_place() {
    let folder = tempfile::tempdir().unwrap();
    for (file, (column, sql)) in [
        ("id", "UPDATE events SET id = x'0102'"),
        ("revision", "UPDATE events SET revision = -1"),
        ("name", "UPDATE names SET version = -1"),
        ("name", "UPDATE names SET version = 5000000000"),
        ("name", "UPDATE events SET name = 77"),
        (
            "recorded_at",
            "UPDATE events SET recorded_at = 9223372036854775807",
        ),
        (
            "effective_at",
            "UPDATE events SET effective_at = -9223372036854775808",
        ),
        ("payload", "UPDATE events SET payload = CAST(x'ff' AS TEXT)"),
        (
            "metadata",
            "UPDATE events SET metadata = CAST(x'ff' AS TEXT)",
        ),
        ("hash", "UPDATE events SET hash = x'0102'"),
        ("name", "UPDATE names SET name = CAST(x'ff' AS TEXT)"),
        ("stream", "UPDATE streams SET category = ''"),
        ("stream", "UPDATE streams SET id = CAST(x'ff' AS TEXT)"),
        ("stream", "UPDATE events SET stream = 77"),
    ]
    .into_iter()
    .enumerate()
    {
        let store = spoilt(&folder, file, sql).await;
        let error = store.read_log(LogQuery::all()).await.unwrap_err();
        assert!(matches!(error, StoreError::Backend(_)), "{sql}: {error:?}");
        let told = told(&error);
        assert!(told.contains(column), "{sql}: {told}");
        // Neither a stream's reader nor the writer panics over it.
        drop(store.read_stream(StreamQuery::forwards(stream(1))).await);
        drop(
            store
                .append(Append::new(stream(1), Expected::Any, events(1)))
                .await,
        );
        store.head().await.unwrap();
    }
}

#[tokio::test]
async fn a_payload_that_is_not_json_comes_back_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let store = spoilt(&folder, 0, "UPDATE events SET payload = 'no JSON'").await;
    let page = store.read_log(LogQuery::all()).await.unwrap();
    assert_eq!(page.events[0].payload.as_str(), "no JSON");
}

#[tokio::test]
async fn a_snapshot_that_nobody_can_read_is_a_typed_error() {
    let folder = tempfile::tempdir().unwrap();
    let sql = "INSERT INTO snapshots VALUES (1, 1, x'01', 1, 1, '{}')";
    let store = spoilt(&folder, 0, sql).await;
    let loaded = store.load_snapshot(&stream(1), Revision::FIRST).await;
    assert!(matches!(loaded, Err(StoreError::Backend(_))), "{loaded:?}");
}

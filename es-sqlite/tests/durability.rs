//! What is acknowledged is on the disk.

mod support;

use es_core::{Append, EventStore, Expected, LogQuery, Revision};
use es_sqlite::{Durability, SqliteStore};
use support::{events, stream};

#[tokio::test]
async fn a_database_is_written_through_to_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let store = SqliteStore::open(&path).await.unwrap();
    // The settings of the connection that writes are checked when it is opened; these stay with the file.
    let connection = rusqlite::Connection::open(&path).unwrap();
    let pragma = |name: &str| -> String {
        connection
            .query_row(&format!("PRAGMA {name}"), [], |row| {
                row.get_ref(0).map(|value| match value.as_str() {
                    Ok(text) => text.to_owned(),
                    Err(_) => value.as_i64().unwrap_or_default().to_string(),
                })
            })
            .unwrap()
    };
    assert_eq!(pragma("journal_mode"), "wal");
    assert_eq!(pragma("application_id"), 0x6573_0001.to_string());
    assert_eq!(pragma("user_version"), "1");
    drop(store);

    let options = SqliteStore::options().durability(Durability::Normal);
    let store = options.open(folder.path().join("other.db")).await.unwrap();
    let append = Append::new(stream(1), Expected::Any, events(1));
    assert_eq!(
        store.append(append).await.unwrap().revision(),
        Revision::FIRST
    );
}

#[tokio::test]
async fn an_append_is_in_the_log_file_before_it_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("log.db"))
        .await
        .unwrap();
    let wal = folder.path().join("log.db-wal");
    for number in 1..=5 {
        let before = std::fs::metadata(&wal).unwrap().modified().unwrap();
        let length = std::fs::metadata(&wal).unwrap().len();
        let append = Append::new(stream(number), Expected::NoStream, events(1));
        store.append(append).await.unwrap();
        let after = std::fs::metadata(&wal).unwrap();
        assert!(after.len() > length || after.modified().unwrap() > before);
    }
}

#[tokio::test]
async fn what_is_queued_is_written_when_the_store_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let mut appends: Vec<_> = (0..50)
        .map(|task| {
            Box::pin({
                let store = store.clone();
                async move {
                    store
                        .append(Append::new(stream(task), Expected::NoStream, events(2)))
                        .await
                }
            })
        })
        .collect();
    // Polled once: queued, and nobody waits for the answer.
    for append in &mut appends {
        assert!(futures_util::FutureExt::now_or_never(append).is_none());
    }
    let left = store.clone();
    store.close().await.unwrap();
    let late = left
        .append(Append::new(stream(99), Expected::Any, events(1)))
        .await;
    assert!(
        matches!(late, Err(es_core::StoreError::Unavailable(_))),
        "{late:?}"
    );
    drop((appends, left));
    let store = SqliteStore::open(&path).await.unwrap();
    let log = store.read_log(LogQuery::all()).await.unwrap().events;
    assert_eq!(log.len(), 100);
}

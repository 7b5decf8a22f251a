//! The hashes of a tamper-evident log are right, whoever appends and from whenever it is.

use es_core::{Append, EventStore, Expected, Revision, Verification};
use es_sqlite::SqliteStore;
use rusqlite::Connection;

use crate::support::{self, log, stream};
use crate::tampering::Database;
use crate::tampering::log::breaks;
use crate::{Sqlite, options};

#[tokio::test]
async fn a_log_is_hashed_by_whoever_appends_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    // Open before anybody asked for hashes.
    let plain = SqliteStore::open(&path).await.unwrap();
    let append = |number| Append::new(stream(number), Expected::Any, support::events(2));
    plain.append(append(1)).await.unwrap();
    let asked = options().open(&path).await.unwrap();
    plain.append(append(1)).await.unwrap();
    plain.append(append(2)).await.unwrap();
    asked.append(append(1)).await.unwrap();
    asked.append(append(2)).await.unwrap();
    let hashed: Vec<bool> = log(&plain)
        .await
        .iter()
        .map(|event| event.hash.is_some())
        .collect();
    assert_eq!(hashed[..2], [false; 2]);
    assert_eq!(hashed[2..], [true; 8]);
    let verification = Verification::of(&plain, &[]).await.unwrap();
    assert!(verification.is_clean(), "{verification}");
    assert_eq!(verification.unhashed(), 2);
    // Even by a program that knows nothing of hashes.
    let unhashed = Sqlite::insert(99, 99, "NULL");
    let refused = Connection::open(&path).unwrap().execute_batch(&unhashed);
    assert!(refused.unwrap_err().to_string().contains("are hashed"));
    assert_eq!(log(&plain).await.len(), 10);
}

#[tokio::test]
async fn a_log_of_the_first_schema_is_brought_up_to_date_and_hashed_when_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let append = || Append::new(stream(1), Expected::Any, support::events(3));
    store.append(append()).await.unwrap();
    let before = log(&store).await;
    store.close().await.unwrap();
    let first = "ALTER TABLE events DROP COLUMN hash; DROP TABLE tamper_evidence; DROP TABLE inline_projections; PRAGMA user_version = 1";
    Connection::open(&path)
        .unwrap()
        .execute_batch(first)
        .unwrap();
    let store = options().open(&path).await.unwrap();
    assert_eq!(log(&store).await, before);
    let appended = store.append(append()).await.unwrap();
    assert_eq!(appended.revision(), Revision::new(6));
    let verification = Verification::of(&store, &[]).await.unwrap();
    assert!(verification.is_clean(), "{verification}");
    assert_eq!((verification.events(), verification.unhashed()), (6, 3));
    // It tells what was changed of what it hashed, and nothing of what it didn't.
    store.close().await.unwrap();
    let edit = "DROP TRIGGER events_are_never_changed; UPDATE events SET payload = '[]' WHERE position IN (2, 5)";
    Connection::open(&path)
        .unwrap()
        .execute_batch(edit)
        .unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    let verification = Verification::of(&store, &[]).await.unwrap();
    assert_eq!(breaks(&verification), ["task/1 5: changed"]);
}

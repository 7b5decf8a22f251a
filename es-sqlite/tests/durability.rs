//! What is acknowledged is on the disk.

mod support;

use std::process::{Command, Stdio};

use es_core::{Append, EventStore, Expected, LogQuery, Revision};
use es_sqlite::{Durability, SqliteStore};
use support::{child, events, stream};

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
    assert_eq!(pragma("user_version"), "3");
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

/// Appends one after the other.
#[tokio::main]
async fn append_singly(path: &str, durability: Durability) {
    let options = SqliteStore::options().durability(durability);
    let store = options.open(path).await.unwrap();
    for number in 0..APPENDS {
        let append = Append::new(stream(number), Expected::NoStream, events(1));
        store.append(append).await.unwrap();
    }
    // Closing isn't what is counted.
    std::process::exit(0);
}

const APPENDS: u64 = 100;

/// How often a child that appends asks the system to write through to the disk.
fn syncs(name: &str, durability: &str) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let path = folder.path().join(durability);
    let status = Command::new("strace")
        .args(["-f", "-qq", "-e", "trace=fsync,fdatasync", "-o"])
        .arg(&trace)
        .arg(std::env::current_exe().unwrap())
        .args([name, "--exact", "--include-ignored", "--test-threads=1"])
        .env(support::CHILD, path)
        .stdout(Stdio::null())
        .status();
    assert!(status.expect("`strace` isn't on this machine").success());
    let trace = std::fs::read_to_string(trace).unwrap();
    let called = |line: &&str| line.contains("sync(") && !line.contains("resumed");
    trace.lines().filter(called).count() as u64
}

#[test]
#[ignore = "needs `strace`, and a system that lets it look"]
fn a_commit_is_written_through_once_and_by_normal_durability_at_checkpoints_alone() {
    let name = "a_commit_is_written_through_once_and_by_normal_durability_at_checkpoints_alone";
    match child() {
        Some(path) if path.ends_with("full") => append_singly(&path, Durability::Full),
        Some(path) => append_singly(&path, Durability::Normal),
        None => {}
    }
    let (full, normal) = (syncs(name, "full"), syncs(name, "normal"));
    println!("{APPENDS} appends: {full} syncs, {normal} by normal durability");
    assert!(full >= APPENDS, "a commit isn't written through");
    assert!(full < 2 * APPENDS, "a commit is written through twice");
    assert!(normal < APPENDS / 2);
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

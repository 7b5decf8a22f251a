//! Several processes and several handles on one file.

mod support;

use std::collections::HashSet;
use std::process::{Command, Stdio};
use std::time::Duration;

use es_core::{
    Append, Checkpoint, EventStore, Expected, Filter, Position, Revision, StoreError, Subscription,
};
use es_sqlite::SqliteStore;
use support::{child, events, log, stream};

const APPENDS: u64 = 300;

/// Four tasks append to streams that both processes share.
#[tokio::main]
async fn append_some(path: &str) {
    let store = SqliteStore::open(path).await.unwrap();
    let tasks: Vec<_> = (0..4)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..APPENDS / 4 {
                    let append = Append::new(stream(task), Expected::Any, events(2));
                    store.append(append).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    store.close().await.unwrap();
}

#[test]
fn two_processes_append_and_a_follower_sees_all_in_order() {
    if let Some(path) = child() {
        return append_some(&path);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = runtime.block_on(SqliteStore::open(&path)).unwrap();
    let mut children: Vec<_> = (0..2)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args([
                    "two_processes_append_and_a_follower_sees_all_in_order",
                    "--exact",
                ])
                .env(support::CHILD, &path)
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    let expected = usize::try_from(2 * APPENDS * 2).unwrap();
    let followed = runtime.block_on(async {
        let mut subscription =
            Subscription::new(store.clone(), Filter::all(), Checkpoint::START).page_size(17);
        let mut followed = Vec::new();
        while followed.len() < expected {
            let next = tokio::time::timeout(Duration::from_mins(1), subscription.next());
            followed.extend(next.await.expect("the follower is stuck").unwrap().event());
        }
        followed
    });
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(followed, runtime.block_on(log(&store)));
    let ids: HashSet<_> = followed.iter().map(|event| event.envelope.id).collect();
    assert_eq!(ids.len(), expected);
    assert!(followed.is_sorted_by(|one, next| one.position < next.position));
}

#[tokio::test]
async fn a_handle_sees_and_respects_what_another_appended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let one = SqliteStore::open(&path).await.unwrap();
    let other = SqliteStore::open(&path).await.unwrap();
    for number in 0..10 {
        let (writer, second) = if number % 2 == 0 {
            (&one, &other)
        } else {
            (&other, &one)
        };
        let exact = Expected::Exact(Revision::new(number));
        let append = || Append::new(stream(1), exact, events(1));
        let appended = writer.append(append()).await.unwrap();
        assert_eq!(appended.position().number(), number + 1);
        let refused = second.append(append()).await.unwrap_err();
        let StoreError::Conflict(conflict) = refused else {
            panic!("{refused}");
        };
        assert_eq!(conflict.actual, Revision::new(number + 1));
    }
    assert_eq!(log(&one).await, log(&other).await);
}

#[tokio::test]
async fn a_waiting_subscriber_wakes_for_another_handle_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let one = SqliteStore::open(&path).await.unwrap();
    let other = SqliteStore::open(&path).await.unwrap();
    let waiting = tokio::spawn(async move { one.wait_past(Position::START).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished());
    other
        .append(Append::new(stream(1), Expected::Any, events(1)))
        .await
        .unwrap();
    let woken = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    woken.expect("it sleeps on").unwrap().unwrap();
}

#[tokio::test]
async fn an_append_that_meets_a_lock_is_unavailable_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let options = SqliteStore::options().busy_timeout(Duration::from_millis(50));
    let store = options.open(&path).await.unwrap();
    let neighbour = rusqlite::Connection::open(&path).unwrap();
    neighbour.execute_batch("BEGIN IMMEDIATE").unwrap();
    let append = Append::new(stream(1), Expected::Any, events(1));
    let refused = store.append(append.clone()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
    assert_eq!(store.head().await.unwrap(), Position::START);
    neighbour.execute_batch("ROLLBACK").unwrap();
    assert_eq!(
        store.append(append).await.unwrap().revision(),
        Revision::FIRST
    );
}

#[test]
fn a_new_file_may_be_opened_by_several_processes_at_once() {
    let name = "a_new_file_may_be_opened_by_several_processes_at_once";
    if let Some(path) = child() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return drop(runtime.block_on(SqliteStore::open(path)).unwrap());
    }
    for round in 0..40 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let children: Vec<_> = (0..6)
            .map(|_| {
                Command::new(std::env::current_exe().unwrap())
                    .args([name, "--exact"])
                    .env(support::CHILD, &path)
                    .stdout(Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for mut child in children {
            assert!(child.wait().unwrap().success(), "in round {round}");
        }
    }
}

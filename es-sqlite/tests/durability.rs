//! What is acknowledged is on the disk: by its settings, and after `kill -9` in the middle of it.

mod support;

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use es_core::{Append, EventStore, Expected, LogQuery, Revision, StreamId};
use es_sqlite::{Durability, SqliteStore};
use support::{child, events, log, stream};

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

/// Eight tasks append without end, three events each time, and say so.
#[tokio::main]
async fn append_without_end(path: &str) {
    let store = SqliteStore::open(path).await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0_u64.. {
                    let events = events(3);
                    let id = events[0].id;
                    println!("begin {task} {number}");
                    let append = Append::new(stream(task), Expected::Any, events);
                    let appended = store.append(append).await.unwrap();
                    println!("done {task} {number} {id} {}", appended.revision());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[test]
fn an_acknowledged_append_survives_kill_9_and_none_is_torn() {
    if let Some(path) = child() {
        append_without_end(&path);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let name = "an_acknowledged_append_survives_kill_9_and_none_is_torn";
    let (mut acknowledged, mut inside) = (Vec::new(), 0);
    for round in 0..20 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture", "--test-threads=1"])
            .env(support::CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let (mut done, mut begun) = (0, HashMap::new());
        let mut take = |line: String, done: &mut usize| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            match words[0].as_str() {
                "begin" => drop(begun.insert(words[1].clone(), words[2].clone())),
                "done" => {
                    *done += 1;
                    begun.remove(&words[1]);
                    acknowledged.push((words[1].clone(), words[3].clone(), words[4].clone()));
                }
                _ => {}
            }
            begun.len()
        };
        // Another moment in each round.
        let mut left = 0;
        while done < 100 + 7 * round {
            let line = lines.next().expect("the victim ended by itself").unwrap();
            left = take(line, &mut done);
        }
        victim.kill().unwrap();
        victim.wait().unwrap();
        // What it said before it died is in the pipe; its last line may be cut off.
        for line in lines.map_while(Result::ok) {
            if line.split(' ').count() == if line.starts_with("done") { 5 } else { 3 } {
                left = take(line, &mut done);
            }
        }
        inside += usize::from(left > 0);
    }
    assert!(
        inside >= 10,
        "only {inside} of 20 kills met an append under way"
    );

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let log = runtime.block_on(async {
        let store = SqliteStore::open(&path).await.unwrap();
        log(&store).await
    });
    let by_id: HashMap<_, _> = log
        .iter()
        .map(|event| (event.envelope.id.to_string(), event))
        .collect();
    for (task, id, revision) in &acknowledged {
        let event = by_id
            .get(id)
            .unwrap_or_else(|| panic!("{id} was acknowledged and is gone"));
        assert_eq!(event.envelope.stream.id(), task);
        assert_eq!(
            (event.envelope.revision.number() + 2).to_string(),
            *revision
        );
    }
    let mut revisions: HashMap<&StreamId, u64> = HashMap::new();
    for (position, event) in (1..).zip(&log) {
        assert_eq!(event.position.number(), position);
        let revision = revisions.entry(&event.envelope.stream).or_default();
        *revision += 1;
        assert_eq!(event.envelope.revision.number(), *revision);
    }
    // Three events to an append, all or none.
    assert!(revisions.values().all(|revision| revision % 3 == 0));
    for append in log.chunks(3) {
        let numbers: Vec<&str> = append.iter().map(|event| event.payload.as_str()).collect();
        assert_eq!(
            numbers,
            ["{\"number\":0}", "{\"number\":1}", "{\"number\":2}"]
        );
    }
    println!(
        "{} appends acknowledged, {inside} of 20 kills inside one",
        acknowledged.len()
    );
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

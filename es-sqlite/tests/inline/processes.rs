use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Stdio};

use es_core::EventStore;

use crate::domain::{Addresses, in_log, in_table, is_taken, options, register};

const CHILD: &str = "ES_SQLITE_INLINE_CHILD";

/// Four writers that all want the same addresses; what they got is told.
#[tokio::main]
async fn register_some(path: &str) {
    let store = options().inline(Addresses).open(path).await.unwrap();
    let writers = (0..4).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0..100 {
                let user = format!("{}-{writer}-{number}", std::process::id());
                match store
                    .append(register(&user, &format!("{number}@b.c")))
                    .await
                {
                    Ok(_) => println!("got {number}@b.c"),
                    refused => is_taken(refused),
                }
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

fn child(test: &str, path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, path)
        .stdout(Stdio::piped());
    command
}

#[test]
fn each_address_is_got_by_one_of_eight_writers_in_two_processes() {
    if let Ok(path) = std::env::var(CHILD) {
        return register_some(&path);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let test = "processes::each_address_is_got_by_one_of_eight_writers_in_two_processes";
    let children: Vec<_> = (0..2)
        .map(|_| child(test, &path).spawn().unwrap())
        .collect();
    let mut got = Vec::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let said = String::from_utf8(output.stdout).unwrap();
        // The test runner's own words may stand before the first.
        let lines = said.lines().filter_map(|line| line.split_once("got "));
        got.extend(lines.map(|(_, email)| email.to_owned()));
    }
    let distinct: HashSet<_> = got.iter().collect();
    assert_eq!((got.len(), distinct.len()), (100, 100));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = runtime.block_on(options().open(&path)).unwrap();
    let in_log = runtime.block_on(in_log(&store));
    assert_eq!(in_log.len(), 100);
    assert_eq!(in_table(&path), in_log);
}

/// Registers without end.
#[tokio::main]
async fn register_without_end(path: &str) {
    let store = options().inline(Addresses).open(path).await.unwrap();
    println!("begun");
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0_u64.. {
                    let user = format!("{}-{writer}-{number}", std::process::id());
                    store
                        .append(register(&user, &format!("{user}@b.c")))
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

#[test]
fn a_crash_leaves_both_the_events_and_what_was_made_of_them_or_neither() {
    if let Ok(path) = std::env::var(CHILD) {
        return register_without_end(&path);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = runtime.block_on(options().open(&path)).unwrap();
    let test = "processes::a_crash_leaves_both_the_events_and_what_was_made_of_them_or_neither";
    for round in 1..=20 {
        let before = runtime.block_on(store.head()).unwrap();
        let mut victim = child(test, &path).spawn().unwrap();
        while runtime.block_on(store.head()).unwrap().number() < before.number() + 20 + round {
            assert!(victim.try_wait().unwrap().is_none(), "it has ended");
            std::thread::yield_now();
        }
        victim.kill().unwrap();
        victim.wait().unwrap();
        let in_log = runtime.block_on(in_log(&store));
        assert_eq!(in_table(&path), in_log, "in round {round}");
    }
}

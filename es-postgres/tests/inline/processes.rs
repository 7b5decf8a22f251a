use std::collections::HashSet;
use std::process::Stdio;
use std::time::Duration;

use es_core::EventStore;
use es_servers::needs_postgres;

use crate::domain::{in_log, is_exact, is_taken, open, register, with};
use crate::support::{Database, sound};

/// Four writers that all want the same addresses; what they got is told.
#[tokio::main]
async fn register_some(database: &Database) {
    let store = open(database, with(database)).await;
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

/// Registers without end.
#[tokio::main]
async fn register_without_end(database: &Database) {
    let store = open(database, with(database)).await;
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

needs_postgres! {
    #[test]
    fn each_address_is_got_by_one_of_eight_writers_in_two_processes() {
        if let Some(database) = Database::from_parent() {
            return register_some(&database);
        }
        let database = Database::shared();
        let test = "processes::each_address_is_got_by_one_of_eight_writers_in_two_processes";
        let child = || database.child(test).stdout(Stdio::piped()).spawn().unwrap();
        let children = [child(), child()];
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
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let store = open(&database, database.options()).await;
            assert_eq!(in_log(&store).await.len(), 100);
            is_exact(&database, &store).await;
        });
    }

    #[test]
    fn a_crash_leaves_both_the_events_and_what_was_made_of_them_or_neither() {
        if let Some(database) = Database::from_parent() {
            return register_without_end(&database);
        }
        let database = Database::shared();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let store = runtime.block_on(open(&database, database.options()));
        let test = "processes::a_crash_leaves_both_the_events_and_what_was_made_of_them_or_neither";
        for round in 1..=20 {
            let before = runtime.block_on(store.head()).unwrap();
            let mut victim = database.child(test).stdout(Stdio::null()).spawn().unwrap();
            while runtime.block_on(store.head()).unwrap().number() < before.number() + 20 + round {
                assert!(victim.try_wait().unwrap().is_none(), "it has ended");
                std::thread::sleep(Duration::from_millis(1));
            }
            victim.kill().unwrap();
            victim.wait().unwrap();
            // One statement sees both, also while the server finishes what the victim left.
            let differ = format!(
                "SELECT (SELECT count(*) FROM {schema}.events) - (SELECT count(*) FROM {schema}.addresses) \
                 + (SELECT count(*) FROM {schema}.events e WHERE NOT EXISTS (SELECT FROM {schema}.addresses a \
                 WHERE a.email = e.payload::json ->> 'email' AND a.position = e.position))",
                schema = database.schema()
            );
            let differ: i64 = runtime.block_on(async {
                let client = database.client().await;
                client.query_one(&differ, &[]).await.unwrap().get(0)
            });
            assert_eq!(differ, 0, "in round {round}");
        }
        runtime.block_on(sound(&store));
    }
}

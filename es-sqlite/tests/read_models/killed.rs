use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use es_core::Runner;
use es_sqlite::{SqliteReadModels, SqliteStore};

use crate::domain::{Bench, Totals, count, position, soon};

const CHILD: &str = "ES_SQLITE_KILLED_CHILD";
const LEASE: Duration = Duration::from_millis(30);

/// Runs the projection until it is killed.
#[tokio::main]
async fn run_as_child(folder: &str) {
    let store = SqliteStore::open(format!("{folder}/log.db")).await.unwrap();
    let models = SqliteReadModels::open(format!("{folder}/models.db")).await;
    let models = models.unwrap().lease(LEASE);
    let runner = Runner::new(store, models.projection(Totals::default())).batch(50);
    println!("begun");
    runner.run().await.unwrap();
}

#[test]
fn a_runner_that_is_killed_50_times_among_writers_makes_the_same_read_model() {
    if let Ok(folder) = std::env::var(CHILD) {
        return run_as_child(&folder);
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let bench = runtime.block_on(Bench::new());
    let ended = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..8_i64)
        .map(|writer| {
            let (store, ended) = (bench.store.clone(), Arc::clone(&ended));
            runtime.spawn(async move {
                let mut number = 0;
                while !ended.load(Ordering::SeqCst) {
                    number += 1;
                    let by = if number % 13 == 0 { 1 } else { number % 13 };
                    count(&store, &(writer % 3).to_string(), &[by]).await;
                    // Enough for the runner to be busy at any time, and not more than it can take.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            })
        })
        .collect();
    let mut moved = 0;
    for round in 0..50_u64 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args([
                "killed::a_runner_that_is_killed_50_times_among_writers_makes_the_same_read_model",
            ])
            .args(["--exact", "--nocapture", "--test-threads=1"])
            .env(CHILD, bench.folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        while !lines
            .next()
            .expect("the victim has ended")
            .unwrap()
            .ends_with("begun")
        {}
        let before = position(&bench.file(), 1);
        // Every other one while it takes charge or catches up, the rest when they have begun to commit; and somewhere
        // else in each round.
        while round % 2 == 0 && position(&bench.file(), 1) == before {
            std::thread::yield_now();
        }
        let micros = (round * 7_919) % 50 * 1_000;
        std::thread::sleep(Duration::from_micros(micros));
        victim.kill().unwrap();
        victim.wait().unwrap();
        moved += usize::from(position(&bench.file(), 1) > before);
    }
    ended.store(true, Ordering::SeqCst);
    runtime.block_on(async {
        for writer in writers {
            soon(writer).await.unwrap();
        }
        let models = bench.models().await.lease(LEASE);
        let runner = Runner::new(bench.store.clone(), models.projection(Totals::default()));
        let handle = runner.handle();
        let running = tokio::spawn(runner.run());
        soon(handle.wait_for_head()).await.unwrap();
        soon(handle.shutdown()).await;
        running.await.unwrap().unwrap();
        let folded = bench.folded().await;
        let events: i64 = folded.values().map(|(_, events)| events).sum();
        println!("{events} events, {moved} of 50 victims had committed");
        assert_eq!(bench.sums(), folded);
    });
    assert!(
        moved >= 25,
        "only {moved} of 50 victims had committed anything"
    );
}

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use es_core::Runner;
use es_servers::needs_postgres;
use tokio::runtime::Runtime;

use crate::domain::{Bench, Place, count, soon};
use crate::entries::{First, is_exact, rows};

const LEASE: Duration = Duration::from_millis(60);
const KILLS: u64 = 24;
const TEST: &str = "killed::processes_that_share_the_partitions_are_killed_among_writers_and_the_read_model_is_exact";

/// Runs what it gets of the partitions until it is killed.
#[tokio::main]
async fn run_as_child(place: &Place) {
    let models = place.models().await.lease(LEASE);
    let projection = models.projection(First::default()).partitions(4).at_most(2);
    let runner = Runner::new(place.store().await, projection).batch(20);
    println!("begun");
    runner.run().await.unwrap();
}

/// A process that runs this test as a child, and has said that it begins.
fn victim(bench: &Bench) -> Child {
    let mut command = bench.place().child(TEST, "run");
    let mut victim = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    while !lines
        .next()
        .expect("the victim has ended")
        .unwrap()
        .ends_with("begun")
    {}
    victim
}

needs_postgres! {
    #[test]
    fn processes_that_share_the_partitions_are_killed_among_writers_and_the_read_model_is_exact() {
        if let Some((place, _)) = Place::from_parent() {
            return run_as_child(&place);
        }
        let runtime = Runtime::new().unwrap();
        let bench = runtime.block_on(Bench::new());
        let ended = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..8).map(|writer| {
            let (store, ended) = (bench.store.clone(), Arc::clone(&ended));
            runtime.spawn(async move {
                let mut round = 0;
                while !ended.load(Ordering::SeqCst) {
                    round += 1;
                    count(&store, &((writer + round) % 20).to_string(), &[1]).await;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            })
        }).collect();
        let positions = || runtime.block_on(async { rows(&bench, 1).await.into_iter().map(|row| row.0).collect::<Vec<_>>() });
        let mut victims = [victim(&bench), victim(&bench)];
        let mut moved = 0;
        for round in 0..KILLS {
            let before = positions();
            // Half of the kills come when what was done can be seen, the others earlier.
            while round.is_multiple_of(2) && positions() == before {
                std::thread::yield_now();
            }
            std::thread::sleep(Duration::from_millis((round * 7_919) % 50));
            // One of the two, and the other goes on.
            let place = usize::from(round % 4 > 1);
            victims[place].kill().unwrap();
            victims[place].wait().unwrap();
            moved += usize::from(positions() != before);
            victims[place] = victim(&bench);
        }
        for victim in &mut victims {
            victim.kill().unwrap();
            victim.wait().unwrap();
        }
        runtime.block_on(async {
            ended.store(true, Ordering::SeqCst);
            for writer in writers {
                soon(writer).await.unwrap();
            }
            let models = bench.models().await.lease(LEASE);
            let projection = models.projection(First::default()).partitions(4);
            let runner = Runner::new(bench.store.clone(), projection);
            let handle = runner.handle();
            let running = tokio::spawn(runner.run());
            soon(handle.wait_for_head()).await.unwrap();
            soon(handle.shutdown()).await;
            running.await.unwrap().unwrap();
            is_exact(&bench, 1).await;
        });
        assert!(moved >= 12, "only in {moved} of {KILLS} rounds something was done");
    }
}

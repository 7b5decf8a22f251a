use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use es_core::Runner;
use es_servers::needs_postgres;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::domain::{Bench, Place, Totals, count, soon};

const LEASE: Duration = Duration::from_millis(30);
const KILLS: u64 = 50;

/// Eight tasks that append until they are ended.
struct Writers {
    ended: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Writers {
    fn start(runtime: &Runtime, bench: &Bench) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let tasks = (0..8_i64).map(|writer| {
            let (store, ended) = (bench.store.clone(), Arc::clone(&ended));
            runtime.spawn(async move {
                let mut number = 0;
                while !ended.load(Ordering::SeqCst) {
                    number += 1;
                    let by = if number % 13 == 0 { 1 } else { number % 13 };
                    count(&store, &(writer % 3).to_string(), &[by]).await;
                    // Enough for the runner to be busy at any time, and not more than it can take.
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            })
        });
        let tasks = tasks.collect();
        Self { ended, tasks }
    }

    async fn end(self) {
        self.ended.store(true, Ordering::SeqCst);
        for task in self.tasks {
            soon(task).await.unwrap();
        }
    }
}

/// A process that runs this test as a child, and has said that it begins.
fn victim(bench: &Bench, test: &str) -> Child {
    let mut command = bench.place().child(test, "run");
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

/// Runs the projection until it is killed.
#[tokio::main]
async fn run_as_child(place: &Place) {
    let models = place.models().await.lease(LEASE);
    let runner = Runner::new(place.store().await, models.projection(Totals::default())).batch(50);
    println!("begun");
    runner.run().await.unwrap();
}

needs_postgres! {
    #[test]
    fn a_runner_that_is_killed_50_times_among_writers_makes_the_same_read_model() {
        if let Some((place, _)) = Place::from_parent() {
            return run_as_child(&place);
        }
        let runtime = Runtime::new().unwrap();
        let bench = runtime.block_on(Bench::new());
        let position = || runtime.block_on(bench.position(1));
        let writers = Writers::start(&runtime, &bench);
        let mut moved = 0;
        for round in 0..KILLS {
            let name = "killed::a_runner_that_is_killed_50_times_among_writers_makes_the_same_read_model";
            let mut victim = victim(&bench, name);
            let before = position();
            // Somewhere else in each round: every other one while it takes charge or catches up, the rest when what it
            // has done can be seen.
            while round.is_multiple_of(2) && position() == before {
                std::thread::yield_now();
            }
            std::thread::sleep(Duration::from_millis((round * 7_919) % 50));
            victim.kill().unwrap();
            victim.wait().unwrap();
            moved += usize::from(position() > before);
        }
        runtime.block_on(async {
            writers.end().await;
            let models = bench.models().await.lease(LEASE);
            let runner = Runner::new(bench.store.clone(), models.projection(Totals::default()));
            let handle = runner.handle();
            let running = tokio::spawn(runner.run());
            soon(handle.wait_for_head()).await.unwrap();
            soon(handle.shutdown()).await;
            running.await.unwrap().unwrap();
            bench.is_exact().await;
            let events = bench.number("SELECT sum(events)::bigint FROM totals").await;
            println!("{events} events, {moved} of {KILLS} victims had committed");
        });
        assert!(moved >= 25, "only {moved} of {KILLS} victims had committed");
    }
}

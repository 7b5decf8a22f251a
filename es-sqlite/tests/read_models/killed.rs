use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use es_core::{
    Apply, EventStore, Fold, InMemory, LogQuery, Projection, Recorded, Runner, StateStore,
};
use es_sqlite::{SqliteReadModels, SqliteStore};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::domain::{Bench, Counted, Totals, count, position, soon};

const CHILD: &str = "ES_SQLITE_KILLED_CHILD";
const LEASE: Duration = Duration::from_millis(30);

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
                    tokio::time::sleep(Duration::from_millis(1)).await;
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
fn victim(test: &str, folder: &Path) -> Child {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, folder)
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
    victim
}

/// Kills it, somewhere else in each round: every other one while it takes charge or catches up, the rest when what it
/// has done can be seen.
fn kill(mut victim: Child, round: u64, mut has_moved: impl FnMut() -> bool) {
    while round.is_multiple_of(2) && !has_moved() {
        std::thread::yield_now();
    }
    let micros = (round * 7_919) % 50 * 1_000;
    std::thread::sleep(Duration::from_micros(micros));
    victim.kill().unwrap();
    victim.wait().unwrap();
}

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
    let runtime = Runtime::new().unwrap();
    let bench = runtime.block_on(Bench::new());
    let writers = Writers::start(&runtime, &bench);
    let mut moved = 0;
    for round in 0..50 {
        let name =
            "killed::a_runner_that_is_killed_50_times_among_writers_makes_the_same_read_model";
        let victim = victim(name, bench.folder.path());
        let before = position(&bench.file(), 1);
        kill(victim, round, || position(&bench.file(), 1) > before);
        moved += usize::from(position(&bench.file(), 1) > before);
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
        let folded = bench.folded().await;
        let events: i64 = folded.values().map(|(_, events)| events).sum();
        println!("{events} events, {moved} of 50 victims had committed");
        assert_eq!(bench.sums(), folded);
    });
    assert!(moved >= 25, "only {moved} of 50 victims had committed");
}

/// The same sums, kept in memory and saved.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Projection)]
#[projection(name = "sums", version = 1)]
#[event(Counted)]
struct Sums(BTreeMap<String, (i64, i64)>);

impl Apply<Recorded<Counted>> for Sums {
    fn apply(&mut self, counted: Recorded<Counted>) {
        let (total, events) = self.0.entry(counted.stream.id().to_owned()).or_default();
        (*total, *events) = (*total + counted.by, *events + 1);
    }
}

/// Folds and saves until it is killed.
#[tokio::main]
async fn save_as_child(folder: &str) {
    let store = SqliteStore::open(format!("{folder}/log.db")).await.unwrap();
    let models = SqliteReadModels::open(format!("{folder}/models.db")).await;
    let projection = InMemory::<Sums>::new().saved_in(models.unwrap());
    println!("begun");
    let projection = projection.save_every(Duration::from_millis(3));
    Runner::new(store, projection).run().await.unwrap();
}

#[test]
fn a_saved_state_is_what_the_log_says_up_to_its_position_whenever_its_process_is_killed() {
    if let Ok(folder) = std::env::var(CHILD) {
        return save_as_child(&folder);
    }
    let runtime = Runtime::new().unwrap();
    let bench = runtime.block_on(Bench::new());
    let models = runtime.block_on(bench.models());
    let saved = || runtime.block_on(models.load_state("sums", 1)).unwrap();
    let place = || saved().map(|saved| saved.checkpoint.position);
    let writers = Writers::start(&runtime, &bench);
    let mut moved = 0;
    for round in 0..20 {
        let name = "killed::a_saved_state_is_what_the_log_says_up_to_its_position_whenever_its_process_is_killed";
        let victim = victim(name, bench.folder.path());
        let before = place();
        kill(victim, round, || place() > before);
        moved += usize::from(place() > before);
        let Some(saved) = saved() else { continue };
        let query = LogQuery::all()
            .until(saved.checkpoint.position)
            .limit(usize::MAX);
        let mut folded = Sums::default();
        for event in runtime
            .block_on(bench.store.read_log(query))
            .unwrap()
            .events
        {
            folded.fold(&event).unwrap();
        }
        let state: Sums = serde_json::from_str(saved.state.as_str()).unwrap();
        assert_eq!(state, folded, "in round {round}");
    }
    runtime.block_on(writers.end());
    assert!(moved >= 10, "only {moved} of 20 victims had saved");
}

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use es_core::{Begun, Consumer, Phase, Position, Runner, RunnerHandle};
use es_servers::needs_postgres;
use futures_util::StreamExt;
use tokio::runtime::Runtime;

use crate::domain::{At99, Bench, Place, Totals, WAITS, soon};
use crate::support::until;

const LEASE: Duration = Duration::from_millis(300);
/// That of a process which nobody is to take over.
const LONGER: Duration = Duration::from_secs(2);

/// Runs the projection, and says which phase it is in.
#[tokio::main]
async fn run_as_child(place: &Place, task: &str) {
    let lease = if task == "waits long" { LONGER } else { LEASE };
    let models = place.models().await.lease(lease);
    let at_99 = match task {
        "waits" | "waits long" => At99::WaitsAndCounts,
        "sleeps" => At99::CountsAndSleeps,
        _ => At99::Counts,
    };
    let totals = Totals {
        at_99,
        ..Totals::default()
    };
    // Each event by itself, so that a 99 is met with nothing else in its transaction.
    let runner = Runner::new(place.store().await, models.projection(totals)).batch(1);
    let handle = runner.handle();
    tokio::spawn(runner.run());
    let mut changes = handle.changes();
    let mut last = None;
    while let Some(status) = changes.next().await {
        if last.replace(status.phase) != Some(status.phase) {
            println!("phase {:?}", status.phase);
        }
    }
}

/// A process that runs the projection, and what it says.
struct Other {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Other {
    fn start(bench: &Bench, test: &str, task: &str) -> Self {
        let mut command = bench.place().child(&format!("stopped::{test}"), task);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn says(&mut self, phase: Phase) {
        let wanted = format!("phase {phase:?}");
        while !self
            .lines
            .next()
            .expect("the child has ended")
            .unwrap()
            .ends_with(&wanted)
        {}
    }

    fn signal(&self, signal: &str) {
        let command = format!("kill -{signal} {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &command]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A runner of this process, that stands by until the other one's lease runs out.
async fn stand_by(bench: &Bench) -> RunnerHandle {
    let models = bench.models().await.lease(LEASE);
    let runner = Runner::new(bench.store.clone(), models.projection(Totals::default()));
    let handle = runner.handle();
    tokio::spawn(runner.run());
    handle
}

needs_postgres! {
    #[test]
    fn a_stopped_process_is_taken_over_and_makes_no_move_when_it_wakes() {
        if let Some((place, task)) = Place::from_parent() {
            return run_as_child(&place, &task);
        }
        let runtime = Runtime::new().unwrap();
        let bench = runtime.block_on(Bench::new());
        runtime.block_on(bench.count("a", &[1, 2, 3]));
        let mut other = Other::start(
            &bench,
            "a_stopped_process_is_taken_over_and_makes_no_move_when_it_wakes",
            "counts",
        );
        other.says(Phase::Live);
        // It waits for events, and holds no transaction.
        other.signal("STOP");
        let handle = runtime.block_on(async {
            let handle = stand_by(&bench).await;
            let head = bench.count("a", &[4, 5]).await;
            soon(handle.wait_for(head)).await.unwrap();
            bench.is_exact().await;
            handle
        });
        other.signal("CONT");
        // Its next commit is refused, and it stands by.
        other.says(Phase::Standby);
        runtime.block_on(async {
            let head = bench.count("b", &[6, 7]).await;
            soon(handle.wait_for(head)).await.unwrap();
            bench.is_exact().await;
            soon(handle.shutdown()).await;
        });
        // It takes over again, as this one has let go.
        other.says(Phase::Live);
    }

    #[test]
    fn a_process_that_is_stopped_inside_a_transaction_is_refused_when_it_wakes() {
        if let Some((place, task)) = Place::from_parent() {
            return run_as_child(&place, &task);
        }
        let runtime = Runtime::new().unwrap();
        let bench = runtime.block_on(Bench::new());
        runtime.block_on(async {
            bench.lock().await;
            bench.count("a", &[1, 2, 99]).await;
        });
        let mut other = Other::start(
            &bench,
            "a_process_that_is_stopped_inside_a_transaction_is_refused_when_it_wakes",
            "waits",
        );
        let handle = runtime.block_on(async {
            // It waits inside: the database works for it, and then waits for its next word.
            until(&bench.place().client().await, WAITS).await;
            other.signal("STOP");
            let handle = stand_by(&bench).await;
            soon(handle.wait_for_head()).await.unwrap();
            bench.is_exact().await;
            bench.unlock().await;
            handle
        });
        other.signal("CONT");
        other.says(Phase::Standby);
        runtime.block_on(async {
            let head = bench.count("b", &[6, 7]).await;
            soon(handle.wait_for(head)).await.unwrap();
            bench.is_exact().await;
        });
    }

    #[test]
    fn a_process_whose_batch_takes_longer_than_the_lease_stays_in_charge() {
        if let Some((place, task)) = Place::from_parent() {
            return run_as_child(&place, &task);
        }
        let runtime = Runtime::new().unwrap();
        let bench = runtime.block_on(Bench::new());
        runtime.block_on(async {
            bench.lock().await;
            bench.count("a", &[1, 2, 99]).await;
        });
        let mut other = Other::start(
            &bench,
            "a_process_whose_batch_takes_longer_than_the_lease_stays_in_charge",
            "waits long",
        );
        runtime.block_on(async {
            let client = bench.place().client().await;
            until(&client, WAITS).await;
            let models = bench.models().await.lease(LONGER);
            let mut one = models.projection(Totals::default());
            let lease = "SELECT extract(epoch FROM lease_until)::float8 FROM es_projections";
            let first: f64 = client.query_one(lease, &[]).await.unwrap().get(0);
            let batch = "SELECT extract(epoch FROM xact_start)::float8 FROM pg_stat_activity \
                         WHERE application_name = current_schema() AND wait_event_type = 'Lock'";
            let begun_at: f64 = client.query_one(batch, &[]).await.unwrap().get(0);
            let mut last = first;
            while last < first + LONGER.as_secs_f64() {
                let renewed = format!("SELECT extract(epoch FROM lease_until)::float8 > {last} FROM es_projections");
                until(&client, &renewed).await;
                let begun = one.begin().await.unwrap();
                assert!(matches!(begun, Begun::Held { .. }), "{begun:?}");
                last = client.query_one(lease, &[]).await.unwrap().get(0);
            }
            // All of that was one batch.
            let still: f64 = client.query_one(batch, &[]).await.unwrap().get(0);
            assert_eq!((still, bench.position(1).await), (begun_at, Some(2)));
            bench.unlock().await;
        });
        other.says(Phase::Live);
        runtime.block_on(async {
            until(&bench.place().client().await, "SELECT position = 3 FROM es_projections").await;
            bench.is_exact().await;
            assert_eq!(bench.number("SELECT epoch FROM es_projections").await, 1);
        });
    }

    #[test]
    fn what_a_stopped_process_has_locked_is_let_go_by_the_server() {
        if let Some((place, task)) = Place::from_parent() {
            return run_as_child(&place, &task);
        }
        let runtime = Runtime::new().unwrap();
        let bench = runtime.block_on(Bench::new());
        runtime.block_on(bench.count("a", &[1, 2, 99]));
        let mut other = Other::start(
            &bench,
            "what_a_stopped_process_has_locked_is_let_go_by_the_server",
            "sleeps",
        );
        runtime.block_on(async {
            let client = bench.place().client().await;
            let inside = "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = current_schema() \
                          AND state = 'idle in transaction' AND query LIKE 'INSERT INTO totals%'";
            soon(async {
                while bench.position(1).await != Some(2) {
                    tokio::task::yield_now().await;
                }
            })
            .await;
            until(&client, inside).await;
            other.signal("STOP");
            let handle = stand_by(&bench).await;
            let reached = soon(handle.wait_for_head()).await.unwrap();
            assert_eq!(reached.frontier, Position::new(3));
            bench.is_exact().await;
            other.signal("CONT");
            let head = bench.count("a", &[5]).await;
            soon(handle.wait_for(head)).await.unwrap();
            bench.is_exact().await;
        });
        let gone = other.child.try_wait().unwrap();
        assert!(gone.is_none());
        other.child.kill().unwrap();
    }
}

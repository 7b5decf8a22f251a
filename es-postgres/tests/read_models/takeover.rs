use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use es_core::{Begun, Checkpoint, Consumer, FailureClass, Phase, Position, Runner, RunnerHandle};
use es_servers::needs_postgres;
use futures_util::StreamExt;
use tokio::runtime::Runtime;

use crate::domain::{At99, Bench, Place, Totals, WAITS, soon};
use crate::support::until;

const LEASE: Duration = Duration::from_millis(300);

/// Runs the projection, and says which phase it is in.
#[tokio::main]
async fn run_as_child(place: &Place, task: &str) {
    let models = place.models().await.lease(LEASE);
    let at_99 = match task {
        "waits" => At99::WaitsAndCounts,
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
        let mut command = bench.place().child(&format!("takeover::{test}"), task);
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
    #[tokio::test]
    async fn only_one_of_two_is_in_charge_and_the_other_tells_how_far_that_one_is() {
        let bench = Bench::new().await;
        bench.count("a", &[1, 2]).await;
        let models = bench.models().await;
        let mut one = models.projection(Totals::default());
        let mut other = models.projection(Totals::default());
        one.begin().await.unwrap();
        one.consume(&bench.batch(0).await).await.unwrap();
        let begun = other.begin().await.unwrap();
        let Begun::Held { standing, .. } = begun else {
            panic!("{begun:?}");
        };
        assert_eq!(standing, one.standing());
        // Who isn't in charge can't do anything.
        bench.count("a", &[3]).await;
        let refusal = other.consume(&bench.batch(2).await).await.unwrap_err();
        assert_eq!(refusal.failure.class(), FailureClass::Fenced);
        assert_eq!(bench.position(1).await, Some(2));
        // A process that ends lets go at once, though its lease is long.
        one.end().await.unwrap();
        let Begun::At(checkpoint) = other.begin().await.unwrap() else {
            panic!("the first one has let go");
        };
        assert_eq!(checkpoint.position.number(), 2);
    }

    #[tokio::test]
    async fn of_several_that_begin_at_once_one_is_in_charge() {
        let bench = Bench::new().await;
        let models = bench.models().await;
        let start = async || models.projection(Totals::default()).begin().await.unwrap();
        let begun = soon(async { tokio::join!(start(), start(), start(), start()) }).await;
        let begun = [begun.0, begun.1, begun.2, begun.3];
        let in_charge = begun.iter().filter(|begun| matches!(begun, Begun::At(_)));
        assert_eq!(in_charge.count(), 1, "{begun:?}");
    }

    #[tokio::test]
    async fn a_commit_of_one_that_was_held_up_is_refused_whole() {
        let bench = Bench::new().await;
        bench.count("a", &[1, 2]).await;
        let models = bench.models().await.lease(Duration::ZERO);
        let mut one = models.projection(Totals::default());
        one.begin().await.unwrap();
        one.consume(&bench.batch(0).await).await.unwrap();
        // Its lease has run out while it was held up.
        let mut other = models.projection(Totals::default());
        assert!(matches!(other.begin().await.unwrap(), Begun::At(_)));

        bench.count("a", &[3]).await;
        let batch = bench.batch(2).await;
        for _ in 0..2 {
            let refusal = one.consume(&batch).await.unwrap_err();
            assert_eq!(refusal.failure.class(), FailureClass::Fenced);
            let kept = one.keep(Checkpoint::START).await.unwrap_err();
            assert_eq!(kept.class(), FailureClass::Fenced);
            assert_eq!((bench.sums().await["a"], bench.position(1).await), ((3, 2), Some(2)));
        }
        // What it lets go isn't its any more.
        one.end().await.unwrap();
        other.consume(&batch).await.unwrap();
        bench.is_exact().await;
    }

    #[tokio::test]
    async fn a_commit_is_refused_though_its_transaction_began_before_another_took_over() {
        let bench = Bench::new().await;
        bench.count("a", &[99]).await;
        let batch = bench.batch(0).await;
        let models = bench.models().await;
        let waiting = Totals { at_99: At99::WaitsAndCounts, ..Totals::default() };
        let mut one = models.projection(waiting);
        one.begin().await.unwrap();
        bench.lock().await;
        let late = tokio::spawn({
            let batch = batch.clone();
            async move { one.consume(&batch).await }
        });
        let client = bench.place().client().await;
        until(&client, WAITS).await;
        client.execute("UPDATE es_projections SET lease_until = '-infinity'", &[]).await.unwrap();
        let mut other = models.projection(Totals::default());
        assert!(matches!(other.begin().await.unwrap(), Begun::At(_)));
        other.consume(&batch).await.unwrap();
        bench.unlock().await;
        let refusal = soon(late).await.unwrap().unwrap_err();
        assert_eq!(refusal.failure.class(), FailureClass::Fenced);
        bench.is_exact().await;
        assert_eq!(bench.position(1).await, Some(1));
    }

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

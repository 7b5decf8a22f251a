use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use es_core::{
    Begun, Cause, Checkpoint, Consumer, Failure, FailureClass, Phase, Position, Projection,
    Recorded, Runner,
};
use es_sqlite::{Context, SqliteHandler, SqliteReadModels, SqliteStore};
use futures_util::StreamExt;
use rusqlite::Transaction;

use crate::domain::{Bench, Counted, Totals, position, soon};

const CHILD: &str = "ES_SQLITE_TAKEOVER_CHILD";
const LEASE: Duration = Duration::from_millis(300);

#[tokio::test]
async fn only_one_of_two_is_in_charge_and_the_other_tells_how_far_that_one_is() {
    let bench = Bench::new().await;
    bench.count("a", &[1, 2]).await;
    let (mut one, mut other) = {
        let models = bench.models().await;
        (
            models.projection(Totals::default()),
            models.projection(Totals::default()),
        )
    };
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
    assert_eq!(position(&bench.file(), 1), Some(2));
    // A process that ends lets go at once, though its lease is long.
    one.end().await.unwrap();
    let Begun::At(checkpoint) = other.begin().await.unwrap() else {
        panic!("the first one has let go");
    };
    assert_eq!(checkpoint.position.number(), 2);
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
        assert_eq!(
            (bench.sums()["a"], position(&bench.file(), 1)),
            ((3, 2), Some(2))
        );
    }
    // What it lets go isn't its any more.
    one.end().await.unwrap();
    other.consume(&batch).await.unwrap();
    assert_eq!(bench.sums(), bench.folded().await);
}

/// Takes in an event once it may.
#[derive(Projection)]
#[projection(name = "slow", version = 1, event = SlowEvent)]
#[event(Counted)]
struct Slow {
    /// It waits here when it has begun, and before it ends.
    meets: Arc<Barrier>,
}

impl SqliteHandler for Slow {
    fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        transaction
            .execute_batch("CREATE TABLE IF NOT EXISTS slow (position INTEGER PRIMARY KEY)")?;
        Ok(())
    }

    fn handle(&mut self, _: Recorded<SlowEvent>, context: &Context<'_>) -> Result<(), Cause> {
        let position = i64::try_from(context.position().number())?;
        context.execute("INSERT INTO slow VALUES (?1)", [position])?;
        self.meets.wait();
        self.meets.wait();
        Ok(())
    }
}

#[tokio::test]
async fn nobody_takes_over_while_a_batch_is_under_way_however_short_the_lease() {
    let bench = Bench::new().await;
    bench.count("a", &[1]).await;
    let models = bench.models().await;
    let models = models.lease(Duration::ZERO).busy_timeout(Duration::ZERO);
    let meets = Arc::new(Barrier::new(2));
    let slow = || {
        models.projection(Slow {
            meets: Arc::clone(&meets),
        })
    };
    let (mut one, mut other) = (slow(), slow());
    one.begin().await.unwrap();
    let batch = bench.batch(0).await;
    let consuming = tokio::spawn(async move { one.consume(&batch).await.map(|()| one) });
    let meet = async || {
        let meets = Arc::clone(&meets);
        tokio::task::spawn_blocking(move || meets.wait())
            .await
            .unwrap();
    };
    soon(meet()).await;
    // Its transaction is the only one that writes.
    let refused = other.begin().await.unwrap_err();
    assert!(
        matches!(refused, Failure::Database { passing: true, .. }),
        "{refused:?}"
    );
    soon(meet()).await;
    let mut one = soon(consuming).await.unwrap().unwrap();
    assert_eq!(one.standing().frontier, Position::new(1));
    // Now it may, and finds the batch taken in.
    let Begun::At(checkpoint) = other.begin().await.unwrap() else {
        panic!("the lease has run out");
    };
    assert_eq!(checkpoint.position, Position::new(1));
    let kept = one.keep(checkpoint).await.unwrap_err();
    assert_eq!(kept.class(), FailureClass::Fenced);
}

/// Runs the projection, and says which phase it is in.
#[tokio::main]
async fn run_as_child(folder: &str) {
    let store = SqliteStore::open(format!("{folder}/log.db")).await.unwrap();
    let models = SqliteReadModels::open(format!("{folder}/models.db")).await;
    let models = models.unwrap().lease(LEASE);
    let runner = Runner::new(store, models.projection(Totals::default()));
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

fn signal(child: &Child, signal: &str) {
    let command = format!("kill -{signal} {}", child.id());
    let sent = Command::new("sh").args(["-c", &command]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn a_stopped_process_is_taken_over_and_makes_no_move_when_it_wakes() {
    if let Ok(folder) = std::env::var(CHILD) {
        return run_as_child(&folder);
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let bench = runtime.block_on(Bench::new());
    runtime.block_on(bench.count("a", &[1, 2, 3]));
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["takeover::a_stopped_process_is_taken_over_and_makes_no_move_when_it_wakes"])
        .args(["--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, bench.folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = |phase: Phase| {
        let wanted = format!("phase {phase:?}");
        while !lines
            .next()
            .expect("the child has ended")
            .unwrap()
            .ends_with(&wanted)
        {}
    };
    said(Phase::Live);
    // It waits for events, and holds no transaction.
    signal(&child, "STOP");
    let runner = runtime.block_on(async {
        let models = bench.models().await.lease(LEASE);
        Runner::new(bench.store.clone(), models.projection(Totals::default()))
    });
    let handle = runner.handle();
    let running = runtime.spawn(runner.run());
    runtime.block_on(async {
        let head = bench.count("a", &[4, 5]).await;
        soon(handle.wait_for(head)).await.unwrap();
        assert_eq!(bench.sums(), bench.folded().await);
    });
    signal(&child, "CONT");
    // Its next commit is refused, and it stands by.
    said(Phase::Standby);
    runtime.block_on(async {
        let head = bench.count("b", &[6, 7]).await;
        soon(handle.wait_for(head)).await.unwrap();
        assert_eq!(bench.sums(), bench.folded().await);
        soon(handle.shutdown()).await;
        running.await.unwrap().unwrap();
    });
    // It takes over again, as this one has let go.
    said(Phase::Live);
    child.kill().unwrap();
    child.wait().unwrap();
}

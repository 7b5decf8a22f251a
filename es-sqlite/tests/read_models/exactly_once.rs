use std::sync::atomic::Ordering;
use std::time::Duration;

use es_core::EventId;
use es_core::{
    Begun, Cause, Checkpoint, Consumer, Failure, FailureClass, Json, NewEvent, Phase, Position,
    Projection, Recorded, Runner,
};
use es_sqlite::{Context, SqliteHandler, SqliteReadModels};
use es_testkit::GivenLog;
use rusqlite::Transaction;

use crate::domain::{Bench, Counted, Totals, append, position, soon};

#[tokio::test]
async fn a_read_model_is_a_fold_of_the_log() {
    let bench = Bench::new().await;
    bench.count("a", &[1, 2, 3]).await;
    let runner = Runner::new(
        bench.store.clone(),
        bench.models().await.projection(Totals::default()),
    )
    .batch(2);
    let handle = runner.handle();
    let running = tokio::spawn(runner.run());
    for number in 20..40 {
        let appended = bench.count("b", &[number, 1]).await;
        soon(handle.wait_for(appended)).await.unwrap();
        assert_eq!(bench.sums(), bench.folded().await);
    }
    let old = Json::parse(r#"{"n":5}"#).unwrap();
    let old = NewEvent::new(EventId::random(), "counter.counted", 1, old);
    let appended = append(&bench.store, "c", vec![old]).await;
    soon(handle.wait_for(appended)).await.unwrap();
    assert_eq!(bench.sums()["c"], (5, 1));
    assert_eq!(handle.status().phase, Phase::Live);
    soon(handle.shutdown()).await;
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_read_model_may_stand_in_the_file_of_the_log() {
    let bench = Bench::new().await;
    let models = SqliteReadModels::open(bench.folder.path().join("log.db"));
    let projection = models.await.unwrap().projection(Totals::default());
    let runner = Runner::new(bench.store.clone(), projection);
    let handle = runner.handle();
    tokio::spawn(runner.run());
    for number in 20..40 {
        let appended = bench.count("a", &[number]).await;
        soon(handle.wait_for(appended)).await.unwrap();
    }
    let log = bench.folder.path().join("log.db");
    assert_eq!(crate::domain::sums(&log), bench.folded().await);
    soon(handle.shutdown()).await;
}

#[tokio::test]
async fn a_batch_is_taken_in_whole_or_not_at_all_and_its_place_with_it() {
    let bench = Bench::new().await;
    bench.count("a", &[1, 2]).await;
    let mut projection = bench.models().await.projection(Totals::default());
    assert_eq!(
        projection.begin().await.unwrap(),
        Begun::At(Checkpoint::START)
    );
    projection.consume(&bench.batch(0).await).await.unwrap();
    assert_eq!(position(&bench.file(), 1), Some(2));
    let before = bench.sums();

    bench.count("a", &[3, 13, 4]).await;
    let refusal = projection.consume(&bench.batch(2).await).await.unwrap_err();
    assert_eq!(
        (refusal.taken, refusal.failure.class()),
        (0, FailureClass::Applying)
    );
    assert_eq!(refusal.failure.position(), Some(Position::new(4)));
    assert_eq!(
        (bench.sums(), position(&bench.file(), 1)),
        (before, Some(2))
    );
    assert_eq!(projection.standing().frontier, Position::new(2));
}

#[tokio::test]
async fn a_batch_that_comes_again_is_refused_whole() {
    let bench = Bench::new().await;
    bench.count("a", &[1, 2]).await;
    let batch = bench.batch(0).await;
    let models = bench.models().await;
    let mut projection = models.projection(Totals::default());
    projection.begin().await.unwrap();
    projection.consume(&batch).await.unwrap();
    let again = projection.consume(&batch).await.unwrap_err();
    assert_eq!(again.failure.class(), FailureClass::Applying);
    assert_eq!(bench.sums(), bench.folded().await);
}

#[tokio::test]
async fn a_place_follows_events_that_do_not_concern_the_projection() {
    let bench = Bench::new().await;
    let runner = Runner::new(
        bench.store.clone(),
        bench.models().await.projection(Totals::default()),
    );
    let handle = runner.handle();
    tokio::spawn(runner.run());
    bench.count("a", &[1]).await;
    let noise = NewEvent::new(EventId::random(), "noise.made", 1, Json::EMPTY_OBJECT);
    let head = append(&bench.store, "n", vec![noise]).await;
    // Here at once, and for other processes soon.
    soon(handle.wait_for(head)).await.unwrap();
    soon(async {
        while position(&bench.file(), 1) != Some(2) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    soon(handle.shutdown()).await;
    // And a restart finds the log as it was left.
    let mut projection = bench.models().await.projection(Totals::default());
    let Begun::At(checkpoint) = projection.begin().await.unwrap() else {
        panic!("nobody else is there");
    };
    assert!(checkpoint.position == head && checkpoint.event_id.is_some());
}

#[tokio::test]
async fn a_log_that_was_restored_to_another_past_is_told() {
    let bench = Bench::new().await;
    bench.count("a", &[1, 2, 3]).await;
    let mut projection = bench.models().await.projection(Totals::default());
    projection.begin().await.unwrap();
    projection.consume(&bench.batch(0).await).await.unwrap();
    projection.end().await.unwrap();
    let before = bench.sums();

    let restored = Bench::new().await;
    restored.count("a", &[1, 2, 4, 5]).await;
    let projection = bench.models().await.projection(Totals::default());
    let runner = Runner::new(restored.store.clone(), projection);
    let failure = soon(runner.run()).await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::LogDiverged);
    assert_eq!(bench.sums(), before);
}

#[tokio::test]
async fn an_event_that_fails_is_tried_again_until_it_is_taken_in() {
    let bench = Bench::new().await;
    let head = bench.count("a", &[1, 13, 2]).await;
    let totals = Totals::default();
    let cured = totals.cured.clone();
    let projection = bench.models().await.projection(totals);
    let (first, most) = (Duration::from_millis(1), Duration::from_millis(1));
    let runner = Runner::new(bench.store.clone(), projection).back_off(first, most);
    let runner = runner.attempts(1_000_000);
    let handle = runner.handle();
    tokio::spawn(runner.run());
    soon(handle.wait_for(Position::new(1))).await.unwrap();
    soon(async {
        while handle.status().tries < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(bench.sums()["a"], (1, 1));
    cured.store(true, Ordering::SeqCst);
    soon(handle.wait_for(head)).await.unwrap();
    assert_eq!(bench.sums(), bench.folded().await);
    soon(handle.shutdown()).await;
}

#[tokio::test]
async fn a_database_that_is_locked_is_waited_for() {
    let bench = Bench::new().await;
    let models = bench.models().await.busy_timeout(Duration::from_millis(10));
    let neighbour = rusqlite::Connection::open(bench.file()).unwrap();
    neighbour
        .execute_batch("CREATE TABLE neighbour (x); BEGIN IMMEDIATE")
        .unwrap();
    let head = bench.count("a", &[1]).await;
    let runner = Runner::new(bench.store.clone(), models.projection(Totals::default()));
    let handle = runner.handle();
    tokio::spawn(runner.run());
    soon(async {
        while handle.status().tries < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let failure = handle.status().last_failure.unwrap();
    assert!(
        matches!(*failure, Failure::Database { passing: true, .. }),
        "{failure:?}"
    );
    neighbour.execute_batch("ROLLBACK").unwrap();
    soon(handle.wait_for(head)).await.unwrap();
    soon(handle.shutdown()).await;
}

/// It panics, where another one would say that it can't.
#[derive(Projection)]
#[projection(name = "totals", version = 1, event = RashEvent)]
#[event(Counted)]
struct Rash;

impl SqliteHandler for Rash {
    fn create(&mut self, _: &Transaction<'_>) -> Result<(), Cause> {
        Ok(())
    }
    fn handle(&mut self, _: Recorded<RashEvent>, _: &Context<'_>) -> Result<(), Cause> {
        panic!("rash")
    }
}

#[tokio::test]
async fn a_handler_that_panics_stops_the_projection_and_nothing_is_kept_of_the_event() {
    let bench = Bench::new().await;
    bench.count("a", &[1]).await;
    let projection = bench.models().await.projection(Rash);
    let (first, most) = (Duration::from_millis(1), Duration::from_millis(1));
    let runner = Runner::new(bench.store.clone(), projection).back_off(first, most);
    let failure = soon(runner.run()).await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::Database);
    assert_eq!(position(&bench.file(), 1), Some(0));
}

/// It ends the transaction that isn't its own.
#[derive(Projection)]
#[projection(name = "totals", version = 1, event = BoldEvent)]
#[event(Counted)]
struct Bold;

impl SqliteHandler for Bold {
    fn create(&mut self, _: &Transaction<'_>) -> Result<(), Cause> {
        Ok(())
    }
    fn handle(&mut self, _: Recorded<BoldEvent>, context: &Context<'_>) -> Result<(), Cause> {
        Ok(context.execute_batch("COMMIT")?)
    }
}

#[tokio::test]
async fn a_handler_that_ends_the_transaction_is_told_so() {
    let bench = Bench::new().await;
    bench.count("a", &[1]).await;
    let mut projection = bench.models().await.projection(Bold);
    projection.begin().await.unwrap();
    let refusal = projection.consume(&bench.batch(0).await).await.unwrap_err();
    let Failure::Database { passing, cause } = refusal.failure else {
        panic!("{refusal:?}");
    };
    assert!(
        !passing && cause.to_string().contains("ended the transaction"),
        "{cause}"
    );
    assert_eq!(position(&bench.file(), 1), Some(0));
}

#[tokio::test]
async fn a_given_log_makes_the_same_read_model_however_it_comes() {
    let mut log = GivenLog::new();
    for (stream, by) in [("a", 1), ("b", 2), ("a", 3), ("b", 4), ("a", 5)] {
        let payload = format!("{{\"by\":{by}}}");
        log = log.given_stored(&format!("counter/{stream}"), "counter.counted", 2, &payload);
    }
    let sums = log.check(
        async || {
            let bench = Bench::new().await;
            let models = bench.models().await;
            (bench, models)
        },
        |(_, models)| models.projection(Totals::default()),
        async |(bench, _)| bench.sums(),
    );
    let expected = [("a".to_owned(), (9, 3)), ("b".to_owned(), (6, 2))];
    assert_eq!(sums.await, expected.into());
}

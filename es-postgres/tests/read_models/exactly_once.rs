use std::sync::atomic::Ordering;
use std::time::Duration;

use es_core::{
    Begun, Cause, Checkpoint, Consumer, EventId, Failure, FailureClass, Json, NewEvent, Phase,
    Position, Projection, Recorded, Runner,
};
use es_postgres::tokio_postgres::Transaction;
use es_postgres::{Context, PostgresHandler};
use es_servers::{Postgres, needs_own_postgres, needs_postgres};

use crate::domain::{At99, Bench, Counted, Place, Totals, WAITS, append, soon};
use crate::support::until;

/// It ends the transaction that isn't its own.
#[derive(Projection)]
#[projection(name = "totals", version = 1, event = BoldEvent)]
#[event(Counted)]
struct Bold;

impl PostgresHandler for Bold {
    async fn create(&mut self, _: &Transaction<'_>) -> Result<(), Cause> {
        Ok(())
    }
    async fn handle(&mut self, _: Recorded<BoldEvent>, context: &Context<'_>) -> Result<(), Cause> {
        Ok(context.batch_execute("COMMIT").await?)
    }
}

/// What it writes is refused by the database, with the row in the details of its answer.
#[derive(Projection)]
#[projection(name = "totals", version = 1, event = ClumsyEvent)]
#[event(Counted)]
struct Clumsy;

impl PostgresHandler for Clumsy {
    async fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        let table = "CREATE TABLE secrets (secret text PRIMARY KEY)";
        Ok(transaction.batch_execute(table).await?)
    }
    async fn handle(
        &mut self,
        _: Recorded<ClumsyEvent>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let secret = "INSERT INTO secrets VALUES ('swordfish')";
        context.batch_execute(secret).await?;
        Ok(context.batch_execute(secret).await?)
    }
}

needs_postgres! {
    #[tokio::test]
    async fn a_read_model_is_a_fold_of_the_log() {
        let bench = Bench::new().await;
        bench.count("a", &[1, 2, 3]).await;
        let projection = bench.models().await.projection(Totals::default());
        let runner = Runner::new(bench.store.clone(), projection).batch(2);
        let handle = runner.handle();
        let running = tokio::spawn(runner.run());
        for number in 20..40 {
            let appended = bench.count("b", &[number, 1]).await;
            soon(handle.wait_for(appended)).await.unwrap();
            bench.is_exact().await;
        }
        let old = Json::parse(r#"{"n":5}"#).unwrap();
        let old = NewEvent::new(EventId::random(), "counter.counted", 1, old);
        let appended = append(&bench.store, "c", vec![old]).await;
        soon(handle.wait_for(appended)).await.unwrap();
        assert_eq!(bench.sums().await["c"], (5, 1));
        assert_eq!(handle.status().phase, Phase::Live);
        soon(handle.shutdown()).await;
        running.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_batch_is_taken_in_whole_or_not_at_all_and_its_place_with_it() {
        let bench = Bench::new().await;
        bench.count("a", &[1, 2]).await;
        let mut projection = bench.models().await.projection(Totals::default());
        assert_eq!(projection.begin().await.unwrap(), Begun::At(Checkpoint::START));
        projection.consume(&bench.batch(0).await).await.unwrap();
        assert_eq!(bench.position(1).await, Some(2));
        let before = bench.sums().await;

        bench.count("a", &[3, 13, 4]).await;
        let refusal = projection.consume(&bench.batch(2).await).await.unwrap_err();
        assert_eq!((refusal.taken, refusal.failure.class()), (0, FailureClass::Applying));
        assert_eq!(refusal.failure.position(), Some(Position::new(4)));
        assert_eq!((bench.sums().await, bench.position(1).await), (before, Some(2)));
        assert_eq!(projection.standing().frontier, Position::new(2));
    }

    #[tokio::test]
    async fn a_batch_that_comes_again_is_refused_whole() {
        let bench = Bench::new().await;
        bench.count("a", &[1, 2]).await;
        let batch = bench.batch(0).await;
        let mut projection = bench.models().await.projection(Totals::default());
        projection.begin().await.unwrap();
        projection.consume(&batch).await.unwrap();
        // Its place is compared, so it counts for nothing whether the handler would notice.
        bench.client().execute("UPDATE es_projections SET position = position + 1", &[]).await.unwrap();
        let again = projection.consume(&batch).await.unwrap_err();
        assert_eq!(again.failure.class(), FailureClass::Fenced);
        bench.is_exact().await;
    }

    #[tokio::test]
    async fn a_batch_that_is_dropped_half_way_leaves_nothing_and_can_come_again() {
        let bench = Bench::new().await;
        bench.count("a", &[1, 99]).await;
        let batch = bench.batch(0).await;
        let waiting = Totals { at_99: At99::WaitsAndCounts, ..Totals::default() };
        let mut projection = bench.models().await.projection(waiting);
        projection.begin().await.unwrap();
        bench.lock().await;
        let client = bench.place().client().await;
        tokio::select! {
            done = projection.consume(&batch) => panic!("it didn't wait: {done:?}"),
            () = until(&client, WAITS) => {}
        }
        assert_eq!((bench.sums().await.len(), bench.position(1).await), (0, Some(0)));
        bench.unlock().await;
        soon(projection.consume(&batch)).await.unwrap();
        bench.is_exact().await;
    }

    #[tokio::test]
    async fn a_place_follows_events_that_do_not_concern_the_projection() {
        let bench = Bench::new().await;
        let projection = bench.models().await.projection(Totals::default());
        let runner = Runner::new(bench.store.clone(), projection);
        let handle = runner.handle();
        tokio::spawn(runner.run());
        bench.count("a", &[1]).await;
        let noise = NewEvent::new(EventId::random(), "noise.made", 1, Json::EMPTY_OBJECT);
        let head = append(&bench.store, "n", vec![noise]).await;
        // Here at once, and for other processes soon.
        soon(handle.wait_for(head)).await.unwrap();
        soon(async {
            while bench.position(1).await != Some(2) {
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
        let before = bench.sums().await;

        let restored = Bench::new().await;
        restored.count("a", &[1, 2, 4, 5]).await;
        let projection = bench.models().await.projection(Totals::default());
        let runner = Runner::new(restored.store.clone(), projection);
        let failure = soon(runner.run()).await.unwrap_err();
        assert_eq!(failure.class(), FailureClass::LogDiverged);
        assert_eq!(bench.sums().await, before);
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
        assert_eq!(bench.sums().await["a"], (1, 1));
        cured.store(true, Ordering::SeqCst);
        soon(handle.wait_for(head)).await.unwrap();
        bench.is_exact().await;
        soon(handle.shutdown()).await;
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
        assert!(!passing && cause.to_string().contains("ended the transaction"), "{cause}");
        assert_eq!(bench.position(1).await, Some(0));
    }

    #[tokio::test]
    async fn what_the_database_refuses_is_told_without_the_row() {
        let bench = Bench::new().await;
        bench.count("a", &[1]).await;
        let mut projection = bench.models().await.projection(Clumsy);
        projection.begin().await.unwrap();
        let refusal = projection.consume(&bench.batch(0).await).await.unwrap_err();
        let told = refusal.failure.in_full();
        assert_eq!(refusal.failure.class(), FailureClass::Applying);
        assert!(told.contains("23505") && !told.contains("swordfish"), "{told}");
        assert_eq!(bench.number("SELECT count(*) FROM secrets").await, 0);
    }
}

needs_own_postgres! {
    #[tokio::test]
    async fn a_database_that_is_away_is_waited_for() {
        let mut server = Postgres::start().unwrap();
        let bench = Bench::new().await;
        let place = Place::of(server.url());
        let models = place.models().await;
        let runner = Runner::new(bench.store.clone(), models.projection(Totals::default()));
        let runner = runner.back_off(Duration::from_millis(1), Duration::from_millis(20));
        let handle = runner.handle();
        tokio::spawn(runner.run());
        let before = bench.count("a", &[1]).await;
        soon(handle.wait_for(before)).await.unwrap();
        server.kill().unwrap();
        let head = bench.count("a", &[2]).await;
        soon(async {
            while handle.status().tries < 2 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let failure = handle.status().last_failure.unwrap();
        assert!(matches!(*failure, Failure::Database { passing: true, .. }), "{failure:?}");
        server.restart().unwrap();
        soon(handle.wait_for(head)).await.unwrap();
        let client = place.client().await;
        let row = client.query_one("SELECT total, events FROM totals", &[]).await.unwrap();
        assert_eq!((row.get(0), row.get(1)), (3_i64, 2_i64));
        soon(handle.shutdown()).await;
    }
}

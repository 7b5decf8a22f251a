use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use es_core::{
    Begun, Cause, Checkpoint, Consumer, FailureClass, Position, Projection, Recorded, Runner,
};
use es_postgres::tokio_postgres::{Client, Transaction};
use es_postgres::{Context, PostgresHandler, PostgresStore};
use es_servers::needs_postgres;

use crate::domain::{Bench, Counted, Totals, soon};
use crate::switching::{self, Load, Reader, Told};

/// The same as version 1 says, negated, so that one can tell who answers.
#[derive(Clone, Default, Projection)]
#[projection(name = "totals", version = 2, event = NegatedEvent)]
#[event(Counted)]
struct Negated {
    /// Each event with whether it was a replay.
    told: Told,
    refuses_thirteens: Arc<AtomicBool>,
}

/// Version 1 with a view of what answers.
#[derive(Clone, Default, Projection)]
#[projection(name = "totals", version = 1, event = PlainEvent)]
#[event(Counted)]
struct Plain {
    told: Told,
}

async fn create(transaction: &Transaction<'_>, version: u32) -> Result<(), Cause> {
    let table = format!(
        "CREATE TABLE totals_{version} (total bigint NOT NULL, events bigint NOT NULL);
         INSERT INTO totals_{version} VALUES (0, 0)"
    );
    Ok(transaction.batch_execute(&table).await?)
}

async fn activate(transaction: &Transaction<'_>, version: u32) -> Result<(), Cause> {
    let view = format!(
        "CREATE OR REPLACE VIEW answer AS SELECT {version} AS version, total, events FROM totals_{version}"
    );
    Ok(transaction.batch_execute(&view).await?)
}

async fn add(context: &Context<'_>, version: u32, by: i64) -> Result<(), Cause> {
    let sql = format!("UPDATE totals_{version} SET total = total + $1, events = events + 1");
    let add = context.prepare_cached(&sql).await?;
    context.execute(&add, &[&by]).await?;
    Ok(())
}

impl PostgresHandler for Plain {
    async fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        create(transaction, 1).await
    }
    async fn handle(
        &mut self,
        event: Recorded<PlainEvent>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let PlainEvent::Counted(Counted { by }) = event.event;
        add(context, 1, by).await?;
        note(&self.told, context);
        Ok(())
    }
    async fn activate(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        activate(transaction, 1).await
    }
}

impl PostgresHandler for Negated {
    async fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        create(transaction, 2).await
    }
    async fn handle(
        &mut self,
        event: Recorded<NegatedEvent>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let NegatedEvent::Counted(Counted { by }) = event.event;
        note(&self.told, context);
        if by == 13 && self.refuses_thirteens.load(Ordering::SeqCst) {
            return Err("thirteen".into());
        }
        add(context, 2, -by).await
    }
    async fn activate(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        activate(transaction, 2).await
    }
}

fn note(told: &Told, context: &Context<'_>) {
    let position = context.position().number();
    told.lock().unwrap().insert(position, context.is_replay());
}

async fn answer(client: &Client) -> (i64, i64, i64) {
    let answer = "SELECT version::bigint, total, events FROM answer";
    let row = client.query_one(answer, &[]).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

needs_postgres! {
    #[tokio::test]
    async fn a_new_version_is_built_beside_the_old_and_takes_over_when_it_is_not_behind() {
        let bench = Bench::new().await;
        bench.count("a", &[1; 5]).await;
        let models = bench.models().await;
        let (plain, negated) = (Plain::default(), Negated::default());
        let mut old = models.projection(plain.clone());
        old.begin().await.unwrap();
        old.consume(&bench.batch(0).await).await.unwrap();
        let readers = bench.client();

        let mut new = models.projection(negated.clone());
        assert_eq!(new.begin().await.unwrap(), Begun::At(Checkpoint::START));
        // It doesn't answer yet, and a wait goes by the one that does.
        assert_eq!(new.standing().frontier, Position::new(5));
        let mut batch = bench.batch(0).await;
        batch.events = batch.events[..3].into();
        (batch.looked_to, batch.caught_up) = (Position::new(3), false);
        new.consume(&batch).await.unwrap();
        assert_eq!(answer(readers).await, (1, 5, 5));
        assert_eq!(new.standing().frontier, Position::new(5));

        // Two that the old one has taken in, and two that it hasn't: all of it in one transaction.
        bench.count("a", &[1, 1]).await;
        new.consume(&bench.batch(3).await).await.unwrap();
        assert_eq!(answer(readers).await, (2, -7, 7));
        assert_eq!(new.standing().frontier, Position::new(7));
        let told: Vec<_> = negated.told.lock().unwrap().clone().into_values().collect();
        assert_eq!(told, [true, true, true, true, true, false, false]);
        assert!(plain.told.lock().unwrap().values().all(|replay| !replay));

        // The old one is fenced, now and whenever it is started.
        let refusal = old.consume(&bench.batch(5).await).await.unwrap_err();
        assert_eq!(refusal.failure.class(), FailureClass::Fenced);
        let mut started = models.projection(Plain::default());
        for old in [&mut old, &mut started] {
            let begun = old.begin().await.unwrap();
            let Begun::Held { standing, .. } = begun else {
                panic!("{begun:?}");
            };
            assert_eq!(standing.frontier, Position::new(7));
        }
        assert_eq!(answer(readers).await, (2, -7, 7));
    }

    #[tokio::test]
    async fn what_was_put_aside_while_a_version_was_built_is_still_a_replay_when_it_is_retried() {
        let bench = Bench::new().await;
        bench.count("a", &[1, 13, 1]).await;
        let models = bench.models().await;
        let mut old = models.projection(Plain::default());
        old.begin().await.unwrap();
        old.consume(&bench.batch(0).await).await.unwrap();
        let negated = Negated::default();
        negated.refuses_thirteens.store(true, Ordering::SeqCst);
        let new = Runner::new(bench.store.clone(), models.projection(negated.clone()));
        let new = new.attempts(1).park_failures();
        let handle = new.handle();
        tokio::spawn(new.run());
        let head = bench.count("b", &[1]).await;
        assert_eq!(soon(handle.wait_for(head)).await.unwrap().parked, 2);
        negated.refuses_thirteens.store(false, Ordering::SeqCst);
        let retried = models.retry(negated.clone(), &bench.store, "counter/a");
        assert_eq!(retried.await.unwrap().taken, 2);
        let told = negated.told.lock().unwrap().clone();
        assert_eq!(told, [(1, true), (2, true), (3, true), (4, false)].into());
        soon(handle.shutdown()).await;
    }

    #[tokio::test]
    async fn an_older_version_that_was_never_there_does_not_begin_beside_a_newer_one() {
        let bench = Bench::new().await;
        let models = bench.models().await;
        let mut new = models.projection(Negated::default());
        new.begin().await.unwrap();
        let mut old = models.projection(Totals::default());
        assert!(matches!(old.begin().await.unwrap(), Begun::Held { .. }));
        let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'totals'";
        assert_eq!(bench.number(tables).await, 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn readers_meet_no_error_and_no_step_back_while_a_version_takes_over_under_load() {
        let load = Load {
            stored: 3_000,
            seeded: false,
            batch: 1_000,
            between_appends: Duration::from_millis(20),
        };
        switching::takes_over_under_load(&Bench::new().await, load).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    #[ignore = "a million events take minutes: run it with `--ignored`, in release"]
    async fn and_so_it_is_with_a_million_events() {
        let load = Load {
            stored: 1_000_000,
            seeded: true,
            // As often as a page holds the one row before and after: else the table grows with each batch until it is
            // vacuumed, and each update looks through all of it.
            batch: 100,
            between_appends: Duration::from_millis(50),
        };
        switching::takes_over_under_load(&Bench::new().await, load).await;
    }

    #[tokio::test]
    async fn an_old_program_that_is_started_alone_leaves_what_answers_as_it_is() {
        switching::an_old_program_that_is_started_alone_stands_by(&Bench::new().await).await;
    }
}

impl Reader for Client {
    async fn ask(&mut self) -> (i64, i64, i64) {
        answer(self).await
    }
}

impl switching::Bench for Bench {
    type Store = PostgresStore;

    fn store(&self) -> PostgresStore {
        self.store.clone()
    }

    async fn version_1(&self, told: Told) -> impl Consumer {
        self.models().await.projection(Plain { told })
    }

    async fn version_2(&self, told: Told) -> impl Consumer {
        let refuses_thirteens = Arc::default();
        let negated = Negated {
            told,
            refuses_thirteens,
        };
        self.models().await.projection(negated)
    }

    async fn reader(&self) -> impl Reader {
        self.place().client().await
    }

    async fn seed(&self, events: u64) {
        let mut old = self.models().await.projection(Plain::default());
        old.begin().await.unwrap();
        old.end().await.unwrap();
        let seed = format!(
            "UPDATE es_projections SET position = {events}, \
             event_id = (SELECT id FROM events WHERE position = {events}); \
             UPDATE totals_1 SET total = {events}, events = {events}"
        );
        self.client().batch_execute(&seed).await.unwrap();
    }

    async fn mark(&self) -> u64 {
        let mark = "SELECT mark FROM es_projections WHERE name = 'totals' AND version = 2";
        self.number(mark).await.try_into().unwrap()
    }
}

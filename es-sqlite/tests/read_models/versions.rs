use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use es_core::{
    Begun, Cause, Checkpoint, Consumer, FailureClass, Position, Projection, Recorded, Runner,
};
use es_sqlite::{Context, SqliteHandler, SqliteStore};
use rusqlite::{Connection, Transaction};

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

fn create(transaction: &Transaction<'_>, version: u32) -> Result<(), Cause> {
    let table =
        format!("CREATE TABLE totals_{version} (total INTEGER NOT NULL, events INTEGER NOT NULL)");
    transaction.execute_batch(&table)?;
    let row = format!("INSERT INTO totals_{version} VALUES (0, 0)");
    transaction.execute_batch(&row)?;
    Ok(())
}

fn activate(transaction: &Transaction<'_>, version: u32) -> Result<(), Cause> {
    transaction.execute_batch(&format!(
        "DROP VIEW IF EXISTS answer;
         CREATE VIEW answer AS SELECT {version} AS version, total, events FROM totals_{version};"
    ))?;
    Ok(())
}

fn add(context: &Context<'_>, version: u32, by: i64) -> Result<(), Cause> {
    let sql = format!("UPDATE totals_{version} SET total = total + ?1, events = events + 1");
    context.prepare_cached(&sql)?.execute([by])?;
    Ok(())
}

impl SqliteHandler for Plain {
    fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        create(transaction, 1)
    }
    fn handle(&mut self, event: Recorded<PlainEvent>, context: &Context<'_>) -> Result<(), Cause> {
        let PlainEvent::Counted(Counted { by }) = event.event;
        let position = context.position().number();
        self.told
            .lock()
            .unwrap()
            .insert(position, context.is_replay());
        add(context, 1, by)
    }
    fn activate(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        activate(transaction, 1)
    }
}

impl SqliteHandler for Negated {
    fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        create(transaction, 2)
    }
    fn handle(
        &mut self,
        event: Recorded<NegatedEvent>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let NegatedEvent::Counted(Counted { by }) = event.event;
        let position = context.position().number();
        self.told
            .lock()
            .unwrap()
            .insert(position, context.is_replay());
        if by == 13 && self.refuses_thirteens.load(Ordering::SeqCst) {
            return Err("thirteen".into());
        }
        add(context, 2, -by)
    }
    fn activate(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        activate(transaction, 2)
    }
}

fn answer(connection: &Connection) -> (i64, i64, i64) {
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    connection
        .query_row("SELECT version, total, events FROM answer", [], row)
        .unwrap()
}

#[tokio::test]
async fn a_new_version_is_built_beside_the_old_and_takes_over_when_it_is_not_behind() {
    let bench = Bench::new().await;
    bench.count("a", &[1; 5]).await;
    let models = bench.models().await;
    let (plain, negated) = (Plain::default(), Negated::default());
    let mut old = models.projection(plain.clone());
    old.begin().await.unwrap();
    old.consume(&bench.batch(0).await).await.unwrap();
    let readers = Connection::open(bench.file()).unwrap();

    let mut new = models.projection(negated.clone());
    assert_eq!(new.begin().await.unwrap(), Begun::At(Checkpoint::START));
    // It doesn't answer yet, and a wait goes by the one that does.
    assert_eq!(new.standing().frontier, Position::new(5));
    let mut batch = bench.batch(0).await;
    batch.events = batch.events[..3].into();
    (batch.looked_to, batch.caught_up) = (Position::new(3), false);
    new.consume(&batch).await.unwrap();
    assert_eq!(answer(&readers), (1, 5, 5));
    assert_eq!(new.standing().frontier, Position::new(5));

    // Two that the old one has taken in, and two that it hasn't: all of it in one transaction.
    bench.count("a", &[1, 1]).await;
    new.consume(&bench.batch(3).await).await.unwrap();
    assert_eq!(answer(&readers), (2, -7, 7));
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
    assert_eq!(answer(&readers), (2, -7, 7));
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
    let connection = Connection::open(bench.file()).unwrap();
    let tables: i64 = connection
        .query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'totals'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(tables, 0);
}

fn load(stored: u64) -> Load {
    Load {
        stored,
        seeded: false,
        batch: 1_000,
        between_appends: Duration::from_millis(2),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_meet_no_error_and_no_step_back_while_a_version_takes_over_under_load() {
    switching::takes_over_under_load(&Bench::new().await, load(3_000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "a million events take a minute: run it with `--ignored`, in release"]
async fn and_so_it_is_with_a_million_events() {
    switching::takes_over_under_load(&Bench::new().await, load(1_000_000)).await;
}

#[tokio::test]
async fn an_old_program_that_is_started_alone_leaves_what_answers_as_it_is() {
    switching::an_old_program_that_is_started_alone_stands_by(&Bench::new().await).await;
}

impl Reader for Connection {
    async fn ask(&mut self) -> (i64, i64, i64) {
        answer(self)
    }
}

impl switching::Bench for Bench {
    type Store = SqliteStore;

    fn store(&self) -> SqliteStore {
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
        let connection = Connection::open(self.file()).unwrap();
        connection.busy_timeout(Duration::from_secs(5)).unwrap();
        connection
    }

    async fn seed(&self, _: u64) {
        unreachable!("version 1 takes in a million in seconds here");
    }

    async fn mark(&self) -> u64 {
        let connection = Connection::open(self.file()).unwrap();
        let mark = "SELECT mark FROM es_projections WHERE name = 'totals' AND version = 2";
        let mark: i64 = connection.query_row(mark, [], |row| row.get(0)).unwrap();
        mark.try_into().unwrap()
    }
}

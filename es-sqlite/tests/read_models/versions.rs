use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use es_core::{
    Begun, Cause, Checkpoint, Consumer, FailureClass, Phase, Position, Projection, Recorded, Runner,
};
use es_sqlite::{Context, SqliteHandler};
use rusqlite::{Connection, Transaction};

use crate::domain::{Bench, Counted, Totals, soon};

/// The same as version 1 says, negated, so that one can tell who answers.
#[derive(Clone, Default, Projection)]
#[projection(name = "totals", version = 2, event = NegatedEvent)]
#[event(Counted)]
struct Negated {
    /// Each event with whether it was a replay.
    told: Arc<Mutex<BTreeMap<u64, bool>>>,
    refuses_thirteens: Arc<AtomicBool>,
}

/// Version 1 with a view of what answers.
#[derive(Clone, Default, Projection)]
#[projection(name = "totals", version = 1, event = PlainEvent)]
#[event(Counted)]
struct Plain {
    told: Arc<Mutex<BTreeMap<u64, bool>>>,
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

fn answer(connection: &Connection) -> (u32, i64, i64) {
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
    batch.events.truncate(3);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_meet_no_error_and_no_step_back_while_a_version_takes_over_under_load() {
    takes_over_under_load(3_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "a million events take a minute: run it with `--ignored`, in release"]
async fn and_so_it_is_with_a_million_events() {
    takes_over_under_load(1_000_000).await;
}

/// Version 2 is built from so many events, while eight writers append and a reader asks for the answer without end.
async fn takes_over_under_load(stored: u32) {
    let bench = Bench::new().await;
    let mut left = usize::try_from(stored).unwrap();
    while left > 0 {
        let some = left.min(5_000);
        bench.count("a", &vec![1; some]).await;
        left -= some;
    }
    let models = bench.models().await;
    let (plain, negated) = (Plain::default(), Negated::default());
    let old = Runner::new(bench.store.clone(), models.projection(plain.clone()));
    let old_handle = old.handle();
    tokio::spawn(old.run());
    let all = Position::new(stored.into());
    soon(old_handle.wait_for(all)).await.unwrap();

    let ended = Arc::new(AtomicBool::new(false));
    let reader = std::thread::spawn({
        let (file, ended) = (bench.file(), Arc::clone(&ended));
        move || {
            let connection = Connection::open(file).unwrap();
            connection.busy_timeout(Duration::from_secs(5)).unwrap();
            let (mut version, mut events, mut reads) = (1, i64::from(stored), 0_u64);
            while !ended.load(Ordering::SeqCst) {
                let (now, total, count) = answer(&connection);
                assert!(
                    now >= version && count >= events,
                    "{now} {count} after {version} {events}"
                );
                assert_eq!(total, if now == 1 { count } else { -count });
                (version, events, reads) = (now, count, reads + 1);
            }
            (version, reads)
        }
    });
    let switched = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let (store, switched) = (bench.store.clone(), Arc::clone(&switched));
            tokio::spawn(async move {
                let mut appends = 0_i64;
                while !switched.load(Ordering::SeqCst) {
                    crate::domain::count(&store, &format!("w{writer}"), &[1, 1]).await;
                    appends += 1;
                    // So that the old version can follow, and the new one has something to overtake.
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                appends
            })
        })
        .collect();
    let new = Runner::new(bench.store.clone(), models.projection(negated.clone()));
    let new_handle = new.handle();
    tokio::spawn(new.run());
    let answers = Connection::open(bench.file()).unwrap();
    answers.busy_timeout(Duration::from_secs(5)).unwrap();
    while answer(&answers).0 == 1 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    switched.store(true, Ordering::SeqCst);
    let mut appends = 0;
    for writer in writers {
        appends += soon(writer).await.unwrap();
    }
    soon(new_handle.wait_for_head()).await.unwrap();
    soon(async {
        while old_handle.status().phase != Phase::Standby {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    // The old one's waits go on, by what answers now.
    let head = bench.count("a", &[1]).await;
    soon(new_handle.wait_for(head)).await.unwrap();
    soon(old_handle.wait_for(head)).await.unwrap();
    ended.store(true, Ordering::SeqCst);
    let (version, reads) = reader.join().unwrap();
    assert!(version == 2 && reads > 0 && appends > 0);
    println!("{appends} appends and {reads} reads while {stored} events were built");
    let events = i64::from(stored) + 2 * appends + 1;
    assert_eq!(
        answer(&Connection::open(bench.file()).unwrap()),
        (2, -events, events)
    );

    // Each event had its effect once: by the old version or, past its mark, by the new one.
    let connection = Connection::open(bench.file()).unwrap();
    let mark = "SELECT mark FROM es_projections WHERE name = 'totals' AND version = 2";
    let mark = u64::from(
        connection
            .query_row(mark, [], |row| row.get::<_, u32>(0))
            .unwrap(),
    );
    let (by_old, by_new) = (plain.told.lock().unwrap(), negated.told.lock().unwrap());
    assert!(mark >= stored.into());
    assert!(by_old.keys().copied().eq(1..=mark));
    assert!(by_new.keys().copied().eq(1..=head.number()));
    for (position, replay) in &*by_new {
        assert_eq!(*replay, *position <= mark, "at {position}");
    }
}

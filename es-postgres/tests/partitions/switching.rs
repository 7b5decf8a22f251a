use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use es_core::{Failure, Phase, Runner, RunnerHandle};
use es_postgres::tokio_postgres::Client;
use es_postgres::{PostgresHandler, PostgresReadModels};
use es_servers::needs_postgres;
use tokio::task::JoinHandle;

use crate::domain::{Bench, count, soon};
use crate::entries::{Conduct, First, Second, Third, is_exact, rows};

type Running = JoinHandle<Result<(), Arc<Failure>>>;

fn start<H: PostgresHandler + Clone>(
    bench: &Bench,
    models: &PostgresReadModels,
    handler: H,
    partitions: u32,
) -> (RunnerHandle, Running) {
    let projection = models.projection(handler).partitions(partitions);
    // Small batches: the new one has to catch up with one that moves on.
    let runner = Runner::new(bench.store.clone(), projection)
        .batch(20)
        .attempts(1);
    (runner.handle(), tokio::spawn(runner.run()))
}

/// Asks what is shown without end, and sees no error and no stream step back; the version at the end.
async fn read(client: Client, ended: Arc<AtomicBool>) -> i32 {
    let (mut version, mut counts) = (0, BTreeMap::new());
    while !ended.load(Ordering::SeqCst) {
        let all = "SELECT stream, max(version), count(*), count(DISTINCT version) FROM entries GROUP BY stream";
        for row in client.query(all, &[]).await.unwrap() {
            let (stream, now, count, versions): (String, i32, i64, i64) =
                (row.get(0), row.get(1), row.get(2), row.get(3));
            let before = counts.insert(stream.clone(), count).unwrap_or(0);
            assert!(
                count >= before,
                "{stream}: {count} after {before}, version {now}"
            );
            assert!(now >= version && versions == 1);
            version = now;
        }
    }
    version
}

async fn until_active(bench: &Bench, version: i64) {
    let is_active = |rows: Vec<(i64, i64, String)>| {
        !rows.is_empty() && rows.iter().all(|(_, _, state)| state == "active")
    };
    soon(async {
        while !is_active(rows(bench, version).await) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

fn writers(bench: &Bench, ended: &Arc<AtomicBool>) -> Vec<JoinHandle<()>> {
    let writer = |writer: u32| {
        let (store, ended) = (bench.store.clone(), Arc::clone(ended));
        async move {
            let mut round = 0;
            while !ended.load(Ordering::SeqCst) {
                round += 1;
                let stream = format!("w{}", (writer + round) % 12);
                count(&store, &stream, &[1, 1]).await;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    };
    (0..4).map(|number| tokio::spawn(writer(number))).collect()
}

async fn states(bench: &Bench, version: i64) -> Vec<String> {
    let rows = rows(bench, version).await;
    rows.into_iter().map(|(_, _, state)| state).collect()
}

needs_postgres! {
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_version_in_other_partitions_takes_over_as_one_while_writers_append() {
        let bench = Bench::new().await;
        for stream in 0..12 {
            bench.count(&format!("w{stream}"), &[1; 30]).await;
        }
        let models = bench.models().await;
        let (first, _) = start(&bench, &models, First::default(), 1);
        soon(first.wait_for_head()).await.unwrap();
        let (ended, stop) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let reader = tokio::spawn(read(bench.place().client().await, Arc::clone(&ended)));
        let writers = writers(&bench, &stop);

        let (second, _) = start(&bench, &models, Second::default(), 4);
        until_active(&bench, 2).await;
        let (third, _) = start(&bench, &models, Third::default(), 2);
        until_active(&bench, 3).await;
        stop.store(true, Ordering::SeqCst);
        for writer in writers {
            soon(writer).await.unwrap();
        }
        // The waits of all go on, by what answers now.
        let head = bench.count("w0", &[1]).await;
        for handle in [&first, &second, &third] {
            soon(handle.wait_for(head)).await.unwrap();
        }
        ended.store(true, Ordering::SeqCst);
        assert_eq!(soon(reader).await.unwrap(), 3);
        is_exact(&bench, 3).await;
        assert_eq!(states(&bench, 1).await, ["retired"; 1]);
        assert_eq!(states(&bench, 2).await, ["retired"; 4]);
        assert_eq!(states(&bench, 3).await, ["active"; 2]);
        // It wasn't all a replay.
        let real = bench.number("SELECT count(*) FROM entries_3 WHERE NOT replay").await;
        assert!(real > 0, "{real}");

        // An old one that is started again stands by, whatever its number.
        let (old, _) = start(&bench, &models, Second::default(), 3);
        soon(old.wait_for(head)).await.unwrap();
        assert_eq!(old.status().phase, Phase::Standby);
        for handle in [first, second, third, old] {
            soon(handle.shutdown()).await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_a_dead_version_left_in_uneven_partitions_is_taken_up_and_nothing_is_done_twice() {
        let bench = Bench::new().await;
        let models = bench.models().await;
        let conduct = Conduct::refusing(13);
        let (first, running) = start(&bench, &models, First(conduct), 3);
        for round in 0..20 {
            bench.count(&round.to_string(), &[1, 1]).await;
        }
        soon(first.wait_for_head()).await.unwrap();
        // One partition stops at the first of these, and the others with it, wherever they are.
        for round in 0..20 {
            bench.count(&round.to_string(), &[if round == 7 { 13 } else { 1 }, 1]).await;
        }
        soon(running).await.unwrap().unwrap_err();
        let marks = rows(&bench, 1).await;
        assert_eq!(states(&bench, 1).await, ["active"; 3]);

        let (second, _) = start(&bench, &models, Second::default(), 2);
        soon(second.wait_for_head()).await.unwrap();
        is_exact(&bench, 2).await;
        assert_eq!(states(&bench, 1).await, ["retired"; 3]);
        let positions = |rows: &[(i64, i64, String)]| rows.iter().map(|row| row.0).collect::<Vec<_>>();
        assert_eq!(positions(&rows(&bench, 1).await), positions(&marks));
        soon(second.shutdown()).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_new_version_that_is_broken_never_holds_up_the_old_one() {
        let bench = Bench::new().await;
        for stream in 0..12 {
            bench.count(&stream.to_string(), &[1, if stream == 11 { 13 } else { 1 }]).await;
        }
        let models = bench.models().await;
        let (first, _) = start(&bench, &models, First::default(), 2);
        soon(first.wait_for_head()).await.unwrap();
        let broken = Second(Conduct::refusing(13));
        let (second, running) = start(&bench, &models, broken, 3);
        soon(running).await.unwrap().unwrap_err();
        let head = bench.count("0", &[1]).await;
        soon(first.wait_for(head)).await.unwrap();
        is_exact(&bench, 1).await;
        assert_eq!(states(&bench, 1).await, ["active"; 2]);
        // It waits by the old one, which answers; so does whoever asks it once it goes on.
        assert!(second.status().frontier < head);
        let (cured, _) = start(&bench, &models, Second::default(), 3);
        until_active(&bench, 2).await;
        soon(cured.wait_for_head()).await.unwrap();
        is_exact(&bench, 2).await;
        for handle in [first, cured] {
            soon(handle.shutdown()).await;
        }
    }
}

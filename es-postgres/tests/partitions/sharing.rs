use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use es_core::{Consumer, FailureClass, Phase, Runner, RunnerHandle};
use es_postgres::PostgresProjection;
use es_servers::needs_postgres;

use crate::domain::{Bench, WAITS, soon};
use crate::entries::{Conduct, First, is_exact, rows, stream_in, streams_in, until};

/// What tells who is in charge that it isn't any more, soon.
const LEASE: Duration = Duration::from_millis(500);

async fn projection(bench: &Bench, conduct: &Conduct) -> PostgresProjection<First> {
    let models = bench.models().await.lease(LEASE);
    models.projection(First(conduct.clone()))
}

fn start(bench: &Bench, projection: PostgresProjection<First>) -> RunnerHandle {
    let runner = Runner::new(bench.store.clone(), projection);
    let runner = runner.attempts(1).park_failures();
    let handle = runner.handle();
    tokio::spawn(runner.run());
    handle
}

/// The partitions that this runner is in charge of.
fn held(handle: &RunnerHandle) -> HashSet<u32> {
    let all = handle.partitions().into_iter();
    let held = all.filter(|one| matches!(one.phase, Phase::Live | Phase::CatchingUp));
    held.map(|one| one.partition.number()).collect()
}

async fn until_it_holds(handle: &RunnerHandle, count: usize) {
    soon(async {
        while held(handle).len() != count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

needs_postgres! {
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn in_partitions_each_event_is_taken_in_once_and_each_key_in_order() {
        let bench = Bench::new().await;
        for stream in 0..20 {
            bench.count(&stream.to_string(), &[1; 20]).await;
        }
        let projection = projection(&bench, &Conduct::default()).await;
        let runner = Runner::new(bench.store.clone(), projection.partitions(4)).batch(7);
        let handle = runner.handle();
        let running = tokio::spawn(runner.run());
        for stream in 0..20 {
            let appended = bench.count(&stream.to_string(), &[1, 2]).await;
            let reached = soon(handle.wait_for(appended)).await.unwrap();
            assert!(reached.frontier >= appended);
            is_exact(&bench, 1).await;
        }
        let each = handle.partitions();
        assert!(each.iter().all(|one| one.events > 0) && each.len() == 4, "{each:?}");
        assert_eq!(handle.status().events, 20 * 22);
        assert_eq!(rows(&bench, 1).await.len(), 4);
        soon(handle.shutdown()).await;
        running.await.unwrap().unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn processes_share_the_partitions_and_take_over_what_another_leaves() {
        let bench = Bench::new().await;
        let conduct = Conduct::default();
        let some = async || projection(&bench, &conduct).await.partitions(4).at_most(2);
        let (one, other) = (start(&bench, some().await), start(&bench, some().await));
        until_it_holds(&one, 2).await;
        until_it_holds(&other, 2).await;
        assert!(held(&one).is_disjoint(&held(&other)));
        // A wait goes by all of them, wherever they run.
        for stream in 0..8 {
            let appended = bench.count(&stream.to_string(), &[1]).await;
            for handle in [&one, &other] {
                soon(handle.wait_for(appended)).await.unwrap();
                is_exact(&bench, 1).await;
            }
        }
        soon(other.shutdown()).await;
        let third = start(&bench, some().await);
        until_it_holds(&third, 2).await;
        assert!(held(&one).is_disjoint(&held(&third)));
        let all = start(&bench, projection(&bench, &conduct).await.partitions(4));
        until(&all, &[0, 1, 2, 3], |status| status.phase == Phase::Standby).await;
        soon(one.shutdown()).await;
        soon(third.shutdown()).await;
        until_it_holds(&all, 4).await;
        let head = bench.count("a", &[1]).await;
        soon(all.wait_for(head)).await.unwrap();
        is_exact(&bench, 1).await;
        soon(all.shutdown()).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn one_partition_is_taken_over_while_the_others_go_on() {
        let bench = Bench::new().await;
        let conduct = Conduct::default();
        conduct.waits.store(true, Ordering::SeqCst);
        let one = start(&bench, projection(&bench, &conduct).await.partitions(3));
        until_it_holds(&one, 3).await;
        // It is held up inside a transaction of its second partition.
        bench.lock().await;
        let stuck = bench.count(&stream_in(1, 3), &[1, 99, 1]).await;
        let watching = bench.place().client().await;
        crate::support::until(&watching, WAITS).await;
        let epochs = async || rows(&bench, 1).await.iter().map(|row| row.1).collect::<Vec<_>>();
        let before = epochs().await;
        let expire = "UPDATE es_projections SET lease_until = '-infinity' WHERE partition = 1";
        watching.execute(expire, &[]).await.unwrap();
        let other = start(&bench, projection(&bench, &Conduct::default()).await.partitions(3));
        until(&other, &[1], |status| status.frontier >= stuck).await;
        let after = epochs().await;
        assert_eq!(after, [before[0], before[1] + 1, before[2]]);

        let head = bench.count(&stream_in(0, 3), &[1]).await;
        let head = head.max(bench.count(&stream_in(2, 3), &[1]).await);
        until(&one, &[0, 2], |status| status.frontier >= head).await;
        soon(other.wait_for(head)).await.unwrap();
        assert_eq!((held(&other), epochs().await), ([1].into(), after));
        bench.unlock().await;
        // Its commit is refused when it wakes, and it stands by for that partition alone.
        until(&one, &[1], |status| status.phase == Phase::Standby).await;
        soon(one.wait_for(head)).await.unwrap();
        assert_eq!(held(&one), [0, 2].into());
        is_exact(&bench, 1).await;
        for handle in [one, other] {
            soon(handle.shutdown()).await;
        }
    }

    #[tokio::test]
    async fn a_key_that_is_put_aside_holds_up_neither_its_partition_nor_another() {
        let bench = Bench::new().await;
        let conduct = Conduct::refusing(13);
        let handle = start(&bench, projection(&bench, &conduct).await.partitions(2));
        let (bad, neighbour) = {
            let streams = streams_in(1, 2);
            (streams[0].clone(), streams[1].clone())
        };
        bench.count(&bad, &[1, 13, 1]).await;
        bench.count(&neighbour, &[1]).await;
        bench.count(&stream_in(0, 2), &[1]).await;
        let head = bench.count(&bad, &[1]).await;
        assert_eq!(soon(handle.wait_for(head)).await.unwrap().parked, 3);
        let each: Vec<_> = handle.partitions().iter().map(|one| one.parked).collect();
        assert_eq!(each, [0, 3]);
        assert_eq!(bench.number("SELECT count(*) FROM entries").await, 3);

        conduct.refuses.store(0, Ordering::SeqCst);
        let models = bench.models().await;
        let key = format!("counter/{bad}");
        let retried = models.retry(First(conduct), &bench.store, &key).await.unwrap();
        assert!(retried.taken == 3 && retried.failure.is_none(), "{retried:?}");
        is_exact(&bench, 1).await;
        let head = bench.count(&bad, &[1]).await;
        assert_eq!(soon(handle.wait_for(head)).await.unwrap().parked, 0);
        is_exact(&bench, 1).await;
        soon(handle.shutdown()).await;
    }

    #[tokio::test]
    async fn the_number_of_partitions_of_a_version_stays_as_it_is() {
        let bench = Bench::new().await;
        let conduct = Conduct::default();
        let handle = start(&bench, projection(&bench, &conduct).await.partitions(4));
        let head = bench.count("a", &[1, 2]).await;
        soon(handle.wait_for(head)).await.unwrap();
        soon(handle.shutdown()).await;
        let before = rows(&bench, 1).await;
        let all = async || projection(&bench, &conduct).await;
        for other in [all().await, all().await.partitions(2), all().await.partitions(5)] {
            let runner = Runner::new(bench.store.clone(), other);
            let failure = soon(runner.run()).await.unwrap_err();
            assert_eq!(failure.class(), FailureClass::Partitioned);
            assert!(failure.to_string().contains("kept in 4 partitions"), "{failure}");
            assert_eq!(rows(&bench, 1).await, before);
        }
        // What is split isn't run as if it were whole.
        let failure = all().await.partitions(4).begin().await.unwrap_err();
        assert_eq!(failure.class(), FailureClass::Database);
        assert_eq!(rows(&bench, 1).await, before);
        is_exact(&bench, 1).await;
    }
}

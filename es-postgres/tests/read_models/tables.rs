use std::sync::atomic::Ordering;
use std::time::Duration;

use es_core::{Begun, Consumer, Position, StateStore};
use es_servers::needs_postgres;

use crate::domain::{Bench, Totals};

const BEFORE: &str = include_str!("before_versions.sql");

needs_postgres! {
    #[tokio::test]
    async fn tables_of_before_there_were_versions_are_brought_up_to_date_and_lose_nothing() {
        let bench = Bench::new_with(BEFORE).await;
        bench.count("a", &[1, 2, 13, 4]).await;
        let versions = "SELECT count(*) FROM es_read_models";
        for _ in 0..2 {
            let models = bench.models().await;
            let parked = models.parked::<Totals>().await.unwrap();
            let parked: Vec<_> = parked.iter().map(|one| one.position.number()).collect();
            assert_eq!(parked, [3, 4]);
            let state = models.load_state("sums", 7).await.unwrap().unwrap();
            assert_eq!((state.schema, state.state.as_str()), (u64::MAX, r#"{"sum":20}"#));
            assert_eq!(state.checkpoint.position, Position::new(4));
            assert_eq!(bench.number("SELECT count(*) FROM es_skipped WHERE actor = 'ada'").await, 1);
            assert_eq!(bench.number(versions).await, 2);
        }
        let models = bench.models().await;
        let totals = Totals::default();
        let mut projection = models.projection(totals.clone());
        let Begun::At(checkpoint) = projection.begin().await.unwrap() else {
            panic!("nobody has it");
        };
        assert_eq!(checkpoint.position, Position::new(4));
        assert_eq!(bench.number("SELECT epoch FROM es_projections").await, 4);
        totals.cured.store(true, Ordering::SeqCst);
        let retried = models.retry(totals, &bench.store, "counter/a").await.unwrap();
        assert_eq!(retried.taken, 2);
        bench.count("a", &[1]).await;
        projection.consume(&bench.batch(4).await).await.unwrap();
        bench.is_exact().await;
    }

    #[tokio::test]
    async fn several_that_open_a_database_of_before_at_once_bring_it_up_to_date_once() {
        let bench = Bench::new_with(BEFORE).await;
        let client = bench.client();
        client.batch_execute("DROP INDEX es_parked_by_key; ALTER TABLE es_projections DROP lease; \
                              DROP TABLE es_read_models").await.unwrap();
        let open = || bench.models();
        tokio::join!(open(), open(), open(), open());
        assert_eq!(bench.number("SELECT count(*) FROM es_read_models").await, 2);
    }

    #[tokio::test]
    async fn read_models_of_a_newer_version_are_refused() {
        let bench = Bench::new().await;
        let newer = "INSERT INTO es_read_models VALUES (99)";
        bench.client().batch_execute(newer).await.unwrap();
        let error = bench.place().try_models().await.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("read models have schema 99"), "{cause}");
        // The log beside them has versions of its own.
        bench.place().store().await;
        assert_eq!(bench.number("SELECT max(version)::bigint FROM es_migrations").await, 3);
    }

    #[tokio::test]
    async fn a_lease_of_a_clock_that_was_ahead_lasts_no_longer_than_any() {
        let bench = Bench::new().await;
        let models = bench.models().await.lease(Duration::from_hours(1));
        models.projection(Totals::default()).begin().await.unwrap();
        let ahead = "UPDATE es_projections SET lease_until = lease_until + interval '1 day'";
        bench.client().batch_execute(ahead).await.unwrap();
        let until = "SELECT extract(epoch FROM lease_until)::bigint FROM es_projections";
        let was = bench.number(until).await;
        let mut other = bench.models().await.projection(Totals::default());
        // It has its hour from now on, and not the day before.
        assert!(matches!(other.begin().await.unwrap(), Begun::Held { .. }));
        let bounded = bench.number(until).await;
        assert!(bounded <= was - 86_000, "{bounded} of {was}");
        assert!(matches!(other.begin().await.unwrap(), Begun::Held { .. }));
        assert!(bench.number(until).await <= bounded);
        // And one whose time is over is over.
        let over = format!("{ahead}, lease = interval '0'");
        bench.client().batch_execute(&over).await.unwrap();
        assert!(matches!(other.begin().await.unwrap(), Begun::Held { .. }));
        assert!(matches!(other.begin().await.unwrap(), Begun::At(_)));
    }
}

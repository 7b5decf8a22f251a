use std::sync::atomic::Ordering;
use std::time::Duration;

use es_core::{Begun, Consumer, Position, StateStore};
use es_sqlite::SqliteReadModels;
use rusqlite::Connection;

use crate::domain::{Bench, Totals};

const BEFORE: &str = include_str!("before_versions.sql");

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn tables_of_before_there_were_versions_are_brought_up_to_date_and_lose_nothing() {
    let bench = Bench::new().await;
    bench.count("a", &[1, 2, 13, 4]).await;
    let connection = Connection::open(bench.file()).unwrap();
    connection.execute_batch(BEFORE).unwrap();

    let versions = "SELECT count(*) FROM es_read_models";
    for _ in 0..2 {
        let models = bench.models().await;
        let parked = models.parked::<Totals>().await.unwrap();
        let parked: Vec<_> = parked.iter().map(|one| one.position.number()).collect();
        assert_eq!(parked, [3, 4]);
        let state = models.load_state("sums", 7).await.unwrap().unwrap();
        assert_eq!(
            (state.schema, state.state.as_str()),
            (u64::MAX, r#"{"sum":20}"#)
        );
        assert_eq!(state.checkpoint.position, Position::new(4));
        assert_eq!(
            number(
                &connection,
                "SELECT count(*) FROM es_skipped WHERE actor = 'ada'"
            ),
            1
        );
        assert_eq!(number(&connection, versions), 2);
    }
    let models = bench.models().await;
    let totals = Totals::default();
    let mut projection = models.projection(totals.clone());
    let Begun::At(checkpoint) = projection.begin().await.unwrap() else {
        panic!("nobody has it");
    };
    assert_eq!(checkpoint.position, Position::new(4));
    assert_eq!(number(&connection, "SELECT epoch FROM es_projections"), 4);
    totals.cured.store(true, Ordering::SeqCst);
    let retried = models
        .retry(totals, &bench.store, "counter/a")
        .await
        .unwrap();
    assert_eq!(retried.taken, 2);
    bench.count("a", &[1]).await;
    projection.consume(&bench.batch(4).await).await.unwrap();
    assert_eq!(bench.sums(), bench.folded().await);
}

#[tokio::test]
async fn several_that_open_a_database_of_before_at_once_bring_it_up_to_date_once() {
    let bench = Bench::new().await;
    let connection = Connection::open(bench.file()).unwrap();
    connection.execute_batch(BEFORE).unwrap();
    let opened = (0..8).map(|_| SqliteReadModels::open(bench.file()));
    for models in futures_util::future::join_all(opened).await {
        models.unwrap();
    }
    assert_eq!(
        number(&connection, "SELECT count(*) FROM es_read_models"),
        2
    );
}

#[tokio::test]
async fn read_models_of_a_newer_version_are_refused() {
    let bench = Bench::new().await;
    let models = bench.models().await;
    let connection = Connection::open(bench.file()).unwrap();
    connection
        .execute_batch("INSERT INTO es_read_models VALUES (99, 0)")
        .unwrap();
    let error = SqliteReadModels::open(bench.file()).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("read models have schema 99"), "{cause}");
    // Neither does a projection begin that comes after it.
    models
        .projection(Totals::default())
        .begin()
        .await
        .unwrap_err();
    assert_eq!(
        number(&connection, "SELECT count(*) FROM es_projections"),
        0
    );
    // The log in the same file, where there is one, has versions of its own.
    let there = "SELECT count(*) FROM sqlite_schema WHERE name = 'totals'";
    assert_eq!(number(&connection, there), 0);
}

#[tokio::test]
async fn a_lease_of_a_clock_that_was_ahead_lasts_no_longer_than_any() {
    let bench = Bench::new().await;
    let models = bench.models().await.lease(Duration::from_hours(1));
    models.projection(Totals::default()).begin().await.unwrap();
    let connection = Connection::open(bench.file()).unwrap();
    let ahead = "UPDATE es_projections SET lease_until = lease_until + 86400000000";
    connection.execute_batch(ahead).unwrap();
    let was = number(&connection, "SELECT lease_until FROM es_projections");
    let mut other = bench.models().await.projection(Totals::default());
    // It has its hour from now on, and not the day before.
    assert!(matches!(other.begin().await.unwrap(), Begun::Held { .. }));
    let bounded = number(&connection, "SELECT lease_until FROM es_projections");
    assert!(bounded <= was - 86_000_000_000, "{bounded} of {was}");
    assert!(matches!(other.begin().await.unwrap(), Begun::Held { .. }));
    assert!(number(&connection, "SELECT lease_until FROM es_projections") <= bounded);
    // And one whose time is over is over.
    connection
        .execute_batch(&format!("{ahead}, lease = 0"))
        .unwrap();
    assert!(matches!(other.begin().await.unwrap(), Begun::At(_)));
}

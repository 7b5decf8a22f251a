use std::time::Duration;

use es_core::{Repository, Since};

use crate::bench::{Bench, count, new};
use crate::domain::{DUE, Paid, Wallet};

#[tokio::test]
async fn a_deadline_fires_once_when_its_time_is_up_and_not_before() {
    let (clock, store) = new();
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    bench.place("1", "ada", 0).await;
    clock.advance(Duration::from_micros(1));
    bench.place("2", "ada", 0).await;
    bench.idle().await;
    assert_eq!(bench.view.overview().deadlines, 2);
    clock.advance(DUE.saturating_sub(Duration::from_micros(1)));
    assert_eq!(bench.said("1").await, ["too late"]);
    bench.idle().await;
    // What is due at the same time fires at the same time, and the second wasn't.
    assert_eq!(bench.view.overview().deadlines, 1);
    clock.advance(Duration::from_micros(1));
    assert_eq!(bench.said("2").await, ["too late"]);
    bench.idle().await;
    assert_eq!(count(&store, "es.deadline-fired").await, 2);
    assert_eq!(bench.view.overview().deadlines, 0);
}

#[tokio::test]
async fn a_deadline_that_was_cancelled_does_not_fire() {
    let (clock, store) = new();
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    bench.fill("ada", 100).await;
    bench.place("1", "ada", 30).await;
    assert_eq!(bench.said("1").await, ["confirmed"]);
    bench.idle().await;
    clock.advance(2 * DUE);
    // One that isn't fires, so the clock was looked at.
    bench.place("2", "ada", 0).await;
    clock.advance(2 * DUE);
    assert_eq!(bench.said("2").await, ["too late"]);
    assert_eq!(bench.said("1").await, ["confirmed"]);
    assert_eq!(count(&store, "es.deadline-fired").await, 1);
}

#[tokio::test]
async fn a_deadline_that_was_set_before_a_restart_fires_once_after_it() {
    let (clock, store) = new();
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    bench.place("1", "ada", 0).await;
    bench.idle().await;
    bench.end().await;
    clock.advance(DUE);
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    assert_eq!(bench.said("1").await, ["too late"]);
    bench.idle().await;
    assert_eq!(count(&store, "es.deadline-fired").await, 1);
}

#[tokio::test]
async fn a_deadline_does_not_fire_before_what_came_in_time_was_taken_in() {
    let (clock, store) = new();
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    for order in 0..20 {
        bench.place(&order.to_string(), "ada", 0).await;
    }
    bench.idle().await;
    bench.end().await;
    // All are paid in time, while nobody runs the process; and then the time is up.
    crate::bench::fill(&store, "ada", 100).await;
    let wallets = Repository::<Wallet, _>::new(store.clone());
    for order in 0..20 {
        let paid = Paid {
            order: order.to_string(),
            cents: 1,
        };
        wallets
            .execute(&"ada".to_owned(), |_| paid.clone())
            .await
            .unwrap();
    }
    clock.advance(2 * DUE);
    let bench = Bench::run_since(store.clone(), store.clone(), &clock, Since::Beginning);
    for order in 0..20 {
        assert_eq!(bench.said(&order.to_string()).await, ["confirmed"]);
    }
    bench.idle().await;
    assert_eq!(count(&store, "es.deadline-fired").await, 0);
}

use std::time::Duration;

use es_core::{EventId, Json, NewEvent, Repository, Since};
use es_testkit::{Fault, FaultyStore};

use crate::bench::{Bench, count, new, place, soon};
use crate::domain::{DUE, Order, Paid, Wallet};

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

#[tokio::test]
async fn the_deadlines_of_an_instance_that_is_over_do_not_fire() {
    let (clock, store) = new();
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    bench.fill("ada", 10).await;
    bench.place("1", "ada", 30).await;
    let rejected = ["Rejected: the wallet holds 10"];
    assert_eq!(bench.said("1").await, rejected);
    bench.idle().await;
    assert_eq!(bench.view.overview().deadlines, 0);
    clock.advance(2 * DUE);
    // One that isn't over has one that fires, so the clock was looked at.
    bench.place("2", "ada", 0).await;
    clock.advance(2 * DUE);
    assert_eq!(bench.said("2").await, ["too late"]);
    bench.idle().await;
    assert_eq!(bench.said("1").await, rejected);
    assert_eq!(count(&store, "es.deadline-fired").await, 1);
}

#[tokio::test]
async fn a_cancellation_that_comes_first_wins() {
    let (clock, store) = new();
    let faulty = FaultyStore::new(store.clone());
    let bench = Bench::run(faulty.clone(), store.clone(), &clock);
    place(&store, "1", "ada", 0).await;
    bench.idle().await;
    // Another program that runs the process has it cancelled, just before this one fires it.
    let payload = Json::parse(r#"{"deadline":"payment-due"}"#).unwrap();
    let cancelled = NewEvent::new(EventId::random(), "es.deadline-cancelled", 1, payload);
    faulty.on_next_append(Fault::Overtaken(cancelled));
    clock.advance(DUE);
    let met = bench.view.wait_until(|overview| overview.deadlines == 0);
    soon(met).await.unwrap();
    bench.idle().await;
    assert_eq!(count(&store, "es.deadline-cancelled").await, 1);
    assert_eq!(count(&store, "es.deadline-fired").await, 0);
    let orders = Repository::<Order, _>::new(store);
    assert!(orders.load(&"1".to_owned()).await.unwrap().is_open);
}

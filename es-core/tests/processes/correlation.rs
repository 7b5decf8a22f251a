use es_core::{EventStore, Repository, Since};

use crate::bench::{Bench, count, log, new};
use crate::domain::{Confirmed, Order, Paid, Payment, Wallet};

#[tokio::test]
async fn what_continues_no_instance_is_ignored_and_counted() {
    let (clock, store) = new();
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    bench.fill("ada", 100).await;
    let wallets = Repository::<Wallet, _>::new(store.clone());
    let paid = Paid {
        order: "none".to_owned(),
        cents: 1,
    };
    wallets
        .execute(&"ada".to_owned(), |_| paid.clone())
        .await
        .unwrap();
    // Its key says that it concerns no instance.
    bench.place("9", "nobody", 5).await;
    bench.idle().await;
    assert_eq!(bench.view.overview().ignored, 2);
    assert_eq!(count(&store, "es.consumed").await, 0);
}

#[tokio::test]
async fn after_its_end_an_instance_takes_in_nothing() {
    let (clock, store) = new();
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    bench.fill("ada", 100).await;
    bench.place("1", "ada", 30).await;
    bench.said("1").await;
    bench.idle().await;
    let before = log(&store).await.len();
    let orders = Repository::<Order, _>::new(store.clone());
    orders
        .execute(&"1".to_owned(), |_| Confirmed {})
        .await
        .unwrap();
    bench.idle().await;
    assert_eq!(bench.view.overview().ignored, 1);
    assert_eq!(log(&store).await.len(), before + 1);
}

#[tokio::test]
async fn older_payloads_come_as_the_newest_version() {
    let (clock, store) = new();
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    bench.fill("ada", 100).await;
    let payload = es_core::Json::parse(r#"{"wallet":"ada","amount":40}"#).unwrap();
    let placed = es_core::NewEvent::new(es_core::EventId::random(), "order.placed", 1, payload);
    let stream = es_core::StreamId::new("order", "1").unwrap();
    let append = es_core::Append::new(stream, es_core::Expected::NoStream, vec![placed]);
    store.append(append).await.unwrap();
    assert_eq!(bench.said("1").await, ["confirmed"]);
    assert_eq!(bench.cents("ada").await, 60);
}

#[tokio::test]
async fn a_new_process_begins_where_it_is_declared_and_later_where_it_was() {
    let (clock, store) = new();
    crate::bench::fill(&store, "ada", 100).await;
    crate::bench::place(&store, "1", "ada", 30).await;
    let bench = Bench::run_since(store.clone(), store.clone(), &clock, Since::Now);
    bench.handle.wait_for_head().await.unwrap();
    bench.end().await;
    // While nobody runs it.
    crate::bench::place(&store, "2", "ada", 30).await;
    let bench = Bench::run_since(store.clone(), store.clone(), &clock, Since::Now);
    assert_eq!(bench.said("2").await, ["confirmed"]);
    bench.idle().await;
    let orders = Repository::<Order, _>::new(store.clone());
    assert!(orders.load(&"1".to_owned()).await.unwrap().is_open);
    let payments = Repository::<Payment, _>::new(store);
    assert_eq!(
        payments
            .load(&"1".to_owned())
            .await
            .unwrap()
            .revision()
            .number(),
        0
    );
}

#[tokio::test]
async fn what_was_to_be_done_is_found_again_where_its_place_was_lost() {
    let (clock, store) = new();
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    bench.place("1", "ada", 0).await;
    bench.idle().await;
    assert_eq!(bench.view.overview().deadlines, 1);
    bench.end().await;
    clock.advance(crate::domain::DUE);
    let elsewhere = crate::bench::memory(&clock);
    let bench = Bench::run_since(store.clone(), elsewhere, &clock, Since::Now);
    assert_eq!(bench.said("1").await, ["too late"]);
}

#[tokio::test]
async fn one_that_lags_behind_passes_over_what_the_others_passed_over() {
    let (clock, store) = new();
    // Its place is before everything.
    let elsewhere = crate::bench::memory(&clock);
    let second = Bench::run(store.clone(), elsewhere.clone(), &clock);
    second.idle().await;
    second.end().await;
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    bench.fill("ada", 100).await;
    let wallets = Repository::<Wallet, _>::new(store.clone());
    let paid = Paid {
        order: "1".to_owned(),
        cents: 1,
    };
    let too_early = wallets.execute(&"ada".to_owned(), |_| paid.clone());
    too_early.await.unwrap();
    bench.place("1", "ada", 0).await;
    bench.idle().await;
    // It meets the payment while the instance is running that has passed over it.
    let second = Bench::run(store.clone(), elsewhere, &clock);
    second.idle().await;
    assert_eq!(count(&store, "es.consumed").await, 1);
    assert_eq!(count(&store, "es.commanded").await, 0);
    assert_eq!(second.view.overview(), bench.view.overview());
}

use es_core::{CausationTree, Repository};

use crate::bench::{Bench, count, log, new};
use crate::domain::{Paid, Payment, Wallet};

#[tokio::test]
async fn an_event_leads_to_commands_and_their_events_to_others() {
    let (clock, store) = new();
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    bench.fill("ada", 100).await;
    bench.place("1", "ada", 30).await;
    assert_eq!(bench.said("1").await, ["confirmed"]);
    bench.idle().await;
    assert_eq!(bench.cents("ada").await, 70);
    let overview = bench.view.overview();
    assert_eq!(
        (overview.open, overview.unsent, overview.deadlines),
        (0, 0, 0)
    );
    // The wallet's first event isn't an input, and so isn't ignored either.
    assert_eq!(overview.ignored, 0);
}

#[tokio::test]
async fn what_a_command_brings_forth_says_who_and_what_led_to_it() {
    let (clock, store) = new();
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    bench.fill("ada", 100).await;
    bench.place("1", "ada", 30).await;
    bench.said("1").await;
    bench.idle().await;
    let wallets = Repository::<Wallet, _>::new(store.clone());
    let trail = wallets.audit(&"ada".to_owned()).await.unwrap();
    let paid = trail.entries().last().unwrap();
    assert_eq!(&*paid.name, "wallet.paid");
    assert_eq!(paid.actor.as_deref(), Some("payment/1"));
    assert_eq!(paid.correlation.as_deref(), Some("case 1"));
    let log = log(&store).await;
    let commanded = log
        .iter()
        .find(|event| &*event.name == "es.commanded")
        .unwrap();
    assert_eq!(paid.caused_by, Some(commanded.envelope.id));
    let placed = log
        .iter()
        .find(|event| &*event.name == "order.placed")
        .unwrap();
    let tree = CausationTree::below(&store, placed.envelope.id)
        .await
        .unwrap();
    // The order's reaction, what it has the wallet do, the reaction to that, and what it has the order do: each behind
    // what led to it, and what is recorded first first.
    let told: Vec<_> = (tree.events().iter())
        .map(|event| (event.depth, event.entry.stream.as_str(), &*event.entry.name))
        .collect();
    let (order, payment, wallet) = ("order/1", "payment/1", "wallet/ada");
    assert_eq!(
        told,
        [
            (0, order, "order.placed"),
            (1, payment, "es.consumed"),
            (1, payment, "payment.asked-for"),
            (1, payment, "es.commanded"),
            (2, wallet, "wallet.paid"),
            (3, payment, "es.consumed"),
            (3, payment, "es.deadline-cancelled"),
            (3, payment, "es.commanded"),
            (4, order, "order.confirmed"),
            (5, payment, "es.consumed"),
            (5, payment, "es.ended"),
            (4, payment, "es.accepted"),
            (2, payment, "es.accepted"),
            (1, payment, "es.deadline-set"),
        ]
    );
}

#[tokio::test]
async fn a_rejected_command_comes_back_as_an_input() {
    let (clock, store) = new();
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    bench.fill("ada", 10).await;
    bench.place("1", "ada", 30).await;
    assert_eq!(bench.said("1").await, ["Rejected: the wallet holds 10"]);
    bench.idle().await;
    assert_eq!(bench.cents("ada").await, 10);
    assert_eq!(count(&store, "es.refused").await, 1);
    assert_eq!(bench.view.overview().open, 0);
}

#[tokio::test]
async fn a_command_to_nobody_is_refused_and_does_not_make_somebody() {
    let (clock, store) = new();
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    bench.place("1", "bob", 30).await;
    assert_eq!(
        bench.said("1").await,
        ["NotFound: wallet/bob doesn't exist"]
    );
    bench.idle().await;
    let wallets = Repository::<Wallet, _>::new(store.clone());
    wallets.load(&"bob".to_owned()).await.unwrap_err();
    // Nor does the refusal stand in the way of who comes later.
    bench.fill("bob", 50).await;
    bench.place("2", "bob", 30).await;
    assert_eq!(bench.said("2").await, ["confirmed"]);
    assert_eq!(bench.cents("bob").await, 20);
}

#[tokio::test]
async fn a_command_that_changes_nothing_is_answered_for_ever() {
    let (clock, store) = new();
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    bench.fill("ada", 100).await;
    bench.place("1", "ada", 30).await;
    bench.said("1").await;
    bench.idle().await;
    // A second payment for an order that is being confirmed concerns nobody; of a running one it confirms again.
    bench.place("2", "ada", 0).await;
    let orders = Repository::<crate::domain::Order, _>::new(store.clone());
    orders
        .execute(&"2".to_owned(), |_| crate::domain::Cancelled {
            why: "changed my mind".to_owned(),
        })
        .await
        .unwrap();
    let wallets = Repository::<Wallet, _>::new(store.clone());
    let paid = Paid {
        order: "2".to_owned(),
        cents: 1,
    };
    wallets
        .execute(&"ada".to_owned(), |_| paid.clone())
        .await
        .unwrap();
    bench.idle().await;
    assert_eq!(count(&store, "es.unchanged").await, 1);
    assert_eq!(bench.said("2").await, ["changed my mind"]);
    assert_eq!(
        orders
            .load(&"2".to_owned())
            .await
            .unwrap()
            .revision()
            .number(),
        3
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn three_that_run_the_same_process_send_each_command_once() {
    let (clock, store) = new();
    let benches: Vec<_> = (0..3)
        .map(|_| Bench::run(store.clone(), store.clone(), &clock))
        .collect();
    benches[0].fill("ada", 1_000).await;
    benches[0].fill("bob", 10).await;
    for order in 0..40 {
        let wallet = if order % 4 == 0 { "bob" } else { "ada" };
        benches[0].place(&order.to_string(), wallet, 20).await;
    }
    for order in 0..40 {
        let said = benches[0].said(&order.to_string()).await;
        let expected = if order % 4 == 0 {
            "Rejected: the wallet holds 10"
        } else {
            "confirmed"
        };
        assert_eq!(said, [expected], "order {order}");
    }
    for bench in &benches {
        bench.idle().await;
    }
    assert_eq!(benches[0].cents("ada").await, 1_000 - 30 * 20);
    assert_eq!(count(&store, "wallet.paid").await, 30);
    assert_eq!(count(&store, "es.refused").await, 10);
    // A payment and a confirmation of each that was paid, and a payment and a cancellation of each other.
    assert_eq!(count(&store, "es.commanded").await, 80);
    let outcomes = count(&store, "es.accepted").await + count(&store, "es.rejected").await;
    assert_eq!(outcomes, 80);
    let payments = Repository::<Payment, _>::new(store.clone());
    assert_eq!(
        payments.load(&"1".to_owned()).await.unwrap().asked_for,
        [20]
    );
}

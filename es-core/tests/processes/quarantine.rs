use es_core::{Repository, StoreError};

use crate::bench::{Bench, count, log, new};
use crate::bug;
use crate::domain::{Order, Paid, Payment, Wallet};

async fn stuck() -> (Bench<es_memory::MemoryStore>, es_memory::MemoryStore) {
    let (clock, store) = new();
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    bench.fill("ada", 100).await;
    bench.place("13", "ada", 13).await;
    let stuck = bench.view.wait_until(|overview| !overview.stuck.is_empty());
    let overview = crate::bench::soon(stuck).await.unwrap();
    assert_eq!(overview.stuck[0].key, "13");
    assert_eq!(
        overview.stuck[0].reason,
        "an order of 13 cents isn't understood"
    );
    assert_eq!((overview.open, overview.waiting), (0, 1));
    (bench, store)
}

#[tokio::test]
async fn a_stuck_instance_rests_and_the_others_go_on() {
    let (bench, store) = stuck().await;
    bench.place("1", "ada", 30).await;
    assert_eq!(bench.said("1").await, ["confirmed"]);
    let wallets = Repository::<Wallet, _>::new(store.clone());
    let paid = Paid {
        order: "13".to_owned(),
        cents: 13,
    };
    wallets
        .execute(&"ada".to_owned(), |_| paid.clone())
        .await
        .unwrap();
    bench.idle().await;
    let overview = bench.view.overview();
    assert_eq!((overview.waiting, overview.stuck.len()), (2, 1));
    assert!(bench.handle.status().parked == 2);
    let orders = Repository::<Order, _>::new(store.clone());
    assert!(orders.load(&"13".to_owned()).await.unwrap().is_open);
}

#[tokio::test]
async fn it_goes_on_in_order_once_its_code_was_mended() -> Result<(), StoreError> {
    let (bench, store) = stuck().await;
    let wallets = Repository::<Wallet, _>::new(store.clone());
    let paid = Paid {
        order: "13".to_owned(),
        cents: 13,
    };
    wallets
        .execute(&"ada".to_owned(), |_| paid.clone())
        .await
        .unwrap();
    bench.idle().await;
    // Without a change it is stuck again.
    assert!(
        bench
            .view
            .resume(&"13".to_owned(), "ops", "try again")
            .await?
    );
    let twice = || async { count(&store, "es.quarantined").await == 2 };
    crate::bench::soon(async {
        while !twice().await {
            tokio::task::yield_now().await;
        }
    })
    .await;
    bug::mend();
    bench.idle().await;
    assert!(bench.view.resume(&"13".to_owned(), "ops", "mended").await?);
    assert_eq!(bench.said("13").await, ["confirmed"]);
    bench.idle().await;
    let overview = bench.view.overview();
    assert_eq!(
        (overview.waiting, overview.stuck.len(), overview.open),
        (0, 0, 0)
    );
    let resumed = log(&store)
        .await
        .into_iter()
        .rfind(|event| &*event.name == "es.resumed")
        .unwrap();
    let metadata = es_core::Metadata::decode(&resumed.envelope.metadata).unwrap();
    assert_eq!(
        (metadata.actor.as_deref(), metadata.reason.as_deref()),
        (Some("ops"), Some("mended"))
    );
    // Nothing is stuck any more.
    assert!(!bench.view.resume(&"13".to_owned(), "ops", "again").await?);
    Ok(())
}

#[tokio::test]
async fn it_goes_on_without_what_it_was_stuck_on_if_somebody_says_so() -> Result<(), StoreError> {
    let (bench, store) = stuck().await;
    assert!(
        bench
            .view
            .skip(&"13".to_owned(), "ops", "a test order")
            .await?
    );
    bench.idle().await;
    let gone = bench.view.wait_until(|overview| overview.stuck.is_empty());
    assert_eq!(crate::bench::soon(gone).await.unwrap().waiting, 0);
    let payments = Repository::<Payment, _>::new(store.clone());
    assert!(
        payments
            .load(&"13".to_owned())
            .await
            .unwrap()
            .asked_for
            .is_empty()
    );
    assert_eq!(count(&store, "es.commanded").await, 0);
    Ok(())
}

#[tokio::test]
async fn a_command_that_no_longer_is_one_puts_its_instance_into_quarantine() {
    let (clock, store) = new();
    // A former program's command.
    let stream: es_core::StreamId = "payment/1".parse().unwrap();
    let payload = r#"{"command":"order.forget","target":"order/1","payload":{}}"#;
    let payload = es_core::Json::parse(payload).unwrap();
    let id = es_core::EventId::random();
    let commanded = es_core::NewEvent::new(id, "es.commanded", 1, payload);
    let append = es_core::Append::new(stream, es_core::Expected::NoStream, vec![commanded]);
    es_core::EventStore::append(&store, append).await.unwrap();
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    let stuck = bench.view.wait_until(|overview| !overview.stuck.is_empty());
    let overview = crate::bench::soon(stuck).await.unwrap();
    assert_eq!(
        overview.stuck[0].reason,
        "the process has no command `order.forget`"
    );
    assert_eq!(overview.stuck[0].on, Some(id));
    assert_eq!(overview.unsent, 1);
}

//! A store that goes wrong at any append of a process changes nothing about what comes of it.

use es_core::StoreError;
use es_testkit::{Fault, FaultyStore};

use crate::bench::{Bench, count, fill, new, place};

/// What comes of an order that is paid and of one that isn't, where the n-th append goes wrong like this.
async fn run(n: u64, fault: Fault) -> Result<(), StoreError> {
    let (clock, store) = new();
    fill(&store, "ada", 50).await;
    place(&store, "1", "ada", 30).await;
    fill(&store, "bob", 10).await;
    place(&store, "2", "bob", 30).await;
    let faulty = FaultyStore::new(store.clone()).on_append(n, fault);
    let bench = Bench::run(faulty.clone(), store.clone(), &clock);
    assert_eq!(bench.said("1").await, ["confirmed"]);
    assert_eq!(bench.said("2").await, ["Rejected: the wallet holds 10"]);
    bench.idle().await;
    assert!(faulty.calls().appends >= n, "nothing went wrong");
    assert_eq!(bench.cents("ada").await, 20);
    let overview = bench.view.overview();
    assert_eq!((overview.open, overview.stuck.len()), (0, 0));
    for (name, expected) in [
        ("wallet.paid", 1),
        ("es.refused", 1),
        ("es.commanded", 4),
        ("es.accepted", 3),
        ("es.rejected", 1),
        ("order.confirmed", 1),
        ("order.cancelled", 1),
    ] {
        assert_eq!(count(&store, name).await, expected, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn a_lost_acknowledgement_is_found_again() -> Result<(), StoreError> {
    for n in 1..=12 {
        run(n, Fault::AcknowledgementLost).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_lost_request_is_made_again() -> Result<(), StoreError> {
    for n in 1..=12 {
        run(n, Fault::RequestLost).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_store_that_is_away_is_asked_again() -> Result<(), StoreError> {
    for n in 1..=12 {
        run(n, Fault::Unavailable).await?;
    }
    Ok(())
}

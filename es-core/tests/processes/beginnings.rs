//! Where a process begins, and where it goes on after its place was lost.

use es_core::{Checkpoint, EventStore, Json, Repository, SavedState, Since, StateStore};
use es_memory::MemoryStore;

use crate::bench::{Bench, clock, count, fill, log, memory, new, place};
use crate::domain::Order;

/// A process that began behind the first order, and one that came while nobody ran it.
async fn begun() -> (std::sync::Arc<es_testkit::FixedClock>, MemoryStore) {
    let (clock, store) = new();
    fill(&store, "ada", 100).await;
    place(&store, "1", "ada", 30).await;
    let bench = Bench::run_since(store.clone(), store.clone(), &clock, Since::Now);
    bench.idle().await;
    bench.end().await;
    place(&store, "2", "ada", 30).await;
    (clock, store)
}

async fn is_open(store: &MemoryStore, order: &str) -> bool {
    let orders = Repository::<Order, _>::new(store.clone());
    orders.load(&order.to_owned()).await.unwrap().is_open
}

#[tokio::test]
async fn a_process_whose_place_was_lost_begins_where_it_first_began() {
    for since in [Since::Now, Since::Beginning] {
        let (clock, store) = begun().await;
        let bench = Bench::run_since(store.clone(), memory(&clock), &clock, since);
        assert_eq!(bench.said("2").await, ["confirmed"]);
        bench.idle().await;
        assert!(is_open(&store, "1").await, "{since:?}");
        assert_eq!(count(&store, "es.began").await, 1);
        bench.end().await;
    }
}

#[tokio::test]
async fn a_process_whose_place_has_another_form_begins_where_it_first_began() {
    let (clock, store) = begun().await;
    let states = memory(&clock);
    let checkpoint = Checkpoint {
        position: store.head().await.unwrap(),
        event_id: None,
    };
    let agenda = Json::parse(r#"{"what":"a newer program keeps"}"#).unwrap();
    let state = SavedState::new("es.process/payment", 1, 99, checkpoint, agenda);
    states.save_state(state).await.unwrap();
    let bench = Bench::run_since(store.clone(), states, &clock, Since::Now);
    assert_eq!(bench.said("2").await, ["confirmed"]);
    bench.idle().await;
    assert!(is_open(&store, "1").await);
    bench.end().await;
}

#[tokio::test]
async fn programs_that_begin_at_different_times_begin_at_the_same_place() {
    let (clock, store) = begun().await;
    let others: Vec<_> = (0..3)
        .map(|_| Bench::run_since(store.clone(), memory(&clock), &clock, Since::Now))
        .collect();
    for bench in &others {
        assert_eq!(bench.said("2").await, ["confirmed"]);
        bench.idle().await;
    }
    assert_eq!(count(&store, "es.began").await, 1);
    assert_eq!(count(&store, "wallet.paid").await, 1);
    assert!(is_open(&store, "1").await);
}

#[tokio::test]
async fn what_was_taken_in_or_passed_over_before_a_place_was_lost_leads_to_nothing_again() {
    let clock = clock();
    let store = memory(&clock);
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    bench.fill("ada", 100).await;
    bench.place("9", "nobody", 5).await;
    bench.place("1", "ada", 30).await;
    assert_eq!(bench.said("1").await, ["confirmed"]);
    bench.idle().await;
    assert_eq!(bench.view.overview().ignored, 1);
    bench.end().await;
    let before = log(&store).await;
    let bench = Bench::run(store.clone(), memory(&clock), &clock);
    bench.idle().await;
    assert_eq!(log(&store).await, before);
    // It goes on behind what it had taken in, so it doesn't meet again what it had passed over.
    assert_eq!(bench.view.overview().ignored, 0);
    bench.place("2", "ada", 30).await;
    assert_eq!(bench.said("2").await, ["confirmed"]);
    bench.end().await;
}

use es_core::{EventId, Metadata, Revision};
use es_memory::MemoryStore;

use super::bench::{Bench, last, placed};
use super::domain::{Billing, GivenAway};

fn given_away(customer: &str) -> GivenAway {
    let customer = customer.to_owned();
    GivenAway { customer }
}

#[tokio::test]
async fn a_correction_is_answered_once_and_what_was_sent_is_not_sent_again() {
    let bench = Bench::<Billing>::run(MemoryStore::new());
    let order = bench.happens(placed("ada", 100)).await;
    let sent = bench.records("ada", "es.commanded").await;
    let correction = bench.replace(order, placed("ada", 70)).await;
    assert_eq!(bench.charged("ada").await, [100, -30]);
    let commands = bench.records("ada", "es.commanded").await;
    assert_eq!(commands.len(), 2);
    assert_eq!(commands[0], sent[0]);
    // The answer is a command of its own, and known by the correction.
    let answer = &commands[1].envelope;
    let derived = EventId::derived(&answer.stream, &correction.to_string(), 2);
    assert_eq!(answer.id, derived);
    let metadata = Metadata::decode(&answer.metadata).unwrap();
    assert_eq!(metadata.caused_by, Some(correction));
}

#[tokio::test]
async fn each_kind_of_correction_shows_what_counted_and_what_counts() {
    let bench = Bench::<Billing>::run(MemoryStore::new());
    let order = bench.happens(placed("ada", 100)).await;
    bench.replace(order, placed("ada", 70)).await;
    bench.insert(placed("ada", 5)).await;
    // The replacement goes, and what it had replaced is back.
    bench.retract(Revision::new(2)).await;
    bench.retract(order).await;
    // The insert, too; and back with it.
    bench.retract(Revision::new(3)).await;
    bench.retract(Revision::new(6)).await;
    let expected = [100, -30, 5, 30, -100, -5, 5];
    assert_eq!(bench.charged("ada").await, expected);
    assert_eq!(bench.view.overview().ignored, 0);
}

#[tokio::test]
async fn two_instances_are_told_if_the_facts_have_different_keys() {
    let bench = Bench::<Billing>::run(MemoryStore::new());
    let order = bench.happens(placed("ada", 100)).await;
    bench.replace(order, placed("bob", 100)).await;
    assert_eq!(bench.charged("ada").await, [100, -100]);
    assert_eq!(bench.charged("bob").await, [100]);
    assert_eq!(bench.view.overview().open, 2);
    // Nobody is told of what concerns nobody.
    bench.replace(Revision::new(2), placed("nobody", 1)).await;
    assert_eq!(bench.charged("bob").await, [100, -100]);
    assert_eq!(bench.view.overview().open, 2);
}

#[tokio::test]
async fn an_instance_is_told_of_both_if_the_facts_have_different_types() {
    let bench = Bench::<Billing>::run(MemoryStore::new());
    let order = bench.happens(placed("ada", 100)).await;
    bench.replace(order, given_away("ada")).await;
    // First what has gone, then what has come; in one append.
    assert_eq!(bench.charged("ada").await, [100, -100, 1]);
    assert_eq!(bench.records("ada", "es.consumed").await.len(), 2);
}

#[tokio::test]
async fn what_was_forgotten_starts_and_ends_an_instance_as_it_would_have() {
    let bench = Bench::<Billing>::run(MemoryStore::new());
    bench.happens(placed("ada", 100)).await;
    bench.insert(placed("bob", 5)).await;
    assert_eq!(bench.charged("bob").await, [5]);
    assert_eq!(bench.view.overview().open, 2);
    bench.insert(last("bob")).await;
    assert_eq!(bench.view.overview().open, 1);
    bench.happens(placed("bob", 7)).await;
    assert_eq!(bench.charged("bob").await, [5]);
}

#[tokio::test]
async fn an_instance_that_is_over_is_told_and_stays_over() {
    let bench = Bench::<Billing>::run(MemoryStore::new());
    let order = bench.happens(placed("ada", 100)).await;
    let end = bench.happens(last("ada")).await;
    assert_eq!(bench.view.overview().open, 0);
    bench.replace(order, placed("ada", 70)).await;
    assert_eq!(bench.charged("ada").await, [100, -30]);
    bench.insert(placed("ada", 5)).await;
    bench.retract(end).await;
    assert_eq!(bench.charged("ada").await, [100, -30, 5]);
    assert_eq!(bench.view.overview().open, 0);
    bench.happens(placed("ada", 7)).await;
    assert_eq!(bench.charged("ada").await, [100, -30, 5]);
    assert_eq!(bench.view.overview().ignored, 1);
}

#[tokio::test]
async fn a_correction_waits_in_order_behind_what_its_instance_is_stuck_on() {
    let bench = Bench::<Billing>::run(MemoryStore::new());
    bench.happens(placed("ada", 1)).await;
    let order = bench.happens(placed("ada", 13)).await;
    bench.replace(order, placed("ada", 20)).await;
    let overview = bench.view.overview();
    assert_eq!((overview.stuck.len(), overview.waiting), (1, 2));
    assert_eq!(bench.charged("ada").await, [1]);
    crate::bug::mend();
    let resumed = bench.view.resume(&"ada".to_owned(), "op", "mended").await;
    assert!(resumed.unwrap());
    bench.idle().await;
    let nothing_waits = bench.view.wait_until(|overview| overview.waiting == 0);
    nothing_waits.await.unwrap();
    bench.idle().await;
    assert_eq!(bench.charged("ada").await, [1, 13, 7]);
}

#[tokio::test]
async fn a_correction_that_is_not_understood_puts_its_instance_into_quarantine() {
    let bench = Bench::<Billing>::run(MemoryStore::new());
    let order = bench.happens(placed("ada", 1)).await;
    let correction = bench.replace(order, placed("ada", 14)).await;
    let stuck = bench.view.overview().stuck;
    assert_eq!(stuck.len(), 1);
    assert_eq!(stuck[0].on, Some(correction));
    assert_eq!(stuck[0].reason, "13 cents aren't understood");
    assert_eq!(bench.charged("ada").await, [1]);
    let skipped = bench.view.skip(&"ada".to_owned(), "op", "let it be").await;
    assert!(skipped.unwrap());
    bench.idle().await;
    bench.happens(placed("ada", 2)).await;
    assert_eq!(bench.charged("ada").await, [1, 2]);
}

#[tokio::test]
async fn three_that_run_the_same_process_answer_a_correction_once() {
    let store = MemoryStore::new();
    let one = Bench::<Billing>::run(store.clone());
    let (two, three) = (Bench::<Billing>::run(store.clone()), Bench::run(store));
    for cents in 1..=10 {
        let order = one.happens(placed("ada", 100 * cents)).await;
        one.replace(order, placed("ada", 100 * cents + 1)).await;
    }
    for bench in [&one, &two, &three] {
        bench.idle().await;
    }
    let expected: Vec<i64> = (1..=10).flat_map(|cents| [100 * cents, 1]).collect();
    assert_eq!(one.charged("ada").await, expected);
}

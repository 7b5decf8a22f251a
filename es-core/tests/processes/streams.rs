//! A process's state is an aggregate's.

use es_core::{Repository, Revision};
use futures_util::TryStreamExt;

use crate::bench::{Bench, new};
use crate::domain::{AskedFor, Payment, PaymentEvent};

#[tokio::test]
async fn the_state_of_a_process_has_a_history_and_a_past() {
    let (clock, store) = new();
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    bench.fill("ada", 100).await;
    bench.place("1", "ada", 30).await;
    bench.said("1").await;
    bench.idle().await;
    let payments = Repository::<Payment, _>::new(store);
    let id = "1".to_owned();
    let moments: Vec<_> = payments.history(&id).try_collect().await.unwrap();
    assert_eq!(moments.len(), 1);
    assert_eq!(moments[0].state.asked_for, [30]);
    let before = payments.load_at(&id, Revision::new(1)).await.unwrap();
    assert!(before.asked_for.is_empty());
    let loaded = payments.load(&id).await.unwrap();
    assert_eq!(loaded.asked_for, [30]);
    assert!(loaded.revision().number() > 5);
    let asked = PaymentEvent::AskedFor(AskedFor { cents: 30 });
    assert_eq!(moments[0].event.event, asked);
}

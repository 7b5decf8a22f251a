use std::sync::Arc;
use std::time::Duration;

use es_core::{Batch, Consumer, EventStore, FailureClass, LogQuery, Position, Projection, Runner};

use super::domain::{Deposited, Months, Renamed};
use super::history::{Choices, deposit, expected, happen, replace};
use super::{LEASE, Models, Stage, Totals, deliver, soon};

/// All that a projection wants after a position.
async fn batch(store: &impl EventStore, after: u64) -> Batch {
    let query = LogQuery::after(Position::new(after)).filter(Months::filter());
    let page = store.read_log(query).await.unwrap();
    Batch::new(page.events, page.looked_to, page.end)
}

pub(crate) async fn in_batches<S: Stage>() {
    let stage = S::new().await;
    let store = stage.store().await;
    let live = stage.models().await;
    let mut following = live.projection(Months::default(), LEASE);
    let mut corrected = 0;
    for seed in 1..4 {
        let mut choices = Choices::new(seed);
        for step in 0..30 {
            corrected += usize::from(happen(&store, &mut choices).await);
            if step % 5 == 4 {
                deliver(&store, &mut following, 2).await.unwrap();
                let expected = expected(&store).await;
                assert_eq!(live.totals().await, expected, "seed {seed}, step {step}");
            }
        }
    }
    assert!(corrected > 20, "only {corrected} corrections");
    // Built anew it is the same, in one batch and event by event.
    let seen = live.seen().await;
    for size in [usize::MAX, 1] {
        let anew = stage.models().await;
        let mut projection = anew.projection(Months::default(), LEASE);
        deliver(&store, &mut projection, size).await.unwrap();
        assert_eq!(anew.totals().await, expected(&store).await);
        assert_eq!(anew.seen().await, seen);
    }
}

pub(crate) async fn by_runner<S: Stage>() {
    let stage = S::new().await;
    let (store, models) = (stage.store().await, stage.models().await);
    let runner = Runner::new(store.clone(), models.in_parts(Months::default()));
    let handle = runner.handle();
    tokio::spawn(runner.run());
    let (mut choices, mut corrected) = (Choices::new(5), 0);
    while corrected < 10 {
        corrected += usize::from(happen(&store, &mut choices).await);
        let head = store.head().await.unwrap();
        soon(handle.wait_for(head)).await.unwrap();
        assert_eq!(models.totals().await, expected(&store).await);
    }
    soon(handle.shutdown()).await;
}

pub(crate) async fn taken_over<S: Stage>() {
    let stage = S::new().await;
    let (store, models) = (stage.store().await, stage.models().await);
    deposit(&store, "ada", 100, 1).await;
    replace(&store, "ada", 1, Deposited { cents: 70 })
        .await
        .unwrap();
    // Its lease has run out at once.
    let mut one = models.projection(Months::default(), Duration::ZERO);
    deliver(&store, &mut one, 1).await.unwrap();
    replace(&store, "ada", 2, Deposited { cents: 60 })
        .await
        .unwrap();
    let before = models.totals().await;
    let mut other = models.projection(Months::default(), Duration::ZERO);
    other.read_from(Arc::new(store.clone()));
    other.begin().await.unwrap();
    // The first wakes up with what the other one takes in, and again after that.
    let batch = batch(&store, 2).await;
    let refusal = one.consume(&batch).await.unwrap_err();
    assert_eq!(refusal.failure.class(), FailureClass::Fenced);
    assert_eq!(models.totals().await, before);
    other.consume(&batch).await.unwrap();
    let refusal = one.consume(&batch).await.unwrap_err();
    assert_eq!(refusal.failure.class(), FailureClass::Fenced);
    let totals = Totals::from([(("ada".to_owned(), 0), (60, 1))]);
    assert_eq!(models.totals().await, totals);
    assert_eq!(models.seen().await, [1, 2, 3]);
}

pub(crate) async fn unlisted<S: Stage>() {
    let stage = S::new().await;
    let (store, models) = (stage.store().await, stage.models().await);
    deposit(&store, "ada", 100, 1).await;
    // It becomes nothing that is listed, stays so, and then is a deposit again.
    replace(&store, "ada", 1, Renamed {}).await.unwrap();
    replace(&store, "ada", 2, Renamed {}).await.unwrap();
    let mut projection = models.projection(Months::default(), LEASE);
    deliver(&store, &mut projection, usize::MAX).await.unwrap();
    assert_eq!(models.totals().await, Totals::new());
    assert_eq!(models.seen().await, [1, 2]);
    assert_eq!(projection.standing().frontier, Position::new(3));
    replace(&store, "ada", 3, Deposited { cents: 5 })
        .await
        .unwrap();
    deliver(&store, &mut projection, usize::MAX).await.unwrap();
    assert_eq!(models.totals().await, expected(&store).await);
    assert_eq!(models.seen().await, [1, 2, 4]);
}

pub(crate) async fn by_hand<S: Stage>() {
    let stage = S::new().await;
    let (store, models) = (stage.store().await, stage.models().await);
    deposit(&store, "ada", 100, 1).await;
    replace(&store, "ada", 1, Deposited { cents: 70 })
        .await
        .unwrap();
    let mut projection = models.projection(Months::default(), LEASE);
    projection.begin().await.unwrap();
    let batch = batch(&store, 0).await;
    let refusal = projection.consume(&batch).await.unwrap_err();
    let failure = refusal.failure.in_full();
    assert!(
        failure.contains("`months`") && failure.contains("read_from"),
        "{failure}"
    );
    assert!(models.seen().await.is_empty());
    projection.read_from(Arc::new(store.clone()));
    projection.consume(&batch).await.unwrap();
    assert_eq!(models.totals().await, expected(&store).await);
}

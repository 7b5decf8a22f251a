use std::sync::atomic::Ordering;

use es_core::{EventStore, Position, Revision, Runner, RunnerHandle};

use super::domain::{Account, Deposited, Months};
use super::history::{deposit, expected, replace};
use super::{LEASE, Models, Stage, Totals, soon};

fn run<S: Stage>(store: &S::Store, models: &S::Models, months: &Months) -> RunnerHandle {
    let projection = models.projection(months.clone(), LEASE);
    let runner = Runner::new(store.clone(), projection);
    let runner = runner.attempts(1).park_failures();
    let handle = runner.handle();
    tokio::spawn(runner.run());
    handle
}

async fn parked(store: &impl EventStore, handle: &RunnerHandle) -> u64 {
    let head = store.head().await.unwrap();
    soon(handle.wait_for(head)).await.unwrap().parked
}

fn only(account: &str, cents: i64, entries: i64) -> Totals {
    Totals::from([((account.to_owned(), 0), (cents, entries))])
}

pub(crate) async fn corrected<S: Stage>() {
    let stage = S::new().await;
    let (store, models) = (stage.store().await, stage.models().await);
    let months = Months::default();
    deposit(&store, "ada", 13, 1).await;
    deposit(&store, "bob", 5, 1).await;
    let handle = run::<S>(&store, &models, &months);
    assert_eq!(parked(&store, &handle).await, 1);
    // What corrects it would undo what was never done.
    replace(&store, "ada", 1, Deposited { cents: 7 })
        .await
        .unwrap();
    assert_eq!(parked(&store, &handle).await, 2);
    assert_eq!(models.totals().await, only("bob", 5, 1));
    let retried = models.retry(months.clone(), &store, "account/ada").await;
    assert_eq!(retried.taken, 0);
    assert_eq!(retried.failure.unwrap().position(), Some(Position::new(1)));
    assert_eq!(models.parked().await, [1, 3]);

    months.cured.store(true, Ordering::SeqCst);
    let retried = models.retry(months.clone(), &store, "account/ada").await;
    assert!(retried.taken == 2 && retried.failure.is_none());
    assert_eq!(models.totals().await, expected(&store).await);
    assert_eq!(models.seen().await, [1, 2, 3]);
    soon(handle.shutdown()).await;
}

pub(crate) async fn failing<S: Stage>() {
    let stage = S::new().await;
    let (store, models) = (stage.store().await, stage.models().await);
    let months = Months::default();
    deposit(&store, "ada", 5, 1).await;
    replace(&store, "ada", 1, Deposited { cents: 13 })
        .await
        .unwrap();
    let handle = run::<S>(&store, &models, &months);
    assert_eq!(parked(&store, &handle).await, 1);
    // By the time it is retried it is corrected itself, and so is that.
    replace(&store, "ada", 2, Deposited { cents: 20 })
        .await
        .unwrap();
    let accounts = es_core::Repository::<Account, S::Store>::new(store.clone());
    let undo = accounts.correct(&"ada".to_owned()).by("ada").because("no");
    undo.retract(Revision::new(3)).await.unwrap();
    assert_eq!(parked(&store, &handle).await, 3);
    assert_eq!(models.totals().await, only("ada", 5, 1));
    assert_eq!(models.parked().await, [2, 3, 4]);

    months.cured.store(true, Ordering::SeqCst);
    let retried = models.retry(months, &store, "account/ada").await;
    assert!(retried.taken == 3 && retried.failure.is_none());
    assert_eq!(models.totals().await, only("ada", 13, 1));
    assert_eq!(models.totals().await, expected(&store).await);
    assert_eq!(models.seen().await, [1, 2, 3, 4]);
    soon(handle.shutdown()).await;
}

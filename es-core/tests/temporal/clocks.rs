//! The store's clock and the repository's, which never show the same time.

use std::sync::Arc;

use es_core::{EventStore, ExecuteError, LogQuery, Timestamp};
use es_memory::MemoryStore;
use es_testkit::FixedClock;

use crate::bank::{Deposited, Withdrawn, ada, day, open};
use crate::ledger::{Ledger, Ledgers};

/// A store on one day, and a repository that takes it to be another.
fn apart(store: u32, repository: u32) -> (Ledgers, Arc<FixedClock>, Arc<FixedClock>) {
    let [stores, repositories] = [store, repository].map(|on| Arc::new(FixedClock::at(day(on))));
    let store = MemoryStore::with_clock(Arc::clone(&stores));
    let ledgers = Ledgers::new(store).with_clock(Arc::clone(&repositories));
    (ledgers, stores, repositories)
}

async fn open_deposit_and_withdraw(ledgers: &Ledgers) {
    ledgers.create(&ada(), open()).await.unwrap();
    let deposit = |_: &Ledger| Deposited { cents: 100 };
    ledgers.execute(&ada(), deposit).await.unwrap();
    let withdraw = |ledger: &Ledger| ledger.withdraw(80);
    ledgers.execute(&ada(), withdraw).await.unwrap();
}

async fn effective(ledgers: &Ledgers) -> Vec<Option<Timestamp>> {
    let log = ledgers.store().read_log(LogQuery::all()).await.unwrap();
    let effective = |event: &es_core::StoredEvent| event.envelope.effective_at;
    log.events.iter().map(effective).collect()
}

#[tokio::test]
async fn events_that_say_nothing_of_time_keep_their_order_whatever_the_repository_s_clock_shows() {
    for repository in [4, 6] {
        let (ledgers, ..) = apart(5, repository);
        open_deposit_and_withdraw(&ledgers).await;
        assert_eq!(effective(&ledgers).await, [None; 3], "{repository}");
        let ledger = ledgers.load(&ada()).await.unwrap();
        assert_eq!((&ledger.slips[..], ledger.balance), (&[100, -80][..], 20));
    }
}

#[tokio::test]
async fn they_do_from_the_cache_and_from_a_snapshot_too() {
    for capacity in [None, Some(8)] {
        let (ledgers, ..) = apart(5, 4);
        let snapshots = ledgers.store().clone();
        let mut ledgers = ledgers.with_snapshots(snapshots);
        if let Some(capacity) = capacity {
            ledgers = ledgers.with_cache(capacity);
        }
        open_deposit_and_withdraw(&ledgers).await;
        // The fourth event leaves a snapshot, and the fifth is decided on it, without an event between them.
        for cents in [1, 2, 3, 4, 5] {
            let deposit = move |_: &Ledger| Deposited { cents };
            ledgers.execute(&ada(), deposit).await.unwrap();
        }
        assert_eq!(effective(&ledgers).await, [None; 8], "{capacity:?}");
        let ledger = ledgers.load(&ada()).await.unwrap();
        assert_eq!(ledger.slips, [100, -80, 1, 2, 3, 4, 5]);
    }
}

#[tokio::test]
async fn an_event_that_was_said_to_be_true_before_the_last_was_recorded_is_no_obstacle() {
    let (ledgers, stores, _) = apart(5, 4);
    open_deposit_and_withdraw(&ledgers).await;
    stores.set(day(7));
    let early = ledgers.execute(&ada(), |_| Deposited { cents: 1 });
    early.effective_at(day(6)).await.unwrap();
    let plain = ledgers.execute(&ada(), |ledger| ledger.withdraw(21));
    plain.await.unwrap();
    assert_eq!(effective(&ledgers).await[3..], [Some(day(6)), None]);
}

#[tokio::test]
async fn beside_an_event_that_lies_ahead_the_repository_s_clock_tells_the_order_and_says_so() {
    for (repository, said, slips) in [
        // Behind the store's clock it isn't believed.
        (4, 5, [100, -80, 7, -20]),
        (6, 6, [100, -80, 7, -20]),
        // The store would have put it before the one of day 9.
        (10, 10, [100, -80, -20, 7]),
    ] {
        let (ledgers, _, clock) = apart(5, 4);
        open_deposit_and_withdraw(&ledgers).await;
        let ahead = ledgers.execute(&ada(), |ledger| ledger.withdraw(20));
        ahead.effective_at(day(9)).await.unwrap();
        clock.set(day(repository));
        if repository < 9 {
            let refused = ledgers.execute(&ada(), |_| Withdrawn { cents: 1 }).await;
            assert!(
                matches!(refused, Err(ExecuteError::Violated(_))),
                "{refused:?}"
            );
        }
        let deposit = ledgers.execute(&ada(), |_| Deposited { cents: 7 });
        deposit.await.unwrap();
        assert_eq!(effective(&ledgers).await[4], Some(day(said)));
        assert_eq!(ledgers.load(&ada()).await.unwrap().slips, slips);
    }
}

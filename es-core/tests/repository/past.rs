use es_core::{LoadError, Repository, Revision, Timestamp};
use es_memory::MemoryStore;
use es_testkit::FixedClock;
use futures_util::TryStreamExt;
use std::sync::Arc;
use std::time::Duration;

use crate::bank::{Account, AccountEvent, ada};

fn day(day: u64) -> Timestamp {
    Timestamp::EPOCH.saturating_add(Duration::from_secs(day * 86_400))
}

/// Opened on day 1, then a deposit of 10 and then of 20 on day 2, and a withdrawal of 5 on day 3.
async fn four_events() -> Repository<Account, MemoryStore> {
    let clock = Arc::new(FixedClock::at(day(1)));
    let accounts = Repository::<Account, _>::new(MemoryStore::with_clock(Arc::clone(&clock)));
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    clock.set(day(2));
    accounts
        .execute(&ada(), |account| account.deposit(10))
        .await
        .unwrap();
    accounts
        .execute(&ada(), |account| account.deposit(20))
        .await
        .unwrap();
    clock.set(day(3));
    accounts
        .execute(&ada(), |account| account.withdraw(5))
        .await
        .unwrap();
    accounts
}

#[tokio::test]
async fn the_state_at_each_revision_is_the_fold_up_to_it() {
    let accounts = four_events().await;
    for (revision, balance) in [(1, 0), (2, 10), (3, 30), (4, 25)] {
        let account = accounts
            .load_at(&ada(), Revision::new(revision))
            .await
            .unwrap();
        assert_eq!(
            (account.balance, account.revision()),
            (balance, Revision::new(revision))
        );
    }
}

#[tokio::test]
async fn a_revision_that_is_still_to_come_is_an_error() {
    let accounts = four_events().await;
    let refused = accounts.load_at(&ada(), Revision::new(5)).await;
    assert!(
        matches!(refused, Err(LoadError::NoSuchRevision { head, .. }) if head == Revision::new(4))
    );
    assert!(matches!(
        accounts.load_at(&ada(), Revision::EMPTY).await,
        Err(LoadError::NotFound { .. })
    ));
}

#[tokio::test]
async fn the_state_as_of_an_instant_holds_what_was_recorded_by_then() {
    let accounts = four_events().await;
    let just_before = |instant: Timestamp| Timestamp::from_micros(instant.micros() - 1).unwrap();
    for (instant, balance) in [
        (day(1), 0),
        (just_before(day(2)), 0),
        (day(2), 30),
        (day(3), 25),
        (day(99), 25),
    ] {
        assert_eq!(
            accounts.load_as_of(&ada(), instant).await.unwrap().balance,
            balance,
            "{instant}"
        );
    }
    assert!(matches!(
        accounts.load_as_of(&ada(), just_before(day(1))).await,
        Err(LoadError::NotFound { .. })
    ));
}

#[tokio::test]
async fn history_shows_each_event_with_the_state_after_it() {
    let accounts = four_events().await;
    let moments: Vec<_> = accounts.history(&ada()).try_collect().await.unwrap();
    let balances: Vec<_> = moments.iter().map(|moment| moment.state.balance).collect();
    assert_eq!(balances, [0, 10, 30, 25]);
    assert!(matches!(*moments[3].event, AccountEvent::Withdrawn(_)));
    assert_eq!(
        (moments[3].event.revision, moments[3].event.recorded_at),
        (Revision::new(4), day(3))
    );

    let nobody: Vec<_> = accounts
        .history(&"nobody".to_owned())
        .try_collect::<Vec<_>>()
        .await
        .unwrap();
    assert_eq!(nobody, []);
}

use std::sync::Arc;
use std::time::Duration;

use es_core::{
    BoxFuture, Json, Repository, Revision, Snapshot, SnapshotStore, StoreError, StreamId, Timestamp,
};
use es_memory::MemoryStore;
use es_testkit::FixedClock;

use crate::bank::{Account, ada};
use crate::stores::{Stage, stream};

/// When the event of a revision is recorded: a minute after the one before it.
fn recorded(revision: u64) -> Timestamp {
    Timestamp::EPOCH.saturating_add(Duration::from_secs(60 * revision))
}

/// An account with a deposit of 1 for each revision after the first, and snapshots every 3 events.
async fn account_of(revision: u64) -> (Stage, Repository<Account, Stage>) {
    let clock = Arc::new(FixedClock::at(recorded(1)));
    let stage = Stage::on(MemoryStore::with_clock(Arc::clone(&clock)));
    let accounts = Repository::<Account, _>::new(stage.clone()).with_snapshots(stage.store.clone());
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    for next in 2..=revision {
        clock.set(recorded(next));
        accounts
            .execute(&ada(), |account| account.deposit(1))
            .await
            .unwrap();
    }
    (stage, accounts)
}

async fn newest(stage: &Stage) -> Option<Snapshot> {
    stage
        .store
        .load_snapshot(&stream(), Revision::new(u64::MAX))
        .await
        .unwrap()
}

/// Puts another state into the newest snapshot, so that it shows where it is used.
async fn forge(stage: &Stage, change: impl FnOnce(&mut Snapshot)) {
    let mut snapshot = newest(stage).await.unwrap();
    let forged = r#"{"owner":"forged","balance":1000,"last_deposit":null}"#;
    snapshot.state = Json::parse(forged).unwrap();
    change(&mut snapshot);
    stage.store.keep_snapshot(snapshot).await.unwrap();
}

#[tokio::test]
async fn snapshots_are_kept_as_often_as_the_policy_says() {
    for (revision, kept) in [
        (1, None),
        (2, None),
        (3, Some(3)),
        (5, Some(3)),
        (6, Some(6)),
        (8, Some(6)),
    ] {
        let (stage, _) = account_of(revision).await;
        let snapshot = newest(&stage).await;
        assert_eq!(
            snapshot.map(|snapshot| snapshot.revision),
            kept.map(Revision::new),
            "at {revision}"
        );
    }
}

#[tokio::test]
async fn a_snapshot_that_fits_is_used_with_the_tail_after_it() {
    let (stage, accounts) = account_of(5).await;
    forge(&stage, |_| {}).await;
    let account = accounts.load(&ada()).await.unwrap();
    assert_eq!(
        (account.balance, account.revision()),
        (1002, Revision::new(5))
    );
    assert_eq!(
        accounts
            .load_at(&ada(), Revision::new(4))
            .await
            .unwrap()
            .balance,
        1001
    );
}

#[tokio::test]
async fn a_snapshot_that_differs_in_anything_is_ignored() {
    let changes: [fn(&mut Snapshot); 4] = [
        |snapshot| snapshot.fold += 1,
        |snapshot| snapshot.schema ^= 1,
        |snapshot| snapshot.event_id = es_core::EventId::random(),
        |snapshot| snapshot.state = Json::parse(r#"{"of":"another program"}"#).unwrap(),
    ];
    for change in changes {
        let (stage, accounts) = account_of(5).await;
        forge(&stage, change).await;
        assert_eq!(accounts.load(&ada()).await.unwrap().balance, 4);
    }
}

#[tokio::test]
async fn a_past_state_uses_no_snapshot_from_its_future() {
    let (stage, accounts) = account_of(8).await;
    forge(&stage, |_| {}).await;
    assert_eq!(newest(&stage).await.unwrap().revision, Revision::new(6));
    assert_eq!(
        accounts
            .load_at(&ada(), Revision::new(5))
            .await
            .unwrap()
            .balance,
        4
    );
    let before_all = Timestamp::EPOCH;
    assert!(accounts.load_as_of(&ada(), before_all).await.is_err());
    let as_of = async |minute| {
        let loaded = accounts.load_as_of(&ada(), recorded(minute)).await;
        loaded.unwrap().balance
    };
    assert_eq!(as_of(5).await, 4);
    assert_eq!(as_of(6).await, 1000);
    assert_eq!(as_of(8).await, 1002);
}

#[tokio::test]
async fn deleting_all_snapshots_loses_nothing() {
    let (stage, accounts) = account_of(7).await;
    stage.store.delete_snapshots(&stream()).await.unwrap();
    assert_eq!(newest(&stage).await, None);
    assert_eq!(accounts.load(&ada()).await.unwrap().balance, 6);
    // The load has folded more than a policy's worth of events, and keeps that work.
    assert_eq!(
        newest(&stage).await.map(|snapshot| snapshot.revision),
        Some(Revision::new(7))
    );
}

/// A snapshot store that is always away.
struct Away;

impl SnapshotStore for Away {
    fn load_snapshot<'a>(
        &'a self,
        _: &'a StreamId,
        _: Revision,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, StoreError>> {
        Box::pin(async { Err(StoreError::Unavailable("away".into())) })
    }

    fn keep_snapshot(&self, _: Snapshot) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Err(StoreError::Unavailable("away".into())) })
    }

    fn delete_snapshots<'a>(&'a self, _: &'a StreamId) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Err(StoreError::Unavailable("away".into())) })
    }
}

#[tokio::test]
async fn a_failing_snapshot_store_fails_nothing() {
    let accounts = Repository::<Account, _>::new(Stage::default()).with_snapshots(Away);
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    for _ in 0..5 {
        accounts
            .execute(&ada(), |account| account.deposit(1))
            .await
            .unwrap();
    }
    assert_eq!(accounts.load(&ada()).await.unwrap().balance, 5);
}

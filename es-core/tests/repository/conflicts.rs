use es_core::{EventId, ExecuteError, Expected, IdSource, Repository, Revision, StoreError};

use crate::bank::{Account, Refusal, ada};
use crate::stores::{Cue, Stage, deposit, stream};

async fn opened(cues: &[Cue]) -> (Stage, Repository<Account, Stage>) {
    let stage = Stage::default();
    let accounts = Repository::<Account, _>::new(stage.clone());
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    stage.cue(cues);
    (stage, accounts)
}

#[tokio::test]
async fn a_conflict_is_decided_again_on_fresh_state() {
    let (_, accounts) = opened(&[Cue::Overtaken]).await;
    let mut seen = Vec::new();
    let decide = |account: &Account| {
        seen.push(account.balance);
        account.deposit(10)
    };
    let executed = accounts.execute(&ada(), decide).await.unwrap();
    assert_eq!(executed.revision(), Revision::new(3));
    assert_eq!(seen, [0, 1]);
    assert_eq!(accounts.load(&ada()).await.unwrap().balance, 11);
}

#[tokio::test]
async fn conflicts_without_end_are_given_back() {
    let (stage, accounts) = opened(&[Cue::Overtaken; 9]).await;
    let accounts = accounts.with_attempts(3);
    stage.counted();
    let refused = accounts
        .execute(&ada(), |account| account.deposit(10))
        .await;
    assert!(
        matches!(&refused, Err(ExecuteError::Conflict(conflict)) if conflict.actual == Revision::new(4))
    );
    assert_eq!(stage.counted().0, 3);
    assert_eq!(accounts.load(&ada()).await.unwrap().balance, 3);
}

#[tokio::test]
async fn an_expected_revision_is_not_tried_again() {
    let (stage, accounts) = opened(&[]).await;
    deposit(&stage.store, stream(), 5).await;
    let before = stage.log().await;
    let refused = accounts
        .execute(&ada(), |account| account.deposit(1))
        .expecting(Revision::FIRST)
        .await;
    let Err(ExecuteError::Conflict(conflict)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(
        (conflict.expected, conflict.actual),
        (Expected::Exact(Revision::FIRST), Revision::new(2))
    );
    assert_eq!(stage.log().await, before);

    accounts
        .execute(&ada(), |account| account.deposit(1))
        .expecting(Revision::new(2))
        .await
        .unwrap();
    stage.cue(&[Cue::Overtaken]);
    let refused = accounts
        .execute(&ada(), |account| account.deposit(1))
        .expecting(Revision::new(3))
        .await;
    assert!(
        matches!(refused, Err(ExecuteError::Conflict(_))),
        "{refused:?}"
    );
    assert_eq!(accounts.load(&ada()).await.unwrap().balance, 7);
}

#[tokio::test]
async fn an_unknown_outcome_repeats_the_same_events_and_decides_once() {
    for cue in [Cue::AcknowledgementLost, Cue::RequestLost] {
        let (stage, accounts) = opened(&[cue, cue]).await;
        let mut decisions = 0;
        let executed = accounts.execute(&ada(), |account| {
            decisions += 1;
            account.deposit(10)
        });
        assert_eq!(
            executed.await.unwrap().revision(),
            Revision::new(2),
            "{cue:?}"
        );
        assert_eq!(decisions, 1);
        assert_eq!(stage.log().await.len(), 2);
    }
}

#[tokio::test]
async fn an_outcome_that_stays_unknown_is_given_back() {
    let (stage, accounts) = opened(&[Cue::RequestLost; 9]).await;
    let accounts = accounts.with_attempts(2);
    let refused = accounts
        .execute(&ada(), |account| account.deposit(10))
        .await;
    assert!(
        matches!(refused, Err(ExecuteError::Store(StoreError::Unknown(_)))),
        "{refused:?}"
    );
    assert_eq!(stage.log().await.len(), 1);
}

#[tokio::test]
async fn an_unavailable_store_is_given_back_at_once() {
    let (stage, accounts) = opened(&[Cue::Unavailable]).await;
    stage.counted();
    let refused = accounts
        .execute(&ada(), |account| account.deposit(10))
        .await;
    assert!(
        matches!(
            refused,
            Err(ExecuteError::Store(StoreError::Unavailable(_)))
        ),
        "{refused:?}"
    );
    assert_eq!((stage.counted().0, stage.log().await.len()), (1, 1));
}

#[tokio::test]
async fn a_rejection_on_fresh_state_ends_the_tries() {
    let (stage, accounts) = opened(&[]).await;
    accounts
        .execute(&ada(), |account| account.deposit(10))
        .await
        .unwrap();
    stage.cue(&[Cue::Overtaken]);
    let no_more_than_ten = |account: &Account| {
        if account.balance > 10 {
            Err(Refusal {
                balance: account.balance,
            })
        } else {
            Ok(account.deposit(1))
        }
    };
    let refused = accounts.execute(&ada(), no_more_than_ten).await;
    assert_eq!(
        refused.unwrap_err().rejection(),
        Some(&Refusal { balance: 11 })
    );
}

/// Mints these ids, one after the other, and then nothing new.
struct Minted(std::sync::Mutex<Vec<EventId>>);

impl IdSource for Minted {
    fn next_id(&self) -> EventId {
        let mut left = self.0.lock().unwrap();
        if left.len() > 1 {
            left.remove(0)
        } else {
            left[0]
        }
    }
}

#[tokio::test]
async fn an_id_that_an_earlier_event_has_loses_no_event() {
    let stage = Stage::default();
    let (one, two) = (EventId::random(), EventId::random());
    let accounts = Repository::<Account, _>::new(stage.clone());
    let accounts = accounts.with_ids(Minted(vec![one, two].into()));
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    let deposit = || accounts.execute(&ada(), |account| account.deposit(5));
    deposit().await.unwrap();
    let before = stage.log().await;

    // The very same event, and yet another one.
    let refused = deposit().await;

    assert!(
        matches!(&refused, Err(ExecuteError::Store(StoreError::IdReused { id, .. })) if *id == two),
        "{refused:?}"
    );
    assert_eq!(stage.log().await, before);
}

#[tokio::test]
async fn an_id_that_another_mints_at_the_same_moment_loses_no_event() {
    let stage = Stage::default();
    let theirs = EventId::derived(&stream(), "t1", 0);
    let accounts = Repository::<Account, _>::new(stage.clone());
    let accounts = accounts.with_ids(Minted(vec![EventId::random(), theirs].into()));
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    stage.cue(&[Cue::Twin(1)]);

    let refused = accounts.execute(&ada(), |account| account.deposit(5)).await;

    assert!(
        matches!(
            &refused,
            Err(ExecuteError::Store(StoreError::IdReused { .. }))
        ),
        "{refused:?}"
    );
    assert_eq!(accounts.load(&ada()).await.unwrap().balance, 1_000);
}

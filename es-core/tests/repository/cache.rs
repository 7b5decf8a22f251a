use es_core::{ExecuteError, Repository, Revision, StoreError};

use crate::bank::{Account, Deposited, Refusal, ada};
use crate::stores::{Cue, Stage, deposit, stream};

/// Ada's account with 10 in it, hot.
pub(crate) async fn hot() -> (Stage, Repository<Account, Stage>) {
    let stage = Stage::default();
    let accounts = Repository::<Account, _>::new(stage.clone()).with_cache(8);
    accounts
        .create(&ada(), (Account::open("Ada"), Deposited { cents: 10 }))
        .await
        .unwrap();
    stage.counted();
    (stage, accounts)
}

#[tokio::test]
async fn a_command_on_a_hot_aggregate_costs_one_append_and_no_read() {
    let (stage, accounts) = hot().await;
    for _ in 0..3 {
        accounts
            .execute(&ada(), |account| account.withdraw(1))
            .await
            .unwrap();
        assert_eq!(stage.counted(), (1, 0));
    }
    assert_eq!(accounts.load(&ada()).await.unwrap().balance, 7);
}

#[tokio::test]
async fn a_rejection_from_a_kept_state_is_decided_again_on_the_tail() {
    let (stage, accounts) = hot().await;
    deposit(&stage.store, stream(), 90).await;
    accounts
        .execute(&ada(), |account| account.withdraw(100))
        .await
        .unwrap();
    assert_eq!(accounts.load(&ada()).await.unwrap().balance, 0);
}

#[tokio::test]
async fn a_rejection_that_stands_was_decided_on_the_tail() {
    let (stage, accounts) = hot().await;
    deposit(&stage.store, stream(), 90).await;
    let refused = accounts
        .execute(&ada(), |account| account.withdraw(101))
        .await;
    assert_eq!(
        refused.unwrap_err().rejection(),
        Some(&Refusal { balance: 100 })
    );
}

#[tokio::test]
async fn an_empty_decision_from_a_kept_state_is_decided_again_on_the_tail() {
    let (stage, accounts) = hot().await;
    deposit(&stage.store, stream(), 90).await;
    let match_the_hundred =
        |account: &Account| (account.balance >= 100).then(|| account.deposit(100));
    accounts.execute(&ada(), match_the_hundred).await.unwrap();
    assert_eq!(accounts.load(&ada()).await.unwrap().balance, 200);
}

#[tokio::test]
async fn an_expected_revision_is_compared_with_the_tail() {
    let (stage, accounts) = hot().await;
    deposit(&stage.store, stream(), 90).await;
    accounts
        .execute(&ada(), |account| account.withdraw(100))
        .expecting(Revision::new(3))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_load_always_reads_the_tail() {
    let (stage, accounts) = hot().await;
    deposit(&stage.store, stream(), 90).await;
    let account = accounts.load(&ada()).await.unwrap();
    assert_eq!(
        (account.balance, account.revision()),
        (100, Revision::new(3))
    );
}

#[tokio::test]
async fn a_conflict_on_a_kept_state_reads_the_tail_and_decides_again() {
    let (stage, accounts) = hot().await;
    deposit(&stage.store, stream(), 90).await;
    let executed = accounts
        .execute(&ada(), |account| account.deposit(account.balance))
        .await
        .unwrap();
    assert_eq!(executed.revision(), Revision::new(4));
    assert_eq!(stage.events_read(), 1);
    assert_eq!(accounts.load(&ada()).await.unwrap().balance, 200);
}

#[tokio::test]
async fn any_error_evicts() {
    type Met = fn(&ExecuteError<Refusal>) -> bool;
    let errors: [(Cue, Met); 4] = [
        (Cue::Unavailable, |error| {
            matches!(error, ExecuteError::Store(StoreError::Unavailable(_)))
        }),
        (Cue::RequestLost, |error| {
            matches!(error, ExecuteError::Store(StoreError::Unknown(_)))
        }),
        (Cue::IdReused, |error| {
            matches!(error, ExecuteError::Store(StoreError::IdReused { .. }))
        }),
        (Cue::Overtaken, |error| {
            matches!(error, ExecuteError::Conflict(_))
        }),
    ];
    for (cue, is_met) in errors {
        let (stage, accounts) = hot().await;
        stage.cue(&[cue; 9]);
        let refused = accounts.execute(&ada(), |account| account.deposit(1)).await;
        let error = refused.unwrap_err();
        assert!(is_met(&error), "{cue:?}: {error:?}");
        stage.cue(&[]);
        stage.counted();
        accounts
            .execute(&ada(), |account| account.deposit(1))
            .await
            .unwrap();
        assert_eq!(stage.counted(), (1, 1), "{cue:?}");
    }
}

#[tokio::test]
async fn what_may_be_first_is_decided_from_the_kept_state() {
    let (stage, accounts) = hot().await;
    let executed = accounts
        .create_or_execute(
            &ada(),
            || Account::open("Eve"),
            |account| account.withdraw(4),
        )
        .await
        .unwrap();
    assert_eq!(executed.revision(), Revision::new(3));
    assert_eq!(stage.counted(), (1, 0));
    // From a kept state that is too old, a rejection is decided again, too.
    deposit(&stage.store, stream(), 90).await;
    accounts
        .create_or_execute(
            &ada(),
            || Account::open("Eve"),
            |account| account.withdraw(96),
        )
        .await
        .unwrap();
    let account = accounts.load(&ada()).await.unwrap();
    assert_eq!((account.owner.as_str(), account.balance), ("Ada", 0));
}

#[tokio::test]
async fn a_rejection_under_a_key_is_decided_on_the_tail_and_uses_up_no_key() {
    let (stage, accounts) = hot().await;
    let withdraw = |cents| accounts.execute(&ada(), move |account| account.withdraw(cents));
    let before = stage.log().await;
    let refused = withdraw(11).once("t1").await;
    assert_eq!(
        refused.unwrap_err().rejection(),
        Some(&Refusal { balance: 10 })
    );
    assert_eq!(stage.log().await, before);

    deposit(&stage.store, stream(), 1).await;
    let executed = withdraw(11).once("t1").await.unwrap();
    assert!(!executed.is_repeated());
    // The state that is kept now would reject it.
    let again = withdraw(11).once("t1").await.unwrap();
    assert!(again.is_repeated());
    assert_eq!(again.events(), executed.events());
    assert_eq!(accounts.load(&ada()).await.unwrap().balance, 0);
}

#[tokio::test]
async fn an_outcome_that_another_handle_came_to_is_found_from_a_kept_state() {
    let (stage, accounts) = hot().await;
    let elsewhere = Repository::<Account, _>::new(stage.clone());
    let first = elsewhere
        .execute(&ada(), |account| account.withdraw(10))
        .once("t1")
        .await
        .unwrap();
    let log = stage.log().await;
    let again = accounts
        .execute(&ada(), |account| account.withdraw(10))
        .once("t1")
        .await
        .unwrap();
    assert!(again.is_repeated());
    assert_eq!(again.revision(), first.revision());
    assert_eq!(stage.log().await, log);
}

#[tokio::test]
async fn a_rejection_leaves_the_state_hot() {
    let (stage, accounts) = hot().await;
    let refused = accounts
        .execute(&ada(), |account| account.withdraw(11))
        .await;
    assert!(refused.unwrap_err().rejection().is_some());
    assert_eq!(stage.counted(), (0, 1));
    accounts
        .execute(&ada(), |account| account.withdraw(10))
        .await
        .unwrap();
    assert_eq!(stage.counted(), (1, 0));
}

#[tokio::test]
async fn a_hot_state_equals_a_cold_load() {
    let (stage, accounts) = hot().await;
    for step in 0..20 {
        accounts
            .execute(&ada(), |account| account.deposit(step))
            .await
            .unwrap();
        let cold = Repository::<Account, _>::new(stage.clone())
            .load(&ada())
            .await
            .unwrap();
        assert_eq!(accounts.load(&ada()).await.unwrap(), cold);
    }
}

#[tokio::test]
async fn what_is_used_least_leaves_a_full_cache() {
    let stage = Stage::default();
    let accounts = Repository::<Account, _>::new(stage.clone()).with_cache(2);
    let ids = ["a", "b", "c"].map(str::to_owned);
    for id in &ids {
        accounts.create(id, Account::open("x")).await.unwrap();
    }
    stage.counted();
    accounts
        .execute(&ids[2], |account| account.deposit(1))
        .await
        .unwrap();
    assert_eq!(stage.counted(), (1, 0));
    accounts
        .execute(&ids[0], |account| account.deposit(1))
        .await
        .unwrap();
    assert_eq!(stage.counted(), (1, 1));
}

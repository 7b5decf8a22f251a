use std::sync::Arc;
use std::sync::atomic::Ordering;

use es_core::{ExecuteError, Repository, Revision};

use crate::bank::{Account, AccountEvent, Deposited, OpenAccount, ada};
use crate::stores::{Cue, Stage};

#[tokio::test]
async fn a_command_with_a_key_runs_once_and_answers_with_its_first_outcome() {
    let stage = Stage::default();
    let accounts = Repository::<Account, _>::new(stage.clone());
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    let deposit = |cents| {
        accounts.execute(&ada(), move |account| {
            (account.deposit(cents), account.deposit(1))
        })
    };

    let first = deposit(5).once("t1").await.unwrap();
    accounts
        .execute(&ada(), |account| account.deposit(100))
        .await
        .unwrap();
    let again = deposit(7).once("t1").await.unwrap();

    assert!(!first.is_repeated() && again.is_repeated());
    assert_eq!(
        (again.events(), again.revision()),
        (first.events(), Revision::new(3))
    );
    assert_eq!(again.position(), first.position());
    assert_eq!(accounts.load(&ada()).await.unwrap().balance, 106);
}

#[tokio::test]
async fn a_repeated_command_of_one_event_is_answered_without_a_page() {
    let stage = Stage::default();
    let accounts = Repository::<Account, _>::new(stage.clone()).with_cache(4);
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    let deposit = || accounts.execute(&ada(), |account| account.deposit(5));
    let first = deposit().once("t1").await.unwrap();
    deposit().once("t2").await.unwrap();
    stage.pages.store(0, Ordering::SeqCst);
    let again = deposit().once("t1").await.unwrap();
    assert!(again.is_repeated());
    assert_eq!(
        (again.events(), again.revision(), again.position()),
        (first.events(), first.revision(), first.position())
    );
    assert_eq!(stage.pages.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_repeated_command_of_many_events_is_answered_with_all_of_them() {
    let stage = Stage::default();
    let accounts = Repository::<Account, _>::new(stage.clone());
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    let deposits = || {
        accounts.execute(&ada(), |account| {
            (1..=40)
                .map(|cents| account.deposit(cents))
                .collect::<Vec<_>>()
        })
    };
    let first = deposits().once("t1").await.unwrap();
    deposits().once("t2").await.unwrap();
    let again = deposits().once("t1").await.unwrap();
    assert!(again.is_repeated());
    assert_eq!((again.events().len(), again.events()), (40, first.events()));
    assert_eq!(
        (again.revision(), again.position()),
        (first.revision(), first.position())
    );
}

#[tokio::test]
async fn an_earlier_outcome_is_found_before_anything_is_decided() {
    let accounts = Repository::<Account, _>::new(Stage::default());
    accounts
        .create(&ada(), (Account::open("Ada"), Deposited { cents: 5 }))
        .await
        .unwrap();
    accounts
        .execute(&ada(), |account| account.withdraw(5))
        .once("all of it")
        .await
        .unwrap();
    // It would be rejected now.
    let again = accounts
        .execute(&ada(), |account| account.withdraw(5))
        .once("all of it")
        .await
        .unwrap();
    assert!(again.is_repeated());
}

#[tokio::test]
async fn creating_with_a_key_is_idempotent_too() {
    let accounts = Repository::<Account, _>::new(Stage::default());
    let open = || OpenAccount {
        account: ada(),
        owner: "Ada".to_owned(),
    };
    accounts.send(open()).once("form 9").await.unwrap();
    assert!(
        accounts
            .send(open())
            .once("form 9")
            .await
            .unwrap()
            .is_repeated()
    );
    assert!(matches!(
        accounts.send(open()).once("form 10").await,
        Err(ExecuteError::AlreadyExists { .. })
    ));
}

#[tokio::test]
async fn keys_are_per_aggregate() {
    let accounts = Repository::<Account, _>::new(Stage::default());
    for owner in ["ada", "bob"] {
        let created = accounts
            .create(&owner.to_owned(), Account::open(owner))
            .once("t1")
            .await
            .unwrap();
        assert!(!created.is_repeated());
    }
}

#[tokio::test]
async fn a_lost_acknowledgement_under_a_key_is_found_again() {
    let stage = Stage::new(&[Cue::AcknowledgementLost]);
    let accounts = Repository::<Account, _>::new(stage.clone()).with_attempts(1);
    let lost = accounts
        .create(&ada(), Account::open("Ada"))
        .once("t1")
        .await;
    assert!(matches!(lost, Err(ExecuteError::Store(_))), "{lost:?}");
    assert!(
        accounts
            .create(&ada(), Account::open("Ada"))
            .once("t1")
            .await
            .unwrap()
            .is_repeated()
    );
    assert_eq!(stage.log().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_used_by_many_tasks_at_once_counts_once() {
    let stage = Stage::default();
    let accounts = Arc::new(
        Repository::<Account, _>::new(stage.clone())
            .with_attempts(100)
            .with_cache(4),
    );
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    let tasks: Vec<_> = (0..16)
        .map(|cents| {
            let accounts = Arc::clone(&accounts);
            tokio::spawn(async move {
                accounts
                    .execute(&ada(), move |account| account.deposit(cents))
                    .once("t1")
                    .await
                    .unwrap()
            })
        })
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| !outcome.is_repeated())
            .count(),
        1
    );
    let events: Vec<&[AccountEvent]> = outcomes.iter().map(es_core::Executed::events).collect();
    assert!(
        events.windows(2).all(|pair| pair[0] == pair[1]),
        "{events:?}"
    );
    assert_eq!(stage.log().await.len(), 2);
}

#[tokio::test]
async fn a_twin_with_the_same_key_that_comes_first_is_the_outcome() {
    for theirs in 1..=3 {
        let stage = Stage::new(&[Cue::Pass, Cue::Twin(theirs)]);
        let accounts = Repository::<Account, _>::new(stage.clone());
        accounts.create(&ada(), Account::open("Ada")).await.unwrap();

        let executed = accounts
            .execute(&ada(), |account| (account.deposit(5), account.deposit(5)))
            .once("t1")
            .await
            .unwrap();

        assert!(executed.is_repeated());
        let expected = vec![AccountEvent::from(Deposited { cents: 1_000 }); theirs as usize];
        assert_eq!(executed.events(), expected);
        assert_eq!(stage.log().await.len(), 1 + theirs as usize);
        assert_eq!(
            accounts.load(&ada()).await.unwrap().balance,
            1_000 * i64::from(theirs)
        );
    }
}

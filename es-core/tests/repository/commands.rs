use std::sync::Arc;

use es_core::{AnyStore, ExecuteError, LoadError, Repository, Revision, StoreError};
use es_memory::MemoryStore;

use crate::bank::{
    Account, AccountEvent, Deposited, OpenAccount, Opened, Refusal, Withdraw, Withdrawn, ada,
};
use crate::stores::Stage;

#[tokio::test]
async fn what_was_created_and_executed_is_loaded() {
    let accounts = Repository::<Account, _>::new(MemoryStore::new());
    let created = accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    assert_eq!(
        (created.revision(), created.events().len()),
        (Revision::FIRST, 1)
    );
    let executed = accounts
        .execute(&ada(), |account| (account.deposit(50), account.deposit(5)))
        .await
        .unwrap();
    assert_eq!(executed.revision(), Revision::new(3));
    assert_eq!(executed.position().map(es_core::Position::number), Some(3));
    assert_eq!(
        executed.events(),
        [
            AccountEvent::Deposited(Deposited { cents: 50 }),
            AccountEvent::Deposited(Deposited { cents: 5 })
        ]
    );

    let account = accounts.load(&ada()).await.unwrap();
    assert_eq!((account.balance, account.owner.as_str()), (55, "Ada"));
    assert_eq!(
        (account.id(), account.revision()),
        (&ada(), Revision::new(3))
    );
}

#[tokio::test]
async fn creating_twice_says_that_it_exists_and_changes_nothing() {
    let stage = Stage::default();
    let accounts = Repository::<Account, _>::new(stage.clone());
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    let before = stage.log().await;
    let refused = accounts.create(&ada(), Account::open("Eve")).await;
    assert!(
        matches!(
            refused,
            Err(ExecuteError::AlreadyExists {
                revision: Revision::FIRST,
                ..
            })
        ),
        "{refused:?}"
    );
    assert_eq!(stage.log().await, before);
}

#[tokio::test]
async fn what_does_not_exist_neither_loads_nor_executes() {
    let accounts = Repository::<Account, _>::new(MemoryStore::new());
    assert!(matches!(
        accounts.load(&ada()).await,
        Err(LoadError::NotFound { .. })
    ));
    let refused = accounts.execute(&ada(), |account| account.deposit(1)).await;
    assert!(
        matches!(refused, Err(ExecuteError::NotFound { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_rejection_is_the_domains_and_appends_nothing() {
    let stage = Stage::default();
    let accounts = Repository::<Account, _>::new(stage.clone());
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    let refused = accounts
        .execute(&ada(), |account| account.withdraw(1))
        .await;
    assert_eq!(
        refused.unwrap_err().rejection(),
        Some(&Refusal { balance: 0 })
    );
    assert_eq!(stage.log().await.len(), 1);
}

#[tokio::test]
async fn a_decision_without_events_is_success_without_an_append() {
    let stage = Stage::default();
    let accounts = Repository::<Account, _>::new(stage.clone());
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    stage.counted();
    let executed = accounts
        .execute(&ada(), |_| None::<Deposited>)
        .await
        .unwrap();
    assert_eq!(
        (executed.revision(), executed.position(), executed.events()),
        (Revision::FIRST, None, &[][..])
    );
    assert_eq!(stage.counted().0, 0);
}

#[tokio::test]
async fn commands_as_data_create_and_execute() {
    let accounts = Repository::<Account, _>::new(MemoryStore::new());
    accounts
        .send(OpenAccount {
            account: ada(),
            owner: "Ada".to_owned(),
        })
        .await
        .unwrap();
    let refused = accounts
        .send(Withdraw {
            account: ada(),
            cents: 5,
        })
        .await;
    assert_eq!(
        refused.unwrap_err().rejection(),
        Some(&Refusal { balance: 0 })
    );
    accounts
        .execute(&ada(), |account| account.deposit(7))
        .await
        .unwrap();
    accounts
        .send(Withdraw {
            account: ada(),
            cents: 5,
        })
        .await
        .unwrap();
    assert_eq!(accounts.load(&ada()).await.unwrap().balance, 2);
}

#[tokio::test]
async fn create_or_execute_does_what_fits() {
    let accounts = Repository::<Account, _>::new(MemoryStore::new());
    let pay_in = || {
        accounts.create_or_execute(
            &ada(),
            || (Account::open("Ada"), Deposited { cents: 3 }),
            |a| a.deposit(4),
        )
    };
    pay_in().await.unwrap();
    pay_in().await.unwrap();
    assert_eq!(accounts.load(&ada()).await.unwrap().balance, 7);
}

#[tokio::test]
async fn a_decision_cannot_make_a_stream_unreadable() {
    let stage = Stage::default();
    let accounts = Repository::<Account, _>::new(stage.clone());
    let not_initial = AccountEvent::Deposited(Deposited { cents: 1 });
    let refused = accounts.create(&ada(), not_initial).await;
    assert!(
        matches!(refused, Err(ExecuteError::Store(StoreError::Invalid(_)))),
        "{refused:?}"
    );
    assert_eq!(stage.log().await, []);

    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    let refused = accounts
        .execute(&ada(), |_| {
            (
                Deposited { cents: 1 },
                Opened {
                    owner: "Eve".to_owned(),
                },
            )
        })
        .await;
    assert!(
        matches!(refused, Err(ExecuteError::Store(StoreError::Invalid(_)))),
        "{refused:?}"
    );
    assert_eq!(stage.log().await.len(), 1);
}

#[tokio::test]
async fn an_id_that_names_no_stream_is_refused() {
    let accounts = Repository::<Account, _>::new(MemoryStore::new());
    for id in [String::new(), "a\0b".to_owned(), "x".repeat(257)] {
        let refused = accounts.create(&id, Account::open("Ada")).await;
        assert!(
            matches!(refused, Err(ExecuteError::Store(StoreError::Invalid(_)))),
            "{refused:?}"
        );
        assert!(matches!(
            accounts.load(&id).await,
            Err(LoadError::Store(StoreError::Invalid(_)))
        ));
    }
}

#[tokio::test]
async fn a_store_chosen_at_run_time_serves_as_well() {
    let store = AnyStore::new(MemoryStore::new());
    let accounts = Repository::<Account, AnyStore>::new(store.clone()).with_snapshots(store);
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    for _ in 0..5 {
        accounts
            .execute(&ada(), |account| account.deposit(2))
            .await
            .unwrap();
    }
    assert_eq!(accounts.load(&ada()).await.unwrap().balance, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn commands_on_one_aggregate_from_many_tasks_all_count() {
    let accounts = Arc::new(
        Repository::<Account, _>::new(MemoryStore::new())
            .with_attempts(1_000)
            .with_cache(8),
    );
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let accounts = Arc::clone(&accounts);
            tokio::spawn(async move {
                for _ in 0..25 {
                    accounts
                        .execute(&ada(), |account| account.deposit(2))
                        .await
                        .unwrap();
                    accounts
                        .execute(&ada(), |account| account.withdraw(1))
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let account = accounts.load(&ada()).await.unwrap();
    assert_eq!(
        (account.balance, account.revision()),
        (16 * 25, Revision::new(1 + 16 * 50))
    );
    assert_eq!(
        Repository::<Account, _>::new(accounts.store().clone())
            .load(&ada())
            .await
            .unwrap(),
        account
    );
}

#[tokio::test]
async fn withdrawn_events_say_what_was_withdrawn() {
    let accounts = Repository::<Account, _>::new(MemoryStore::new());
    accounts
        .create(&ada(), (Account::open("Ada"), Deposited { cents: 9 }))
        .await
        .unwrap();
    let executed = accounts
        .execute(&ada(), |account| account.withdraw(4))
        .await
        .unwrap();
    assert_eq!(
        executed.into_events(),
        [AccountEvent::Withdrawn(Withdrawn { cents: 4 })]
    );
}

//! The same visit on every store: the domain's code knows none of them.

use account::{Account, AccountError};
use es_core::{AnyStore, EventId, EventStore, ExecuteError, Position, Repository, Revision};
use es_memory::MemoryStore;
use es_nats::NatsStore;
use es_postgres::PostgresStore;
use es_servers::{Nats, Postgres};
use es_sqlite::SqliteStore;

/// Opens an account, pays in, is refused twice, and looks back.
async fn visit(store: AnyStore) {
    let accounts = Repository::<Account, _>::new(store.clone());
    let id = "DE-1".to_owned();
    let opened = accounts
        .create(&id, Account::open("ada"))
        .once("opening")
        .await
        .unwrap();
    assert_eq!(
        (opened.revision().number(), opened.is_repeated()),
        (1, false)
    );
    let deposit = || {
        accounts
            .execute(&id, |account| account.deposit(50_00))
            .once("deposit 1")
    };
    assert!(!deposit().await.unwrap().is_repeated());
    let head = store.head().await.unwrap();
    assert!(head > Position::START);

    // Under its key it has happened, and doesn't happen again.
    let repeated = deposit().await.unwrap();
    assert_eq!(
        (repeated.revision().number(), repeated.is_repeated()),
        (2, true)
    );
    // Whoever decided on an earlier state is told.
    let late = accounts
        .execute(&id, |account| account.deposit(1))
        .expecting(Revision::FIRST)
        .await;
    let Err(ExecuteError::Conflict(conflict)) = late else {
        panic!("no conflict: {late:?}");
    };
    assert_eq!(conflict.actual.number(), 2);
    let refused = accounts
        .execute(&id, |account| account.withdraw(80_00))
        .await;
    let Err(ExecuteError::Rejected(AccountError::InsufficientFunds { balance, requested })) =
        refused
    else {
        panic!("not refused: {refused:?}");
    };
    assert_eq!((balance, requested), (50_00, 80_00));
    assert_eq!(
        store.head().await.unwrap(),
        head,
        "a refusal wrote something"
    );

    // Another program, which remembers nothing, folds the same.
    let accounts = Repository::<Account, _>::new(store);
    let now = accounts.load(&id).await.unwrap();
    assert_eq!(
        (now.owner(), now.balance(), now.revision().number()),
        ("ada", 50_00, 2)
    );
    let earlier = accounts.load_at(&id, Revision::FIRST).await.unwrap();
    assert_eq!((earlier.balance(), earlier.revision().number()), (0, 1));
}

#[tokio::test]
async fn a_visit_in_memory() {
    visit(AnyStore::new(MemoryStore::new())).await;
}

#[tokio::test]
async fn a_visit_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("bank.db")).await;
    visit(AnyStore::new(store.unwrap())).await;
}

/// A name that nothing else on the server has.
fn fresh() -> String {
    format!("account-{}", EventId::random())
}

es_servers::needs_postgres! {
    #[tokio::test]
    async fn a_visit_on_postgresql() {
        let options = PostgresStore::options().schema(fresh());
        let store = options.open(Postgres::shared().url()).await;
        visit(AnyStore::new(store.unwrap())).await;
    }
}

es_servers::needs_nats! {
    #[tokio::test]
    async fn a_visit_on_nats() {
        let options = NatsStore::options().name(fresh());
        let store = options.open(Nats::shared().url()).await;
        visit(AnyStore::new(store.unwrap())).await;
    }
}

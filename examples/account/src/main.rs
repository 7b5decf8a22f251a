//! The code of the README: the same in memory and on SQLite. `cargo run -p account` leaves a `bank.db`; run it again.

use account::Account;
use es_core::{EventStore, ExecuteError, Repository, Revision};
use es_memory::MemoryStore;
use es_sqlite::SqliteStore;

async fn visit(store: impl EventStore) -> Result<(), Box<dyn std::error::Error>> {
    let accounts = Repository::<Account, _>::new(store);
    let id = "DE-1".to_owned();

    // Under a key a command happens once, however often it is sent.
    accounts
        .create(&id, Account::open("ada"))
        .once("opening")
        .await?;
    accounts
        .execute(&id, |account| account.deposit(50_00))
        .by("teller-7")
        .because("brought in cash")
        .once("deposit 1")
        .await?;

    let refused = accounts
        .execute(&id, |account| account.withdraw(80_00))
        .await;
    if let Err(ExecuteError::Rejected(reason)) = refused {
        println!("rejected: {reason}");
    }

    let now = accounts.load(&id).await?; // derefs to the state
    let earlier = accounts.load_at(&id, Revision::FIRST).await?;
    let as_of = accounts
        .load_as_of(&id, "2999-01-01T00:00:00Z".parse()?)
        .await?;
    assert_eq!(
        (now.balance(), earlier.balance(), as_of.balance()),
        (50_00, 0, 50_00)
    );
    println!(
        "{} has {} cents at revision {}",
        now.owner(),
        now.balance(),
        now.revision()
    );
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    visit(MemoryStore::new()).await?;
    visit(SqliteStore::open("bank.db").await?).await
}

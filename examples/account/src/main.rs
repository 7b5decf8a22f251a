//! The same domain code in memory and on SQLite. `cargo run -p account`, or `cargo run -p account -- bank.db`.

use std::error::Error;

use account::Account;
use es_core::{EventStore, ExecuteError, Repository, Revision};
use es_memory::MemoryStore;
use es_sqlite::SqliteStore;

async fn visit(store: impl EventStore) -> Result<(), Box<dyn Error>> {
    let accounts = Repository::<Account, _>::new(store);
    let id = "DE-1".to_owned();

    // Under a key a command runs once, however often the program does.
    let opened = accounts
        .create(&id, Account::open("ada"))
        .once("opening")
        .await?;
    let deposited = accounts
        .execute(&id, |account| account.deposit(50_00))
        .by("teller-7")
        .because("brought in cash")
        .once("first deposit")
        .await?;
    println!(
        "revision {}, then {}",
        opened.revision(),
        deposited.revision()
    );

    let refused = accounts
        .execute(&id, |account| account.withdraw(80_00))
        .await;
    match refused {
        Err(ExecuteError::Rejected(reason)) => println!("rejected: {reason}"),
        other => println!("unexpected: {other:?}"),
    }

    let now = accounts.load(&id).await?;
    let earlier = accounts.load_at(&id, Revision::FIRST).await?;
    println!(
        "{} has {} cents, and had {}",
        now.owner(),
        now.balance(),
        earlier.balance()
    );
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("in memory:");
    visit(MemoryStore::new()).await?;

    println!("on SQLite:");
    match std::env::args_os().nth(1) {
        Some(path) => visit(SqliteStore::open(path).await?).await,
        None => {
            let folder = std::env::temp_dir().join(format!("account-{}", std::process::id()));
            std::fs::create_dir_all(&folder)?;
            let visited = visit(SqliteStore::open(folder.join("bank.db")).await?).await;
            std::fs::remove_dir_all(&folder)?;
            visited
        }
    }
}

//! Rule: each event of a decision in several is one of its aggregate's.
//! Cure: list the event, or return another.

use es_core::{Aggregate, Apply, Create, Event, EventStore, NoError, Repository};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.closed")]
struct Closed {}

#[derive(Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = NoError)]
#[event(Opened, initial)]
#[event(Closed)]
struct Account;

impl Create<Opened> for Account {
    fn create(_: Opened) -> Self {
        Account
    }
}

impl Apply<Closed> for Account {
    fn apply(&mut self, _: Closed) {}
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "card.blocked")]
struct Blocked {}

async fn run(accounts: Repository<Account, impl EventStore>) {
    let id = "1".to_owned();
    let _ = accounts.execute(&id, |_| (Closed {}, Some(Closed {}))).await;

    let _ = accounts.execute(&id, |_| (Closed {}, Some(Blocked {}))).await;
}

fn main() {}

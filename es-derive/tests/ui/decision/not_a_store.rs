//! Rule: a repository runs on a store.
//! Cure: open one, like `MemoryStore::new()`.

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

fn run(store: impl EventStore) {
    let _ = Repository::<Account, _>::new(store);

    let _ = Repository::<Account, _>::new("bank.db");
}

fn main() {}

//! Rule: a correction says why it is made.
//! Cure: say it with `.because(…)`.

use es_core::{Aggregate, Apply, Correctable, Event, EventStore, NoError, Repository, Revision};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {}

#[derive(Default, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = NoError, corrections)]
#[event(Opened)]
struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

impl Correctable for Account {}

async fn run(accounts: Repository<Account, impl EventStore>) {
    let id = "1".to_owned();
    let _ = accounts.correct(&id).by("auditor").because("a slip").retract(Revision::new(2)).await;

    let _ = accounts.correct(&id).by("auditor").await;
}

fn main() {}

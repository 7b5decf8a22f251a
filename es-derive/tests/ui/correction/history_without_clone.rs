//! Rule: a history gives each state away, which is cloned.
//! Cure: derive `Clone` on the aggregate, or show the states to `visit`.

use es_core::{Aggregate, Apply, Correctable, Event, EventStore, NoError, Repository};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {}

#[derive(Default, Clone, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = NoError, corrections)]
#[event(Opened)]
struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

impl Correctable for Account {}

#[derive(Default, Aggregate)]
#[aggregate(name = "card", id = String, event = CardEvent, error = NoError, corrections)]
#[event(Opened)]
struct Card;

impl Apply<Opened> for Card {
    fn apply(&mut self, _: Opened) {}
}

impl Correctable for Card {}

fn run(accounts: Repository<Account, impl EventStore>, cards: Repository<Card, impl EventStore>) {
    let id = "1".to_owned();
    let _ = accounts.history(&id);

    let _ = cards.history(&id);
}

fn main() {}

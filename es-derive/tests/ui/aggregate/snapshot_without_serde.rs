//! Rule: a state that is kept as a snapshot is stored with serde.
//! Cure: add `#[derive(Serialize, Deserialize)]`.

use es_core::{Aggregate, Apply, Event, NoError};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {}

#[derive(Default, Serialize, Deserialize, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = NoError, snapshot(every = 100, fold = 1))]
#[event(Opened)]
struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

#[derive(Default, Aggregate)]
#[aggregate(name = "card", id = String, event = CardEvent, error = NoError, snapshot(every = 100, fold = 1))]
#[event(Opened)]
struct Card;

impl Apply<Opened> for Card {
    fn apply(&mut self, _: Opened) {}
}

fn main() {}

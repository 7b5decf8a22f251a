//! Rule: a category has no `/`, which ends it in a stream's name.
//! Cure: choose another separator.

use es_core::{Aggregate, Apply, Event, NoError};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.closed")]
struct Closed {}

#[derive(Default, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = NoError)]
#[event(Opened)]
#[event(Closed)]
struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

impl Apply<Closed> for Account {
    fn apply(&mut self, _: Closed) {}
}

#[derive(Default, Aggregate)]
#[aggregate(name = "bank/card", id = String, event = CardEvent, error = NoError)]
#[event(Opened)]
#[event(Closed)]
struct Card;

fn main() {}

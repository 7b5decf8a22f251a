//! Rule: a retired name is never used again.
//! Cure: give the event another name, or take the name out of retirement.

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
#[event(retired = "account.gift-granted")]
struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

impl Apply<Closed> for Account {
    fn apply(&mut self, _: Closed) {}
}

#[derive(Default, Aggregate)]
#[aggregate(name = "card", id = String, event = CardEvent, error = NoError)]
#[event(Opened)]
#[event(retired = "account.opened")]
struct Card;

impl Apply<Opened> for Card {
    fn apply(&mut self, _: Opened) {}
}

fn main() {}

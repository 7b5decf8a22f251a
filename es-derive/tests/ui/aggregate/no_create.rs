//! Rule: every initial event has a `Create`.
//! Cure: write the impl that the message shows.

use es_core::{Aggregate, Apply, Create, Event, NoError};
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

#[derive(Aggregate)]
#[aggregate(name = "card", id = String, event = CardEvent, error = NoError)]
#[event(Opened, initial)]
#[event(Closed)]
struct Card;

impl Apply<Opened> for Card {
    fn apply(&mut self, _: Opened) {}
}

impl Apply<Closed> for Card {
    fn apply(&mut self, _: Closed) {}
}

fn main() {}

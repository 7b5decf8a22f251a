//! Rule: an event listed as `recorded` comes as `Recorded<…>`.
//! Cure: take that.

use es_core::{Aggregate, Apply, Event, NoError, Recorded};
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
#[event(Closed, recorded)]
struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

impl Apply<Recorded<Closed>> for Account {
    fn apply(&mut self, _: Recorded<Closed>) {}
}

#[derive(Default, Aggregate)]
#[aggregate(name = "card", id = String, event = CardEvent, error = NoError)]
#[event(Opened)]
#[event(Closed, recorded)]
struct Card;

impl Apply<Opened> for Card {
    fn apply(&mut self, _: Opened) {}
}

impl Apply<Closed> for Card {
    fn apply(&mut self, _: Closed) {}
}

fn main() {}

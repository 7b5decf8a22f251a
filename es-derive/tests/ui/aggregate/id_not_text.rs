//! Rule: an id is written as text and read back.
//! Cure: implement `Display` and `FromStr`.

use es_core::{Aggregate, Apply, Event, NoError};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {}

#[derive(Default, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = NoError)]
#[event(Opened)]
struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

#[derive(Debug, Clone)]
struct Number(u64);

#[derive(Default, Aggregate)]
#[aggregate(name = "card", id = Number, event = CardEvent, error = NoError)]
#[event(Opened)]
struct Card;

impl Apply<Opened> for Card {
    fn apply(&mut self, _: Opened) {}
}

fn main() {}

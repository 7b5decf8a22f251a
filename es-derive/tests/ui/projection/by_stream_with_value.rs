//! Rule: `by_stream` stands alone.
//! Cure: write the word without a value.

use es_core::{Apply, Event, Projection, Recorded};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {}

#[derive(Default, Projection)]
#[projection(name = "accounts", version = 1, by_stream)]
#[event(Opened)]
struct Account;

impl Apply<Recorded<Opened>> for Account {
    fn apply(&mut self, _: Recorded<Opened>) {}
}

#[derive(Default, Projection)]
#[projection(name = "cards", version = 1, by_stream = Cards)]
#[event(Opened)]
struct Card;

impl Apply<Recorded<Opened>> for Card {
    fn apply(&mut self, _: Recorded<Opened>) {}
}

fn main() {}

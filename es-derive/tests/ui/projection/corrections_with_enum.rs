//! Rule: a handler with an enum of events is given no corrections.
//! Cure: leave the word out; the handler may ask `Corrected::by`.

use es_core::{Apply, Corrected, Event, Projection, Recorded};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {}

#[derive(Projection)]
#[projection(name = "accounts", version = 1, corrections)]
#[event(Opened)]
struct Accounts;

impl Apply<Recorded<Opened>> for Accounts {
    fn apply(&mut self, _: Recorded<Opened>) {}
}

impl Apply<Corrected<Opened>> for Accounts {
    fn apply(&mut self, _: Corrected<Opened>) {}
}

#[derive(Projection)]
#[projection(name = "cards", version = 1, event = CardsEvent, corrections)]
#[event(Opened)]
struct Cards;

fn main() {}

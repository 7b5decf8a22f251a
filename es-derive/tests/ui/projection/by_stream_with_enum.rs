//! Rule: what is kept of one stream is folded.
//! Cure: leave `event = …` out, or `by_stream`.

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

#[derive(Projection)]
#[projection(name = "cards", version = 1, event = CardsEvent, by_stream)]
#[event(Opened)]
struct Cards;

fn main() {}

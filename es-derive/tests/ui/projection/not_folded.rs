//! Rule: what is kept in memory is folded from its events.
//! Cure: leave `event = …` out, and write an `Apply` for each.

use es_core::{Apply, Event, Fold, Projection, Recorded};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {}

#[derive(Projection)]
#[projection(name = "accounts", version = 1)]
#[event(Opened)]
struct Accounts;

impl Apply<Recorded<Opened>> for Accounts {
    fn apply(&mut self, _: Recorded<Opened>) {}
}

#[derive(Projection)]
#[projection(name = "cards", version = 1, event = CardsEvent)]
#[event(Opened)]
struct Cards;

fn kept<P: Fold>(_: P) {}

fn keep() {
    kept(Accounts);
    kept(Cards);
}

fn main() {}

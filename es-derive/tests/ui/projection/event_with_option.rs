//! Rule: the events of a projection all come recorded, and none is initial.
//! Cure: leave the option out.

use es_core::{Apply, Event, Projection, Recorded};
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
#[projection(name = "cards", version = 1)]
#[event(Opened, recorded)]
struct Cards;

impl Apply<Recorded<Opened>> for Cards {
    fn apply(&mut self, _: Recorded<Opened>) {}
}

fn main() {}

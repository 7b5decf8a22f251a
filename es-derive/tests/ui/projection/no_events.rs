//! Rule: a projection lists the events that it is made of.
//! Cure: list each with its type.

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
struct Cards;

fn main() {}

//! Rule: a projection is a struct or an enum.
//! Cure: make it one.

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
#[event(Opened)]
union Cards {
    one: u8,
    other: i8,
}

impl Apply<Recorded<Opened>> for Cards {
    fn apply(&mut self, _: Recorded<Opened>) {}
}

fn main() {}

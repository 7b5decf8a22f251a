//! Rule: the events of a projection have different stored names.
//! Cure: give the newer event another name.

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

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Unlocked {}

#[derive(Projection)]
#[projection(name = "cards", version = 1)]
#[event(Opened)]
#[event(Unlocked)]
struct Cards;

impl Apply<Recorded<Opened>> for Cards {
    fn apply(&mut self, _: Recorded<Opened>) {}
}

impl Apply<Recorded<Unlocked>> for Cards {
    fn apply(&mut self, _: Recorded<Unlocked>) {}
}

fn main() {}

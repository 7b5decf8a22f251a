//! Rule: a projection says its stored name and its version.
//! Cure: say both, and never change the name.

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
#[event(Opened)]
struct Cards;

impl Apply<Recorded<Opened>> for Cards {
    fn apply(&mut self, _: Recorded<Opened>) {}
}

fn main() {}

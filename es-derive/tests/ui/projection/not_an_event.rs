//! Rule: what a line names is an event.
//! Cure: derive `Event` for it.

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

struct Lost {}

#[derive(Projection)]
#[projection(name = "cards", version = 1)]
#[event(Lost)]
struct Cards;

impl Apply<Recorded<Lost>> for Cards {
    fn apply(&mut self, _: Recorded<Lost>) {}
}

fn main() {}

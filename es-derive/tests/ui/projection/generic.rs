//! Rule: a projection has no generic parameters.
//! Cure: derive a struct for each.

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
struct Cards<T>(T);

fn main() {}

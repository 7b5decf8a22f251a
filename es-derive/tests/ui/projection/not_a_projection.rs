//! Rule: what is kept up to date is a projection.
//! Cure: derive `Projection` for it.

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

struct Cards;

fn name<P: Projection>() -> &'static str {
    P::NAME
}

fn names() -> [&'static str; 2] {
    [name::<Accounts>(), name::<Cards>()]
}

fn main() {}

//! Rule: a removal says which version brought it.
//! Cure: write `removed("key", since = n)`.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-deposited", version = 2, removed("memo", since = 2))]
struct Deposited {
    cents: i64,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-withdrawn", version = 2, removed("memo"))]
struct Withdrawn {
    cents: i64,
}

fn main() {}

//! Rule: a removed key isn't one of a field.
//! Cure: leave `removed` out, or say that the field is new.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-deposited", version = 2, removed("memo", since = 2))]
struct Deposited {
    cents: i64,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-withdrawn", version = 2, removed("memo", since = 2))]
struct Withdrawn {
    memo: String,
}

fn main() {}

//! Rule: an upcast names a function, which has tests of its own.
//! Cure: give the closure a name.

use es_core::Event;
use serde::{Deserialize, Serialize};

fn in_cents(payload: serde_json::Value) -> Result<serde_json::Value, String> {
    Ok(payload)
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-deposited", version = 2, upcast(to = 2, with = in_cents))]
struct Deposited {
    cents: i64,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-withdrawn", version = 2, upcast(to = 2, with = |payload| Ok(payload)))]
struct Withdrawn {
    cents: i64,
}

fn main() {}

//! Rule: an upcast is a `fn(serde_json::Value) -> Result<serde_json::Value, E>`: old payloads may be other than expected.
//! Cure: return a `Result`.

use es_core::Event;
use serde::{Deserialize, Serialize};

fn in_cents(payload: serde_json::Value) -> Result<serde_json::Value, String> {
    Ok(payload)
}

fn in_euros(payload: serde_json::Value) -> serde_json::Value {
    payload
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-deposited", version = 2, upcast(to = 2, with = in_cents))]
struct Deposited {
    cents: i64,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-withdrawn", version = 2, upcast(to = 2, with = in_euros))]
struct Withdrawn {
    euros: i64,
}

fn main() {}

//! Rule: an upcast is a `fn(serde_json::Value) -> Result<serde_json::Value, E>`.
//! Cure: change the function's form.

use es_core::Event;
use serde::{Deserialize, Serialize};

fn in_cents(payload: serde_json::Value) -> Result<serde_json::Value, String> {
    Ok(payload)
}

fn in_euros(payload: String) -> Result<serde_json::Value, String> {
    Ok(payload.into())
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

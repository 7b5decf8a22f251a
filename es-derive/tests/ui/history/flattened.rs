//! Rule: the history of fields goes by their stored keys, and a flattened field has none.
//! Cure: describe the history with `upcast(…)`.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Details {
    note: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-deposited", version = 2)]
struct Deposited {
    #[event(since = 2, renamed_from = "amt")]
    cents: i64,
    details: Details,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-withdrawn", version = 2)]
struct Withdrawn {
    #[event(since = 2, renamed_from = "amt")]
    cents: i64,
    #[serde(flatten)]
    details: Details,
}

fn main() {}

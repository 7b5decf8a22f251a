//! Rule: the history of fields goes by their stored keys, the same for writing and reading.
//! Cure: rename it both ways, or describe the history with `upcast(…)`.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-deposited", version = 2)]
struct Deposited {
    #[event(since = 2, renamed_from = "amt")]
    #[serde(rename = "CENTS")]
    cents: i64,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-withdrawn", version = 2)]
struct Withdrawn {
    #[event(since = 2, renamed_from = "amt")]
    #[serde(rename(serialize = "CENTS"))]
    cents: i64,
}

fn main() {}

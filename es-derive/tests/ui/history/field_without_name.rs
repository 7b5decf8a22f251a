//! Rule: the history of fields goes by their names.
//! Cure: name the field, or describe the history with `upcast(…)`.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-deposited", version = 2)]
struct Deposited {
    #[event(since = 2, renamed_from = "amt")]
    cents: i64,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-withdrawn", version = 2)]
struct Withdrawn(#[event(since = 2, default = 0)] i64);

fn main() {}

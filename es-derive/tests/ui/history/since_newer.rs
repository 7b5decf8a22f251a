//! Rule: a change belongs to a version that the event has.
//! Cure: raise `version` with the change.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-deposited", version = 2)]
struct Deposited {
    #[event(since = 2, renamed_from = "amt")]
    cents: i64,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-withdrawn")]
struct Withdrawn {
    #[event(since = 2, renamed_from = "amt")]
    cents: i64,
}

fn main() {}

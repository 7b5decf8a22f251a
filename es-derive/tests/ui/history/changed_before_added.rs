//! Rule: a field changes after it was added.
//! Cure: correct the version of one of the two.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-deposited", version = 3)]
struct Deposited {
    #[event(since = 2, default = 0)]
    #[event(since = 3, renamed_from = "amt")]
    cents: i64,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-withdrawn", version = 3)]
struct Withdrawn {
    #[event(since = 2, renamed_from = "amt")]
    #[event(since = 3, default = 0)]
    cents: i64,
}

fn main() {}

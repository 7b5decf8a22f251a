//! Rule: the first version has no history.
//! Cure: count from the version that brought the change, 2 at least.

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
struct Withdrawn {
    #[event(since = 1, renamed_from = "amt")]
    cents: i64,
}

fn main() {}

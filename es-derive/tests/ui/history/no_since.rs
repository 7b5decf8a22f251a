//! Rule: a change says which version brought it.
//! Cure: add `since = n`.

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
    #[event(renamed_from = "amt")]
    cents: i64,
}

fn main() {}

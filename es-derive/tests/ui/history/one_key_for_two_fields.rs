//! Rule: a stored key belongs to one field at a time.
//! Cure: each field says its own old key.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-deposited", version = 2)]
struct Deposited {
    #[event(since = 2, renamed_from = "amt")]
    cents: i64,
    fee: i64,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-withdrawn", version = 2)]
struct Withdrawn {
    #[event(since = 2, renamed_from = "amt")]
    cents: i64,
    #[event(since = 2, renamed_from = "amt")]
    fee: i64,
}

fn main() {}

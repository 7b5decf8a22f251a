//! Rule: every version from 2 on says how it is made of the one before.
//! Cure: describe the version that the message names.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-deposited", version = 3)]
struct Deposited {
    #[event(since = 2, renamed_from = "amt")]
    cents: i64,
    #[event(since = 3, default = "EUR")]
    currency: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-withdrawn", version = 3)]
struct Withdrawn {
    cents: i64,
    #[event(since = 3, default = "EUR")]
    currency: String,
}

fn main() {}

//! Rule: all that a version does to a field stands in one attribute, since it happens at once.
//! Cure: join them.

use es_core::Event;
use serde::{Deserialize, Serialize};

fn cents(euros: i64) -> i64 {
    euros * 100
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-deposited", version = 2)]
struct Deposited {
    #[event(since = 2, renamed_from = "euros", converted = cents)]
    cents: i64,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-withdrawn", version = 2)]
struct Withdrawn {
    #[event(since = 2, renamed_from = "euros")]
    #[event(since = 2, converted = cents)]
    cents: i64,
}

fn main() {}

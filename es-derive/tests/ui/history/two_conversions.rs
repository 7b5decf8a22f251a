//! Rule: a version converts a field once.
//! Cure: keep one function.

use es_core::Event;
use serde::{Deserialize, Serialize};

fn cents(euros: i64) -> i64 {
    euros * 100
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-deposited", version = 2)]
struct Deposited {
    #[event(since = 2, converted = cents)]
    cents: i64,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-withdrawn", version = 2)]
struct Withdrawn {
    #[event(since = 2, converted = cents, try_converted = cents)]
    cents: i64,
}

fn main() {}

//! Rule: a field's last conversion makes the field's type.
//! Cure: change the function's result.

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
    #[event(since = 2, converted = cents)]
    cents: u32,
}

fn main() {}

//! Rule: a default is a JSON literal: a constant could change, and the past with it.
//! Cure: write the value out.

use es_core::Event;
use serde::{Deserialize, Serialize};

const EURO: &str = "EUR";

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-deposited", version = 2)]
struct Deposited {
    #[event(since = 2, default = "EUR")]
    currency: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-withdrawn", version = 2)]
struct Withdrawn {
    #[event(since = 2, default = EURO)]
    currency: String,
}

fn main() {}

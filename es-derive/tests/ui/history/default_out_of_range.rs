//! Rule: a default is a value of the field's type.
//! Cure: choose one in its range.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-deposited", version = 2)]
struct Deposited {
    #[event(since = 2, default = 255)]
    rate: u8,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-withdrawn", version = 2)]
struct Withdrawn {
    #[event(since = 2, default = 256)]
    rate: u8,
}

fn main() {}

//! Rule: a default is a JSON literal.
//! Cure: write a string, a number, `true`, `null`, `[…]` or `{…}`.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-deposited", version = 2)]
struct Deposited {
    #[event(since = 2, default = "EUR")]
    currency: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-withdrawn", version = 2)]
struct Withdrawn {
    #[event(since = 2, default = b"EUR")]
    currency: String,
}

fn main() {}

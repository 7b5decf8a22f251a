//! Rule: a field that older payloads lack is an `Option` or has a default.
//! Cure: add `default = …` with a JSON literal, or make it an `Option`.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-deposited", version = 2)]
struct Deposited {
    #[event(since = 2)]
    currency: Option<String>,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-withdrawn", version = 2)]
struct Withdrawn {
    #[event(since = 2)]
    currency: String,
}

fn main() {}

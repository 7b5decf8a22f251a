//! Rule: options stand in parentheses.
//! Cure: write `#[event(name = "…")]`.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {
    owner: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event = "account.closed"]
struct Closed {
    reason: String,
}

fn main() {}

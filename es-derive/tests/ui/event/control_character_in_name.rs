//! Rule: a stored name has no control characters.
//! Cure: leave them out.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {
    owner: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account\tclosed")]
struct Closed {
    reason: String,
}

fn main() {}

//! Rule: options are separated by commas.
//! Cure: add the comma.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.opened", version = 1)]
struct Opened {
    owner: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.closed" version = 1)]
struct Closed {
    reason: String,
}

fn main() {}

//! Rule: an event is stored with serde.
//! Cure: add `#[derive(Serialize, Deserialize)]`.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {
    owner: String,
}

#[derive(Event)]
#[event(name = "account.closed")]
struct Closed {
    reason: String,
}

fn main() {}

//! Rule: an event owns its data: it outlives what it was read from.
//! Cure: make it a `String`.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {
    owner: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.closed")]
struct Closed<'a> {
    reason: &'a str,
}

fn main() {}

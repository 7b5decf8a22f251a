//! Rule: an event has no generic parameters: its name stands for one form of payload.
//! Cure: derive one struct for each form.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {
    owner: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.closed")]
struct Closed<R> {
    reason: R,
}

fn main() {}

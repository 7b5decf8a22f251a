//! Rule: names that begin with `es.` are the library's.
//! Cure: choose another beginning.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {
    owner: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "es.closed")]
struct Closed {
    reason: String,
}

fn main() {}

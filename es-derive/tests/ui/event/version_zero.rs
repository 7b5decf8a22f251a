//! Rule: versions count from 1.
//! Cure: leave it out for the first version.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {
    owner: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.closed", version = 0)]
struct Closed {
    reason: String,
}

fn main() {}

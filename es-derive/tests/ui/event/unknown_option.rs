//! Rule: an option is one that exists.
//! Cure: the message lists them.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {
    owner: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.closed", table = "events")]
struct Closed {
    reason: String,
}

fn main() {}

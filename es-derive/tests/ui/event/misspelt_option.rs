//! Rule: an option is one that exists.
//! Cure: the message says which was meant.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.opened", version = 1)]
struct Opened {
    owner: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.closed", verison = 1)]
struct Closed {
    reason: String,
}

fn main() {}

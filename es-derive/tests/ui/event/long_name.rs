//! Rule: a stored name has 1 to 128 bytes.
//! Cure: shorten it.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {
    owner: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.very-very-very-very-very-very-very-very-very-very-very-very-very-very-very-very-very-very-very-very-very-very-very-very-very-long")]
struct Closed {
    reason: String,
}

fn main() {}

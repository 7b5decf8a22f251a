//! Rule: an event has a stored name, as a literal.
//! Cure: say it in `#[event(name = "…")]`; it never changes, even if the struct is renamed.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {
    owner: String,
}

#[derive(Serialize, Deserialize, Event)]
struct Closed {
    reason: String,
}

fn main() {}

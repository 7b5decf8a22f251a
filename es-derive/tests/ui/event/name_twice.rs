//! Rule: an option is said once.
//! Cure: keep one of the two; a name that was stored before is `formerly`.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.opened", formerly = "account.created")]
struct Opened {
    owner: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.closed", name = "account.ended")]
struct Closed {
    reason: String,
}

fn main() {}

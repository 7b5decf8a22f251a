//! Rule: all mistakes of an item are reported at once.
//! Cure: mend each.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {
    owner: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "es.closed", verison = 2)]
struct Closed {
    #[event(since = 2, defualt = "none")]
    reason: String,
}

fn main() {}

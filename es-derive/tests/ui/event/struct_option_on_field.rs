//! Rule: what concerns the whole event stands on the struct.
//! Cure: move it there.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {
    owner: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.closed")]
struct Closed {
    #[event(name = "why")]
    reason: String,
}

fn main() {}

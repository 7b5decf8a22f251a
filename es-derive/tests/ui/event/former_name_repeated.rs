//! Rule: each name of an event stands once.
//! Cure: leave the repetition out.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.opened", formerly = "account.created")]
struct Opened {
    owner: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.closed", formerly = "account.closed")]
struct Closed {
    reason: String,
}

fn main() {}

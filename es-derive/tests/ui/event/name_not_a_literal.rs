//! Rule: what is stored is a literal, so that nobody changes it by changing something else.
//! Cure: write the name out.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {
    owner: String,
}

const CLOSED: &str = "account.closed";

#[derive(Serialize, Deserialize, Event)]
#[event(name = CLOSED)]
struct Closed {
    reason: String,
}

fn main() {}

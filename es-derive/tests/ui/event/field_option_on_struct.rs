//! Rule: what happened to a field stands on the field.
//! Cure: move it there.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.opened", version = 2)]
struct Opened {
    #[event(since = 2, renamed_from = "name")]
    owner: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.closed", renamed_from = "name")]
struct Closed {
    owner: String,
}

fn main() {}

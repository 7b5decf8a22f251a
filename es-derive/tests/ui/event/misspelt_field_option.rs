//! Rule: an option is one that exists.
//! Cure: the message says which was meant.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.opened", version = 2)]
struct Opened {
    #[event(since = 2, renamed_from = "name")]
    owner: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.closed", version = 2)]
struct Closed {
    #[event(since = 2, rename_from = "why")]
    reason: String,
}

fn main() {}

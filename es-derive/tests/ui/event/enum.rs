//! Rule: an event is a struct; what may happen to an aggregate is listed on the aggregate.
//! Cure: derive one struct for each variant.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {
    owner: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.changed")]
enum Changed {
    Closed,
    Renamed(String),
}

fn main() {}

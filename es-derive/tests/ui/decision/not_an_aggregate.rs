//! Rule: what names an aggregate is its state.
//! Cure: name the state, not its id, an event or the enum of its events.

use es_core::{Aggregate, Apply, Event, Filter, NoError};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {}

#[derive(Default, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = NoError)]
#[event(Opened)]
struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

fn filters() -> [Filter; 2] {
    [Filter::of::<Account>(), Filter::of::<Opened>()]
}

fn main() {}

//! Rule: what a handler gets is an enum of the events.
//! Cure: name it with `event = …`.

use es_core::{Apply, Event, Projection, ProjectionEvents, Recorded};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {}

#[derive(Projection)]
#[projection(name = "accounts", version = 1)]
#[event(Opened)]
struct Accounts;

impl Apply<Recorded<Opened>> for Accounts {
    fn apply(&mut self, _: Recorded<Opened>) {}
}

#[derive(Projection)]
#[projection(name = "cards", version = 1, event = CardsEvent)]
#[event(Opened)]
struct Cards;

fn handled<P: ProjectionEvents>(_: P) {}

fn handle() {
    handled(Cards);
    handled(Accounts);
}

fn main() {}

//! Rule: a handler that follows corrections is given an `Entry`, which is an event or a correction.
//! Cure: take an `Entry`, and undo what `before()` says and do what `after()` says.

use es_core::{Cause, Entry, Event, Feed, Outgoing, Projection, Recorded};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {}

#[derive(Projection)]
#[projection(name = "accounts", version = 1, event = AccountsEvent, corrections)]
#[event(Opened)]
struct Accounts;

impl Feed for Accounts {
    fn outgoing(&self, _: &Entry<AccountsEvent>) -> Result<Option<Outgoing>, Cause> {
        Ok(None)
    }
}

#[derive(Projection)]
#[projection(name = "cards", version = 1, event = CardsEvent, corrections)]
#[event(Opened)]
struct Cards;

impl Feed for Cards {
    fn outgoing(&self, _: &Recorded<CardsEvent>) -> Result<Option<Outgoing>, Cause> {
        Ok(None)
    }
}

fn main() {}

//! Rule: a handler is given corrections only if its projection says that it follows them.
//! Cure: add `corrections` to its `#[projection(…)]`, or take events as `Recorded`.

use es_core::{Cause, Entry, Event, Feed, Outgoing, Projection, Recorded};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {}

#[derive(Projection)]
#[projection(name = "accounts", version = 1, event = AccountsEvent)]
#[event(Opened)]
struct Accounts;

impl Feed for Accounts {
    fn outgoing(&self, _: &Recorded<AccountsEvent>) -> Result<Option<Outgoing>, Cause> {
        Ok(None)
    }
}

#[derive(Projection)]
#[projection(name = "cards", version = 1, event = CardsEvent)]
#[event(Opened)]
struct Cards;

impl Feed for Cards {
    fn outgoing(&self, _: &Entry<CardsEvent>) -> Result<Option<Outgoing>, Cause> {
        Ok(None)
    }
}

fn main() {}

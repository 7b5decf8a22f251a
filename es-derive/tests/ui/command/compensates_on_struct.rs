//! Rule: the id of the event that is undone is marked on its field.
//! Cure: move it there.

use es_core::{Aggregate, Apply, Command, Event, EventId, Handle, NoError};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.counted")]
struct Counted {}

#[derive(Default, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = NoError)]
#[event(Counted)]
struct Account;

impl Apply<Counted> for Account {
    fn apply(&mut self, _: Counted) {}
}

#[derive(Command)]
#[command(aggregate = Account)]
struct Count {
    #[command(id)]
    account: String,
    #[command(compensates)]
    counted: EventId,
}

impl Handle<Count> for Account {
    type Events = Counted;

    fn handle(&self, _: &Count) -> Result<Counted, NoError> {
        Ok(Counted {})
    }
}

#[derive(Command)]
#[command(aggregate = Account, compensates)]
struct Recount {
    #[command(id)]
    account: String,
    counted: EventId,
}

fn main() {}

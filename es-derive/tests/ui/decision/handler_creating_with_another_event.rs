//! Rule: a command that creates begins the stream with an initial event.
//! Cure: return that first, or mark the event as `initial`.

use es_core::{Aggregate, Apply, Command, Create, Event, HandleCreate, NoError};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.closed")]
struct Closed {}

#[derive(Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = NoError)]
#[event(Opened, initial)]
#[event(Closed)]
struct Account;

impl Create<Opened> for Account {
    fn create(_: Opened) -> Self {
        Account
    }
}

impl Apply<Closed> for Account {
    fn apply(&mut self, _: Closed) {}
}

#[derive(Command)]
#[command(aggregate = Account, creates)]
struct Open {
    #[command(id)]
    account: String,
}

impl HandleCreate<Open> for Account {
    type Events = Opened;

    fn handle_create(_: &Open) -> Result<Opened, NoError> {
        Ok(Opened {})
    }
}

#[derive(Command)]
#[command(aggregate = Account, creates)]
struct Import {
    #[command(id)]
    account: String,
}

impl HandleCreate<Import> for Account {
    type Events = Closed;

    fn handle_create(_: &Import) -> Result<Closed, NoError> {
        Ok(Closed {})
    }
}

fn main() {}

//! The domain of these tests.

use es_core::{
    Aggregate, Apply, Command, Create, Event, Handle, HandleCreate, Recorded, Timestamp,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
pub(crate) struct Opened {
    pub owner: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.deposited")]
pub(crate) struct Deposited {
    pub cents: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.withdrawn")]
pub(crate) struct Withdrawn {
    pub cents: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = Refusal, snapshot(every = 3, fold = 1))]
#[event(Opened, initial)]
#[event(Deposited, recorded)]
#[event(Withdrawn)]
#[event(retired = "account.gift-granted")]
pub(crate) struct Account {
    pub owner: String,
    pub balance: i64,
    pub last_deposit: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub balance: i64,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "only {} there", self.balance)
    }
}

impl std::error::Error for Refusal {}

impl Create<Opened> for Account {
    fn create(event: Opened) -> Self {
        Self {
            owner: event.owner,
            balance: 0,
            last_deposit: None,
        }
    }
}

impl Apply<Recorded<Deposited>> for Account {
    fn apply(&mut self, deposited: Recorded<Deposited>) {
        self.balance += deposited.cents;
        self.last_deposit = Some(deposited.effective_at);
    }
}

impl Apply<Withdrawn> for Account {
    fn apply(&mut self, event: Withdrawn) {
        self.balance -= event.cents;
    }
}

impl Account {
    pub(crate) fn open(owner: &str) -> Opened {
        Opened {
            owner: owner.to_owned(),
        }
    }

    #[expect(
        clippy::unused_self,
        reason = "a decision, called on the state as every other"
    )]
    pub(crate) fn deposit(&self, cents: i64) -> Deposited {
        Deposited { cents }
    }

    pub(crate) fn withdraw(&self, cents: i64) -> Result<Withdrawn, Refusal> {
        if cents > self.balance {
            Err(Refusal {
                balance: self.balance,
            })
        } else {
            Ok(Withdrawn { cents })
        }
    }
}

#[derive(Debug, Command)]
#[command(aggregate = Account, creates)]
pub(crate) struct OpenAccount {
    #[command(id)]
    pub account: String,
    pub owner: String,
}

impl HandleCreate<OpenAccount> for Account {
    type Events = Opened;

    fn handle_create(command: &OpenAccount) -> Result<Opened, Refusal> {
        Ok(Account::open(&command.owner))
    }
}

#[derive(Debug, Command)]
#[command(aggregate = Account)]
pub(crate) struct Withdraw {
    #[command(id)]
    pub account: String,
    pub cents: i64,
}

impl Handle<Withdraw> for Account {
    type Events = Withdrawn;

    fn handle(&self, command: &Withdraw) -> Result<Withdrawn, Refusal> {
        self.withdraw(command.cents)
    }
}

/// The id of the account in most tests.
pub(crate) fn ada() -> String {
    "ada".to_owned()
}

//! An account: what can happen to it, and what it decides.

use es_core::{Aggregate, Apply, Create, Event};
use serde::{Deserialize, Serialize};

/// It was opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
pub struct AccountOpened {
    /// Whose it is.
    pub owner: String,
}

/// Money came in. Version 1 called the sum `amt`, and version 2 knew no currency: what they stored is read for ever.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.money-deposited", version = 3)]
pub struct MoneyDeposited {
    /// How much.
    #[event(since = 2, renamed_from = "amt")]
    pub cents: i64,
    /// Of what.
    #[event(since = 3, default = "EUR")]
    pub currency: String,
}

/// Money went out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.money-withdrawn")]
pub struct MoneyWithdrawn {
    /// How much.
    pub cents: i64,
}

/// The state, folded from the events above.
#[derive(Debug, Clone, PartialEq, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = AccountError)]
#[event(AccountOpened, initial)]
#[event(MoneyDeposited)]
#[event(MoneyWithdrawn)]
pub struct Account {
    owner: String,
    balance: i64,
}

/// Why an account says no.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum AccountError {
    /// There is less in it than was asked for.
    #[error("{requested} cents were requested, and there are {balance}")]
    InsufficientFunds {
        /// What there is.
        balance: i64,
        /// What was asked for.
        requested: i64,
    },
}

impl Create<AccountOpened> for Account {
    fn create(event: AccountOpened) -> Self {
        let owner = event.owner;
        Account { owner, balance: 0 }
    }
}

impl Apply<MoneyDeposited> for Account {
    fn apply(&mut self, event: MoneyDeposited) {
        self.balance += event.cents;
    }
}

impl Apply<MoneyWithdrawn> for Account {
    fn apply(&mut self, event: MoneyWithdrawn) {
        self.balance -= event.cents;
    }
}

/// Decisions: from the state to the events that follow, or to the reason why not.
impl Account {
    /// Begins an account.
    pub fn open(owner: &str) -> AccountOpened {
        let owner = owner.to_owned();
        AccountOpened { owner }
    }

    /// Takes euros.
    pub fn deposit(&self, cents: i64) -> MoneyDeposited {
        let currency = "EUR".to_owned();
        MoneyDeposited { cents, currency }
    }

    /// Gives euros, if it has them.
    pub fn withdraw(&self, cents: i64) -> Result<MoneyWithdrawn, AccountError> {
        let (balance, requested) = (self.balance, cents);
        if requested > balance {
            return Err(AccountError::InsufficientFunds { balance, requested });
        }
        Ok(MoneyWithdrawn { cents })
    }

    /// Whose it is.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// What there is, in cents.
    pub fn balance(&self) -> i64 {
        self.balance
    }
}

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

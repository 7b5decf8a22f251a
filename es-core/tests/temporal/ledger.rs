//! An aggregate that takes corrections, and shows the order in which it was folded.

use es_core::{Aggregate, Apply, Correctable, Create, Recorded, Repository, Timestamp};
use es_memory::MemoryStore;
use serde::{Deserialize, Serialize};

use crate::bank::{Deposited, Opened, Withdrawn};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(
    name = "account", id = String, event = LedgerEvent, error = Overdrawn, corrections, snapshot(every = 4, fold = 1)
)]
#[event(Opened, initial)]
#[event(Deposited, recorded)]
#[event(Withdrawn)]
#[event(retired = "account.gift-granted")]
pub(crate) struct Ledger {
    pub owner: String,
    pub balance: i64,
    pub slips: Vec<i64>,
    pub last: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Overdrawn {
    pub balance: i64,
}

impl std::fmt::Display for Overdrawn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "overdrawn: {}", self.balance)
    }
}

impl std::error::Error for Overdrawn {}

impl Create<Opened> for Ledger {
    fn create(event: Opened) -> Self {
        Self {
            owner: event.owner,
            balance: 0,
            slips: Vec::new(),
            last: None,
        }
    }
}

impl Apply<Recorded<Deposited>> for Ledger {
    fn apply(&mut self, event: Recorded<Deposited>) {
        self.balance += event.cents;
        self.slips.push(event.cents);
        self.last = Some(event.effective_at);
    }
}

impl Apply<Withdrawn> for Ledger {
    fn apply(&mut self, event: Withdrawn) {
        self.balance -= event.cents;
        self.slips.push(-event.cents);
    }
}

impl Correctable for Ledger {
    fn check(&self) -> Result<(), Overdrawn> {
        let balance = self.balance;
        if balance < 0 {
            Err(Overdrawn { balance })
        } else {
            Ok(())
        }
    }
}

impl Ledger {
    pub(crate) fn withdraw(&self, cents: i64) -> Result<Withdrawn, Overdrawn> {
        let after = Self {
            balance: self.balance - cents,
            ..self.clone()
        };
        after.check().map(|()| Withdrawn { cents })
    }
}

pub(crate) type Ledgers<S = MemoryStore> = Repository<Ledger, S>;

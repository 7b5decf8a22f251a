//! The account: what can happen to it, and what it decides about a row of a statement.

use es_core::{Aggregate, Apply, Event, Recorded, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Cents, Entry, Kind};

/// Money came in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.credited")]
pub struct Credited {
    /// How much, in cents.
    pub cents: Cents,
    /// What the statement says the balance is after it, in cents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated: Option<Cents>,
    /// The bank's name for the entry, of which the account has no other.
    pub reference: String,
}

/// Money went out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.debited")]
pub struct Debited {
    /// How much, in cents.
    pub cents: Cents,
    /// What the statement says the balance is after it, in cents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated: Option<Cents>,
    /// The bank's name for the entry, of which the account has no other.
    pub reference: String,
}

/// An entry was refused, and the balance is as it was.
///
/// It is a fact, and not only an error, because an import may be repeated: the entry must meet the same answer then, and
/// not be judged again by a balance that has moved on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.entry-refused")]
pub struct EntryRefused {
    /// Credit or debit.
    pub kind: Kind,
    /// How much, in cents.
    pub cents: Cents,
    /// What the statement says the balance is after it, in cents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated: Option<Cents>,
    /// The bank's name for the entry.
    pub reference: String,
    /// Why.
    pub refusal: Refusal,
}

/// Why an account refuses an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// It would owe money, and that isn't allowed.
    #[error("overdraft: the balance is {balance}")]
    Overdraft {
        /// What there is.
        balance: Cents,
    },
    /// It would hold or owe more than can be counted.
    #[error("the balance, {balance}, would be more than an account can hold or owe")]
    OutOfRange {
        /// What there is.
        balance: Cents,
    },
}

/// The state: what an account's entries come to. It exists from its first entry on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(
    name = "account",
    id = String,
    event = AccountEvent,
    error = Refusal,
    snapshot(every = 25, fold = 1)
)]
#[event(Credited, recorded)]
#[event(Debited, recorded)]
#[event(EntryRefused)]
pub struct Account {
    balance: Cents,
    entries: u64,
    refused: u64,
    latest: Option<Timestamp>,
}

impl Apply<Recorded<Credited>> for Account {
    fn apply(&mut self, credited: Recorded<Credited>) {
        // `book` saw to it that it fits.
        self.balance.0 = self.balance.0.saturating_add(credited.cents.0);
        self.count(credited.effective_at);
    }
}

impl Apply<Recorded<Debited>> for Account {
    fn apply(&mut self, debited: Recorded<Debited>) {
        self.balance.0 = self.balance.0.saturating_sub(debited.cents.0);
        self.count(debited.effective_at);
    }
}

impl Apply<EntryRefused> for Account {
    fn apply(&mut self, _: EntryRefused) {
        self.refused += 1;
    }
}

/// Whether an account may owe money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overdraft {
    /// It may.
    #[default]
    Allowed,
    /// A debit beyond the balance is refused.
    Refused,
}

impl Account {
    /// Books an entry.
    ///
    /// # Errors
    ///
    /// The [`Refusal`], if the balance can't or may not become what it would.
    pub fn book(&self, entry: &Entry, overdraft: Overdraft) -> Result<AccountEvent, Refusal> {
        let balance = self.balance;
        let after = match entry.kind {
            Kind::Credit => balance.checked_add(entry.cents),
            Kind::Debit => balance.checked_sub(entry.cents),
        };
        let after = after.ok_or(Refusal::OutOfRange { balance })?;
        if entry.kind == Kind::Debit && after < Cents(0) && overdraft == Overdraft::Refused {
            return Err(Refusal::Overdraft { balance });
        }
        Ok(entry.clone().into())
    }

    /// Books an entry, or records that it was refused.
    pub fn settle(&self, entry: &Entry, overdraft: Overdraft) -> AccountEvent {
        self.book(entry, overdraft).unwrap_or_else(|refusal| {
            let Entry {
                kind,
                cents,
                stated,
                reference,
            } = entry.clone();
            AccountEvent::EntryRefused(EntryRefused {
                kind,
                cents,
                stated,
                reference,
                refusal,
            })
        })
    }

    /// What there is, or what is owed if it is negative.
    pub fn balance(&self) -> Cents {
        self.balance
    }

    /// How many entries were booked.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// How many entries were refused.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// The latest day of an entry.
    pub fn latest(&self) -> Option<Timestamp> {
        self.latest
    }

    fn count(&mut self, effective_at: Timestamp) {
        self.entries += 1;
        self.latest = self.latest.max(Some(effective_at));
    }
}

impl From<Entry> for AccountEvent {
    fn from(entry: Entry) -> Self {
        let Entry {
            kind,
            cents,
            stated,
            reference,
        } = entry;
        match kind {
            Kind::Credit => Self::Credited(Credited {
                cents,
                stated,
                reference,
            }),
            Kind::Debit => Self::Debited(Debited {
                cents,
                stated,
                reference,
            }),
        }
    }
}

impl AccountEvent {
    /// The entry that led to the event, as it stood in the statement.
    pub fn entry(&self) -> Entry {
        let (kind, cents, stated, reference) = match self {
            Self::Credited(event) => (Kind::Credit, event.cents, event.stated, &event.reference),
            Self::Debited(event) => (Kind::Debit, event.cents, event.stated, &event.reference),
            Self::EntryRefused(event) => (event.kind, event.cents, event.stated, &event.reference),
        };
        Entry {
            kind,
            cents,
            stated,
            reference: reference.clone(),
        }
    }

    /// Why it was refused, if it was.
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::EntryRefused(event) => Some(event.refusal),
            Self::Credited(_) | Self::Debited(_) => None,
        }
    }
}

//! The account: what can happen to it, and what it decides about a row of a statement.

use std::collections::BTreeSet;

use es_core::{Aggregate, Apply, Correctable, Event, Metadata, Recorded, Timestamp};
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
#[event(name = "account.debited", version = 2)]
pub struct Debited {
    /// How much, in cents.
    pub cents: Cents,
    /// What the statement says the balance is after it, in cents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated: Option<Cents>,
    /// The bank's name for the entry, of which the account has no other.
    pub reference: String,
    /// Whether it was booked on the condition that the balance covers it. That holds for ever: no correction of what
    /// came before may break it.
    #[event(since = 2, default = false)]
    pub covered: bool,
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
    /// It was entered before, not by an import.
    #[error("the account has an entry with its reference, which was entered by hand")]
    EnteredByHand,
}

/// Who acts when a statement is imported. Whoever else enters something does it by hand.
pub const IMPORT: &str = "import";

/// The state: what an account's entries come to, in the order of their days.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(
    name = "account",
    id = String,
    event = AccountEvent,
    error = Refusal,
    snapshot(every = 25, fold = 2),
    corrections
)]
#[event(Credited, recorded)]
#[event(Debited, recorded)]
#[event(EntryRefused)]
pub struct Account {
    balance: Cents,
    entries: u64,
    refused: u64,
    latest: Option<Timestamp>,
    /// The references that were entered by hand, which an import would enter again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    by_hand: BTreeSet<String>,
    /// Why the entry that came last shouldn't have been booked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    broken: Option<Refusal>,
}

impl Apply<Recorded<Credited>> for Account {
    fn apply(&mut self, credited: Recorded<Credited>) {
        let after = self.balance.checked_add(credited.cents);
        self.keep_by_hand(&credited.metadata, &credited.reference);
        self.enter(after, Cents::MAX, false, credited.effective_at);
    }
}

impl Apply<Recorded<Debited>> for Account {
    fn apply(&mut self, debited: Recorded<Debited>) {
        let after = self.balance.checked_sub(debited.cents);
        self.keep_by_hand(&debited.metadata, &debited.reference);
        self.enter(after, Cents::MIN, debited.covered, debited.effective_at);
    }
}

impl Apply<EntryRefused> for Account {
    fn apply(&mut self, _: EntryRefused) {
        self.refused += 1;
        self.broken = None;
    }
}

/// What was decided of each entry holds along a corrected history, too: it can be counted, and a covered debit is covered.
impl Correctable for Account {
    fn check(&self) -> Result<(), Refusal> {
        self.broken.map_or(Ok(()), Err)
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
    /// The [`Refusal`], if the balance can't or may not become what it would, or the entry is there.
    pub fn book(&self, entry: &Entry, overdraft: Overdraft) -> Result<AccountEvent, Refusal> {
        if self.by_hand.contains(&entry.reference) {
            return Err(Refusal::EnteredByHand);
        }
        let balance = self.balance;
        let after = match entry.kind {
            Kind::Credit => balance.checked_add(entry.cents),
            Kind::Debit => balance.checked_sub(entry.cents),
        };
        let after = after.ok_or(Refusal::OutOfRange { balance })?;
        if entry.kind == Kind::Debit && after < Cents(0) && overdraft == Overdraft::Refused {
            return Err(Refusal::Overdraft { balance });
        }
        let mut event = entry.clone().into();
        if let AccountEvent::Debited(debited) = &mut event {
            debited.covered = overdraft == Overdraft::Refused;
        }
        Ok(event)
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

    fn keep_by_hand(&mut self, metadata: &Metadata, reference: &str) {
        let actor = metadata.actor.as_deref();
        if actor.is_some_and(|actor| actor != IMPORT) {
            self.by_hand.insert(reference.to_owned());
        }
    }

    /// Takes an entry in that leads to a balance, if that can be counted.
    fn enter(
        &mut self,
        after: Option<Cents>,
        bound: Cents,
        covered: bool,
        effective_at: Timestamp,
    ) {
        let balance = self.balance;
        self.broken = match after {
            None => Some(Refusal::OutOfRange { balance }),
            Some(after) if covered && after < Cents(0) => Some(Refusal::Overdraft { balance }),
            Some(_) => None,
        };
        self.balance = after.unwrap_or(bound);
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
                covered: false,
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

    /// This entry instead. A covered debit stays one, as it was booked on that condition; what was refused is booked.
    pub fn instead(&self, entry: Entry) -> Self {
        let mut event = Self::from(entry);
        if let (Self::Debited(before), Self::Debited(after)) = (self, &mut event) {
            after.covered = before.covered;
        }
        event
    }

    /// Why it was refused, if it was.
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::EntryRefused(event) => Some(event.refusal),
            Self::Credited(_) | Self::Debited(_) => None,
        }
    }
}

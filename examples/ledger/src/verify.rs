//! Refolds every account and compares: with what the bank states, and with what snapshots keep.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use es_core::{
    Aggregate, EventId, LoadError, Repository, Revision, Snapshot, SnapshotStore, StoreError,
    StreamId, Timestamp,
};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::ledger::AT_ONCE;
use crate::{Account, Cents, Difference, Ledger};

/// What refolding an account came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// Which account.
    pub account: String,
    /// How many events were folded.
    pub events: u64,
    /// The balance after them.
    pub balance: Cents,
    /// The least that the balance ever was.
    pub lowest: Cents,
    /// How much more the bank stated, the last time it did.
    pub difference: Difference,
    /// The rows at which that changed.
    pub drifts: Vec<Drift>,
    /// How many snapshots were compared.
    pub snapshots: u64,
    /// Snapshots that aren't what the events come to.
    pub wrong_snapshots: Vec<Revision>,
}

/// A row at which the difference between the stated balance and the fold changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// Its place in the account's history.
    pub revision: Revision,
    /// The row's date.
    pub effective_at: Timestamp,
    /// The row's reference.
    pub reference: String,
    /// The balance that the bank states after it.
    pub stated: Cents,
    /// The balance that the entries come to.
    pub folded: Cents,
    /// The difference before it.
    pub before: Difference,
}

impl Drift {
    /// How much more the bank states than the entries come to.
    pub fn difference(&self) -> Difference {
        self.stated.difference(self.folded)
    }
}

impl Audit {
    /// Whether there is nothing to complain about.
    pub fn is_clean(&self) -> bool {
        self.drifts.is_empty() && self.wrong_snapshots.is_empty()
    }
}

/// Refolds every account from its first event, in the order of the accounts' names.
pub async fn verify(ledger: &Ledger) -> Result<Vec<Audit>, StoreError> {
    let accounts = ledger.all().await?;
    stream::iter(accounts)
        .map(|(account, _)| audit(ledger, account))
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

async fn audit(ledger: &Ledger, account: String) -> Result<Audit, StoreError> {
    let snapshots = snapshots(ledger, &account).await?;
    let mut audit = Audit {
        account,
        events: 0,
        balance: Cents(0),
        lowest: Cents(0),
        difference: Difference(0),
        drifts: Vec::new(),
        snapshots: snapshots.len() as u64,
        wrong_snapshots: Vec::new(),
    };
    // What counts, from the first entry on and past all snapshots.
    let mut history = ledger.accounts().history(&audit.account);
    let mut checked = Checked::new(snapshots);
    while let Some(moment) = history.try_next().await? {
        let (event, state) = (moment.event, moment.state);
        audit.events += 1;
        audit.balance = state.balance();
        audit.lowest = audit.lowest.min(state.balance());
        checked.see(event.revision, event.id, &state);
        let entry = event.event.entry();
        if let Some(stated) = entry.stated {
            let before = audit.difference;
            audit.difference = stated.difference(state.balance());
            if audit.difference != before {
                audit.drifts.push(Drift {
                    revision: event.revision,
                    effective_at: event.effective_at,
                    reference: entry.reference,
                    stated,
                    folded: state.balance(),
                    before,
                });
            }
        }
    }
    drop(history);
    audit.wrong_snapshots = checked.wrong(ledger, &audit.account).await?;
    Ok(audit)
}

/// An account's snapshots, compared with what its history comes to.
struct Checked {
    snapshots: BTreeMap<Revision, Snapshot>,
    agreeing: BTreeSet<Revision>,
    /// The last revision, as long as the order of the fold is that of recording.
    in_order: Option<Revision>,
}

impl Checked {
    fn new(snapshots: BTreeMap<Revision, Snapshot>) -> Self {
        Self {
            snapshots,
            agreeing: BTreeSet::new(),
            in_order: Some(Revision::EMPTY),
        }
    }

    /// As long as every event so far counts and stands in its order, the state after it is that of its revision.
    fn see(&mut self, revision: Revision, id: EventId, state: &Account) {
        self.in_order = (self.in_order).filter(|last| last.next() == revision);
        if self.in_order.is_none() {
            return;
        }
        self.in_order = Some(revision);
        let snapshot = self.snapshots.get(&revision);
        if snapshot.is_some_and(|snapshot| agrees(snapshot, id, state)) {
            self.agreeing.insert(revision);
        }
    }

    /// Those that don't agree: the others are compared with the state as it was known at their revision, which what was
    /// corrected or came late since isn't part of.
    async fn wrong(self, ledger: &Ledger, account: &String) -> Result<Vec<Revision>, StoreError> {
        let mut wrong = Vec::new();
        let is_left = |revision: &Revision| !self.agreeing.contains(revision);
        let left: Vec<_> = (self.snapshots.into_iter())
            .filter(|(revision, _)| is_left(revision))
            .collect();
        if left.is_empty() {
            return Ok(wrong);
        }
        let trail = ledger.accounts().audit(account).await?;
        let ids: HashMap<_, _> = (trail.into_iter())
            .map(|entry| (entry.revision, entry.id))
            .collect();
        // Without snapshots, which it would trust.
        let accounts = Repository::<Account, _>::new(ledger.store().clone());
        for (revision, snapshot) in left {
            let known = match accounts.load_at(account, revision).await {
                Ok(loaded) => Some(loaded),
                Err(LoadError::Store(error)) => return Err(error),
                // One of a revision that the account hasn't come to.
                Err(_) => None,
            };
            let id = ids.get(&revision);
            let agreed =
                (id.zip(known.as_ref())).is_some_and(|(id, state)| agrees(&snapshot, *id, state));
            if !agreed {
                wrong.push(revision);
            }
        }
        Ok(wrong)
    }
}

/// The snapshots of an account that this program would use.
async fn snapshots(
    ledger: &Ledger,
    account: &String,
) -> Result<BTreeMap<Revision, Snapshot>, StoreError> {
    let stream = StreamId::of::<Account>(account)?;
    let mut snapshots = BTreeMap::new();
    let mut at_most = Some(u64::MAX);
    while let Some(number) = at_most {
        let loaded = ledger
            .store()
            .load_snapshot(&stream, Revision::new(number))
            .await?;
        let Some(snapshot) = loaded else { break };
        at_most = snapshot.revision.number().checked_sub(1);
        let current = Account::SNAPSHOTS
            .is_some_and(|policy| (policy.schema, policy.fold) == (snapshot.schema, snapshot.fold));
        if current {
            snapshots.insert(snapshot.revision, snapshot);
        }
    }
    Ok(snapshots)
}

/// Whether a snapshot is what the events up to this one come to.
fn agrees(snapshot: &Snapshot, event: EventId, state: &Account) -> bool {
    snapshot.event_id == event && snapshot.state_of().as_ref() == Some(state)
}

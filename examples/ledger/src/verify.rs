//! Refolds every account and compares: with what the bank states, and with what snapshots keep.

use std::collections::BTreeMap;

use es_core::{
    Aggregate, EventId, Revision, Snapshot, SnapshotStore, StoreError, StreamId, Timestamp,
};
use futures_util::{StreamExt, TryStreamExt, stream};

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

/// How many accounts are refolded at the same time: enough to keep the readers of a store busy.
const ACCOUNTS: usize = 8;

/// Refolds every account from its first event, in the order of the accounts' names.
pub async fn verify(ledger: &Ledger) -> Result<Vec<Audit>, StoreError> {
    let accounts = ledger.all().await?;
    stream::iter(accounts)
        .map(|(account, _)| audit(ledger, account))
        .buffered(ACCOUNTS)
        .try_collect()
        .await
}

async fn audit(ledger: &Ledger, account: String) -> Result<Audit, StoreError> {
    let mut snapshots = snapshots(ledger, &account).await?;
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
    // From the first event on, and past all snapshots.
    let mut history = ledger.accounts().history(&audit.account);
    while let Some(moment) = history.try_next().await? {
        let (event, state) = (moment.event, moment.state);
        audit.events += 1;
        audit.balance = state.balance();
        audit.lowest = audit.lowest.min(state.balance());
        if let Some(snapshot) = snapshots.remove(&event.revision)
            && !agrees(&snapshot, event.id, &state)
        {
            audit.wrong_snapshots.push(event.revision);
        }
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
    // Those of revisions that the account hasn't come to.
    audit.wrong_snapshots.extend(snapshots.into_keys());
    drop(history);
    Ok(audit)
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
    let kept = Account::SNAPSHOTS.and_then(|policy| (policy.decode)(snapshot.state.as_str()));
    snapshot.event_id == event && kept.as_ref() == Some(state)
}

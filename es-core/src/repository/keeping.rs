//! What a repository keeps of a stream beside it: the state in the cache, and snapshots.

use super::Folded;
use super::held::Held;
use crate::temporal::{Late, kept_state, read_kept};
use crate::{
    Aggregate, EventStore, Repository, Revision, Snapshot, SnapshotPolicy, StoreError, StreamId,
    spans,
};

impl<A: Aggregate, S: EventStore> Repository<A, S> {
    /// The state of the newest snapshot at or below a revision, if this program's schema and fold made it.
    pub(super) async fn snapshot(&self, stream: &StreamId, at_most: Revision) -> Option<Folded<A>> {
        let found = self.snapshot_with_state(stream, at_most).await;
        found.map(|(folded, _)| folded)
    }

    /// The same, with the snapshot itself.
    pub(crate) async fn snapshot_with_state(
        &self,
        stream: &StreamId,
        at_most: Revision,
    ) -> Option<(Folded<A>, Snapshot)> {
        let (Some(snapshots), Some(policy)) = (&self.snapshots, A::SNAPSHOTS) else {
            return None;
        };
        let span = spans::snapshot(stream, "load", at_most);
        let loaded = spans::within(span, snapshots.load_snapshot(stream, at_most), |_, _| {});
        let snapshot = match loaded.await {
            Ok(snapshot) => snapshot?,
            Err(error) => {
                tracing::warn!(%stream, %error, "a snapshot couldn't be loaded; folding the stream instead");
                return None;
            }
        };
        let folded = thawed(&policy, &snapshot);
        if folded.is_none() {
            tracing::debug!(%stream, revision = %snapshot.revision, "a snapshot of another schema or fold is ignored");
        }
        Some((folded?, snapshot))
    }

    /// Keeps a state that is as new as its stream: in the cache, and as a snapshot if the policy asks for one.
    pub(crate) async fn keep(&self, stream: &StreamId, since: Revision, folded: Folded<A>) {
        let mut held = Held::new(self.cache.as_ref(), stream, folded);
        held.stay();
        self.keep_snapshot(stream, since, &held).await;
    }

    /// Keeps a snapshot if the policy asks for one between the revision `since` and the state's.
    pub(crate) async fn keep_snapshot(
        &self,
        stream: &StreamId,
        since: Revision,
        folded: &Folded<A>,
    ) {
        let (Some(snapshots), Some(policy)) = (&self.snapshots, A::SNAPSHOTS) else {
            return;
        };
        let every = policy.every.max(1);
        if since.number() / every == folded.revision.number() / every {
            return;
        }
        let (Some(state), Some(last)) = (&folded.state, folded.last) else {
            return;
        };
        let encoded = (policy.encode)(state);
        let saved = match encoded.map(|json| kept_state::<A>(folded.key, &folded.late, json)) {
            Ok(json) => {
                let snapshot = Snapshot::new(
                    stream.clone(),
                    folded.revision,
                    last,
                    policy.schema,
                    policy.fold,
                    json,
                );
                let span = spans::snapshot(stream, "keep", folded.revision);
                spans::within(span, snapshots.keep_snapshot(snapshot), |_, ()| {}).await
            }
            Err(error) => Err(StoreError::Backend(error.into())),
        };
        if let Err(error) = saved {
            tracing::warn!(%stream, %error, "a snapshot couldn't be kept; the stream is unharmed");
        }
    }
}

/// The state of a snapshot, if this program's schema and fold made it.
fn thawed<A: Aggregate>(policy: &SnapshotPolicy<A>, snapshot: &Snapshot) -> Option<Folded<A>> {
    if (snapshot.schema, snapshot.fold) != (policy.schema, policy.fold) {
        return None;
    }
    let kept = read_kept::<A>(snapshot.state.as_str())?;
    Some(Folded {
        state: Some((policy.decode)(kept.state)?),
        revision: snapshot.revision,
        last: Some(snapshot.event_id),
        recorded_at: None,
        key: kept.last,
        late: (kept.late).unwrap_or(Late::unknown(snapshot.revision, kept.last)),
        begun: true,
    })
}

use es_core::{Revision, Snapshot, StreamId};

use crate::store::Shared;

impl Shared {
    pub(crate) fn load_snapshot(&self, stream: &StreamId, at_most: Revision) -> Option<Snapshot> {
        let snapshots = self.snapshots();
        let (_, newest) = snapshots.get(stream)?.range(..=at_most).next_back()?;
        Some(newest.clone())
    }

    pub(crate) fn keep_snapshot(&self, snapshot: Snapshot) {
        self.snapshots()
            .entry(snapshot.stream.clone())
            .or_default()
            .insert(snapshot.revision, snapshot);
    }

    pub(crate) fn delete_snapshots(&self, stream: &StreamId) {
        self.snapshots().remove(stream);
    }
}

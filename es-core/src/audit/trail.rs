use std::collections::BTreeSet;

use super::AuditEntry;
use crate::{
    Aggregate, EventStore, LogQuery, Metadata, Repository, StoreError, StoredEvent, StreamId,
    StreamQuery, spans,
};

/// The audit trail of a stream or of a correlation: an entry for each event, in the order of recording.
///
/// Its text is for reading, a line for each entry; [`write_json_lines`](Self::write_json_lines) and
/// [`write_csv`](Self::write_csv) are for programs and spreadsheets.
///
/// ```
/// # use es_core::{AuditTrail, EventStore, StoreError, StreamId};
/// async fn print(store: impl EventStore, stream: StreamId) -> Result<(), StoreError> {
///     for entry in AuditTrail::of_stream(&store, &stream).await? {
///         println!("{entry}");
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditTrail {
    entries: Vec<AuditEntry>,
}

impl AuditTrail {
    /// The trail of one aggregate.
    pub async fn of_stream<S: EventStore + ?Sized>(
        store: &S,
        stream: &StreamId,
    ) -> Result<Self, StoreError> {
        let mut events = Vec::new();
        let mut next = Some(StreamQuery::forwards(stream.clone()));
        while let Some(query) = next.take() {
            let page = spans::read_stream(store, query.clone()).await?;
            next = query.after(&page);
            events.extend(page.events);
        }
        let entries = AuditEntry::of_stream(&events)?;
        Ok(Self { entries })
    }

    /// The trail of what belongs together across streams, in the order of the log, all of which is read.
    pub async fn of_correlation<S: EventStore + ?Sized>(
        store: &S,
        correlation: &str,
    ) -> Result<Self, StoreError> {
        let mut streams = BTreeSet::new();
        each_event(store, |event| {
            if metadata(event)?.correlation.as_deref() == Some(correlation) {
                streams.insert(event.envelope.stream.clone());
            }
            Ok(())
        })
        .await?;
        let mut trail = Self::default();
        for stream in &streams {
            let of_stream = Self::of_stream(store, stream).await?;
            let belonging = (of_stream.into_iter())
                .filter(|entry| entry.correlation.as_deref() == Some(correlation));
            trail.entries.extend(belonging);
        }
        trail.entries.sort_by_key(|entry| entry.position);
        Ok(trail)
    }

    /// The entries, in the order of recording.
    pub fn entries(&self) -> &[AuditEntry] {
        &self.entries
    }
}

impl IntoIterator for AuditTrail {
    type Item = AuditEntry;
    type IntoIter = std::vec::IntoIter<AuditEntry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

/// Shows every event of the log.
pub(super) async fn each_event<S: EventStore + ?Sized>(
    store: &S,
    mut see: impl FnMut(&StoredEvent) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut query = LogQuery::all();
    loop {
        let page = spans::read_log(store, query.clone()).await?;
        page.events.iter().try_for_each(&mut see)?;
        if page.end {
            return Ok(());
        }
        query.after = page.looked_to;
    }
}

pub(super) fn metadata(event: &StoredEvent) -> Result<Metadata, StoreError> {
    Metadata::decode(&event.envelope.metadata).map_err(|reason| event.undecodable(reason))
}

impl<A: Aggregate, S: EventStore> Repository<A, S> {
    /// The audit trail of an aggregate: who did what, when and why, what led to it, and what corrected it.
    pub async fn audit(&self, id: &A::Id) -> Result<AuditTrail, StoreError> {
        AuditTrail::of_stream(self.store(), &StreamId::of::<A>(id)?).await
    }
}

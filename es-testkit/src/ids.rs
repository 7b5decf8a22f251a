use std::sync::atomic::{AtomicU64, Ordering};

use es_core::{EventId, IdSource};

/// Ids that count: `00000000-0000-0000-0000-000000000001` and on, the same in every run of a test.
///
/// ```
/// use es_core::IdSource;
/// use es_testkit::CountingIds;
///
/// let ids = CountingIds::default();
/// assert_eq!(ids.next_id().to_string(), "00000000-0000-0000-0000-000000000001");
/// assert_eq!(ids.next_id().to_string(), "00000000-0000-0000-0000-000000000002");
/// ```
#[derive(Debug, Default)]
pub struct CountingIds(AtomicU64);

impl IdSource for CountingIds {
    fn next_id(&self) -> EventId {
        let count = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        EventId::from_bytes(u128::from(count).to_be_bytes())
    }
}

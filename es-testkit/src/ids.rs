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

impl CountingIds {
    /// The n-th of them, from 1 on. It is also the id of the n-th event of a [`Scenario`](crate::Scenario), a
    /// [`GivenLog`](crate::GivenLog) and a [`ProcessScenario`](crate::ProcessScenario).
    pub fn nth(n: u64) -> EventId {
        EventId::from_bytes(u128::from(n).to_be_bytes())
    }
}

impl IdSource for CountingIds {
    fn next_id(&self) -> EventId {
        Self::nth(self.0.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

//! Read models whose handlers follow corrections: they are what the corrected history comes to, each correction once. The
//! tests of each database include this, say where it is, and have [`months!`] write the tests.

mod domain;
mod followed;
mod history;
mod inline;
mod parked;

use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) use domain::{Change, Months, MonthsEvent, changes};
use es_core::{Cause, Consumer, EventStore, Parking, Retried};
pub(crate) use followed::{by_hand, by_runner, in_batches, taken_over, unlisted};
pub(crate) use inline::inline;
pub(crate) use parked::{corrected, failing};

/// What came to an account in a month: cents, and how many entries. A month without entries isn't there.
pub(crate) type Totals = BTreeMap<(String, i64), (i64, i64)>;

/// A database for a log.
pub(crate) trait Stage: Sized {
    type Store: EventStore + Clone;
    type Models: Models;

    async fn new() -> Self;

    async fn store(&self) -> Self::Store;

    /// The store with the months inside of its appends.
    async fn inline(&self, months: Months) -> Self::Store;

    /// The months that are kept inside of appends.
    async fn inline_totals(&self) -> Totals;

    /// Read models that are empty, each time.
    async fn models(&self) -> Self::Models;
}

/// A database for the months.
pub(crate) trait Models: Sized {
    type Projection: Parking;

    /// A projection that another one may take over after this time.
    fn projection(&self, months: Months, lease: Duration) -> Self::Projection;

    /// In partitions, where there are any.
    fn in_parts(&self, months: Months) -> Self::Projection;

    async fn totals(&self) -> Totals;

    /// The positions of what was taken in, in order.
    async fn seen(&self) -> Vec<u64>;

    /// The positions of what is parked.
    async fn parked(&self) -> Vec<u64>;

    async fn retry(&self, months: Months, store: &impl EventStore, key: &str) -> Retried;
}

/// Long enough for a machine that is busy.
const LEASE: Duration = Duration::from_mins(5);

/// Has a projection take in what it lacks, in batches.
async fn deliver<S: EventStore + Clone>(
    store: &S,
    projection: &mut impl Consumer,
    batch: usize,
) -> Result<(), Cause> {
    use es_core::{Batch, Begun, LogQuery};

    projection.read_from(std::sync::Arc::new(store.clone()));
    let Begun::At(checkpoint) = projection.begin().await? else {
        return Err("another one is in charge".into());
    };
    let query = LogQuery::after(checkpoint.position).filter(projection.profile().filter);
    let page = store.read_log(query.limit(usize::MAX)).await?;
    let batches = page.events.chunks(batch).map(|events| {
        let last = events.last().map_or(page.looked_to, |last| last.position);
        Batch::new(events, last, false)
    });
    let mut batches = batches.peekable();
    while let Some(batch) = batches.next() {
        if let Some(next) = batches.peek() {
            projection.prepare(next);
        }
        let taken = projection.consume(&batch).await;
        taken.map_err(|refusal| refusal.failure)?;
    }
    Ok(())
}

/// Waits for a fact; a test that is stuck says so.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(Duration::from_mins(2), future).await;
    waited.expect("this should have come long ago")
}

/// The tests of a stage, within what ignores them where it has no server.
macro_rules! months {
    ($needs:ident, $stage:ty) => {
        $needs! {
            #[tokio::test]
            async fn a_read_model_is_what_the_corrected_history_comes_to_in_whichever_batches() {
                months::in_batches::<$stage>().await;
            }

            #[tokio::test]
            async fn a_runner_tells_it_which_log_it_reads_and_waits_for_corrections() {
                months::by_runner::<$stage>().await;
            }

            #[tokio::test]
            async fn a_correction_is_followed_once_whoever_takes_over() {
                months::taken_over::<$stage>().await;
            }

            #[tokio::test]
            async fn a_correction_of_what_is_not_listed_is_passed_over() {
                months::unlisted::<$stage>().await;
            }

            #[tokio::test]
            async fn who_feeds_it_by_hand_and_names_no_log_is_told_so() {
                months::by_hand::<$stage>().await;
            }

            #[tokio::test]
            async fn a_parked_event_holds_up_its_corrections_until_both_are_retried() {
                months::corrected::<$stage>().await;
            }

            #[tokio::test]
            async fn a_parked_correction_is_retried_with_what_it_changed_then() {
                months::failing::<$stage>().await;
            }

            #[tokio::test]
            async fn inside_of_appends_corrections_are_followed_and_refused() {
                months::inline::<$stage>().await;
            }
        }
    };
}
pub(crate) use months;

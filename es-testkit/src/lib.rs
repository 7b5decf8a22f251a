//! Given-when-then tests for aggregates, and the laws of event stores as a table that a store runs. A dev-dependency.
//!
//! | to | see |
//! |---|---|
//! | test what an aggregate decides | [`Spec`] |
//! | fix times and ids | [`FixedClock`], [`CountingIds`] |

mod clock;
mod ids;
mod spec;

pub use clock::FixedClock;
pub use ids::CountingIds;
pub use spec::{Outcome, Scenario, Spec};

//! Given-when-then tests for aggregates, and the laws of event stores as a table that a store runs. A dev-dependency.
//!
//! | to | see |
//! |---|---|
//! | test what an aggregate decides | [`Spec`] |
//! | fix times and ids | [`FixedClock`], [`CountingIds`] |
//! | have a store go wrong on cue | [`FaultyStore`] |
//! | prove that a store keeps the laws | [`conformance!`], and the module [`conformance`](mod@conformance) |

mod clock;
pub mod conformance;
mod faulty;
mod ids;
mod spec;

pub use clock::FixedClock;
pub use faulty::{Calls, Fault, FaultyStore};
pub use ids::CountingIds;
pub use spec::{Outcome, Scenario, Spec};

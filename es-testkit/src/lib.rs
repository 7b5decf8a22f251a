//! Given-when-then tests for aggregates, projections and processes, and the laws of event stores as a table that a store runs. A dev-dependency.
//!
//! | to | see |
//! |---|---|
//! | test what an aggregate decides | [`Spec`] |
//! | test that an event undoes another in the open | [`Scenario::compensating`] |
//! | test what a projection makes of events | [`ProjectionSpec`]; [`GivenLog`] for one in a database |
//! | test what a process does about events, rejections and time | [`ProcessScenario`] |
//! | wait for what runners show | [`Patience`] |
//! | prove that a store keeps saved states | [`check_state_store`] |
//! | fix times and ids | [`FixedClock`], [`CountingIds`] |
//! | have a store go wrong on cue | [`FaultyStore`] |
//! | prove that a store keeps the laws | [`conformance!`], and the module [`conformance`](mod@conformance) |

mod clock;
pub mod conformance;
mod faulty;
mod ids;
mod patience;
mod process;
mod projection;
mod spec;
mod states;

pub use clock::FixedClock;
pub use faulty::{Calls, Fault, FaultyStore};
pub use ids::CountingIds;
pub use patience::Patience;
pub use process::{ProcessOutcome, ProcessScenario};
pub use projection::{GivenLog, GivenStore, ProjectionScenario, ProjectionSpec};
pub use spec::{Compensating, Compensation, Outcome, Scenario, Spec};
pub use states::check_state_store;

//! Any past state, by two clocks: when the store learned of an event, and when it was true in the world.

mod at;
mod diff;
mod fact;
mod impact;
mod read;
mod search;
mod timeline;
mod what_if;

pub use at::{At, Known};
pub use diff::{Change, Diff};
pub use impact::{Effect, Fate, Impact};
pub use timeline::{Sample, Samples};
pub use what_if::WhatIf;

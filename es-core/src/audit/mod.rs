//! Who did what, when and why, what led to it, and what corrected or undid it.

mod causation;
mod entry;
mod trail;
mod write;

pub use causation::{CausationTree, Consequence};
pub use entry::AuditEntry;
pub use trail::AuditTrail;

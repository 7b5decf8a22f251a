//! Who did what, when and why, what led to it, and what corrected or undid it; and whether anybody changed it since.

mod blocks;
mod causation;
mod digest;
mod entry;
mod seal;
mod sealer;
mod trail;
mod verify;
mod write;

pub use causation::{CausationTree, Consequence};
pub use digest::{Digest, InvalidDigest};
pub use entry::AuditEntry;
pub use seal::{InvalidSeal, Seal};
pub use sealer::Sealer;
pub use trail::AuditTrail;
pub use verify::{Break, BreakKind, Verification};

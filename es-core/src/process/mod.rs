//! Processes: what turns events into commands, with deadlines, and once in effect.

mod agenda;
mod arrival;
mod aside;
mod definition;
mod delays;
mod dry;
mod duties;
mod engine;
mod hot;
mod instance;
mod judging;
mod listed;
mod processes;
mod reaction;
mod reconsider;
mod record;
mod saved;
mod sender;
mod settling;
mod trouble;
mod view;
mod whole;
mod working;
mod writing;

pub use definition::{Compensate, Expire, Process, React, Rejected, SentBy, SetBy};
pub use dry::{DryOutcome, DryRun};
pub use listed::{ProcessCommand, ProcessDeadline, ProcessInput, Role};
pub use processes::{Processes, Since};
pub use reaction::Reaction;
pub use reconsider::Reconsider;
pub use record::RejectionKind;
pub(crate) use record::is_record;
pub use view::{DelayedInstance, Overview, ProcessView, SetAsideInput, StuckInstance};

//! Any past state, by two clocks: when the store learned of an event, and when it was true in the world.

mod at;
mod checked;
mod correct_error;
mod correctable;
mod corrected;
mod corrected_facts;
mod correcting;
mod correction;
mod diff;
mod entry;
mod fact;
mod given;
mod ground;
mod impact;
mod judging;
mod kept;
mod late;
mod plan;
mod project;
mod read;
mod refold;
mod search;
mod skipping;
mod standing;
mod step;
mod struck;
mod timeline;
mod together;
mod what_if;

pub use at::{At, Known};
pub(crate) use checked::{Broken, Checked, check};
pub use correct_error::CorrectError;
pub use correctable::{Correctable, Corrections, Violation};
pub use corrected::Corrected;
pub use corrected_facts::CorrectedFacts;
pub(crate) use corrected_facts::untold;
pub use correcting::{Correct, CorrectAs, Correction};
pub(crate) use correction::{
    Correction as StoredCorrection, INSERTED, REPLACED, RETRACTED, is_correction,
};
pub use diff::{Change, Diff};
pub use entry::{Entry, HandlerInput};
pub(crate) use fact::{Facts, Key, fold};
pub use given::{correct_given, facts_given, fold_given};
pub(crate) use ground::Ground;
pub use impact::{Effect, Fate, Impact};
pub use judging::Step as CorrectionStep;
pub(crate) use kept::{kept_state, read_kept};
pub(crate) use late::Late;
pub use project::{project, timeline};
pub(crate) use read::decoded;
pub(crate) use standing::{Force, Standing};
pub(crate) use step::Step;
pub(crate) use struck::Struck;
pub use timeline::{Sample, Samples};
pub(crate) use together::together;
pub use what_if::WhatIf;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/time.md")]
struct Page;

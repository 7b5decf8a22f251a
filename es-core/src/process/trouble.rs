//! Why an instance doesn't go on: for now, or until somebody has it go on.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};

use super::instance::chain;
use crate::{EventId, Failure, FailureClass, StoreError};

/// Which part failed, as it is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Class {
    Decoding,
    #[default]
    Applying,
    Panicked,
    Store,
    LogDiverged,
}

impl From<Class> for FailureClass {
    fn from(class: Class) -> Self {
        match class {
            Class::Decoding => Self::Decoding,
            Class::Applying => Self::Applying,
            Class::Panicked => Self::Panicked,
            Class::Store => Self::Store,
            Class::LogDiverged => Self::LogDiverged,
        }
    }
}

/// What went wrong, and how often in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) class: Class,
    pub(super) reason: String,
    pub(super) attempts: u32,
}

impl Trouble {
    pub(super) fn new(class: Class, reason: impl Into<String>) -> Self {
        let (reason, attempts) = (reason.into(), 1);
        Self {
            class,
            reason,
            attempts,
        }
    }

    /// What the user's code said.
    pub(super) fn applying(error: &dyn std::error::Error) -> Self {
        Self::new(Class::Applying, chain(error))
    }

    /// A panic, as it was caught.
    pub(super) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let said = match Failure::panicked(panic) {
            Failure::Panicked { message } => message,
            other => other.to_string(),
        };
        Self::new(Class::Panicked, format!("the code panicked: {said}"))
    }
}

impl From<&StoreError> for Trouble {
    fn from(error: &StoreError) -> Self {
        let class = match error {
            StoreError::Undecodable(_) => Class::Decoding,
            StoreError::LogDiverged { .. } => Class::LogDiverged,
            _ => Class::Store,
        };
        Self::new(class, chain(error))
    }
}

/// Runs the user's code, which decides and changes nothing: a panic is a bug of one instance's, and no reason to stop all.
pub(super) fn caught<T>(code: impl FnOnce() -> Result<T, Trouble>) -> Result<T, Trouble> {
    let done = catch_unwind(AssertUnwindSafe(code));
    done.unwrap_or_else(|panic| Err(Trouble::panicked(&*panic)))
}

/// What an instance couldn't do now, and why.
#[derive(Debug)]
pub(super) struct Undone {
    /// The command, the input or the record of a deadline, where it is about one.
    pub(super) on: Option<EventId>,
    pub(super) error: StoreError,
}

impl Undone {
    pub(super) fn on(event: EventId) -> impl FnOnce(StoreError) -> Self {
        move |error| Self {
            on: Some(event),
            error,
        }
    }

    /// Whether it is done at some time, if only it is tried again: it says nothing about the instance.
    pub(super) fn is_passing(&self) -> bool {
        matches!(
            self.error,
            StoreError::Unavailable(_)
                | StoreError::Unknown(_)
                | StoreError::Conflict(_)
                | StoreError::LogDiverged { .. }
        )
    }
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self { on: None, error }
    }
}

use std::error::Error;
use std::fmt::{self, Debug};
use std::panic::Location;

use super::{Law, Row};

/// Why a store doesn't pass a row: the law, the fact that isn't one, and what was found instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    row: Option<(Law, &'static str)>,
    message: String,
    at: &'static Location<'static>,
}

/// What a row comes to.
pub(crate) type Fact = Result<(), Failure>;

impl Failure {
    #[track_caller]
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            row: None,
            message: message.into(),
            at: Location::caller(),
        }
    }

    /// The failure with what led to it.
    pub(crate) fn after(self, what: impl fmt::Display) -> Self {
        let message = format!("{what}: {}", self.message);
        Self { message, ..self }
    }

    pub(crate) fn of(self, row: &Row) -> Self {
        let row = Some((row.law, row.fact));
        Self { row, ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((law, fact)) = self.row {
            writeln!(f, "{law}: `{fact}` does not hold")?;
        }
        write!(f, "{}\n(found at {})", self.message, self.at)
    }
}

impl Error for Failure {}

/// An operation that a row relies on failed.
macro_rules! failure_from {
    ($($error:ty),*) => {$(
        impl From<$error> for Failure {
            #[track_caller]
            fn from(error: $error) -> Self {
                Self::new(format!("unexpected error: {}", chain(&error)))
            }
        }
    )*};
}

failure_from!(
    es_core::StoreError,
    es_core::InvalidStreamId,
    es_core::InvalidJson,
    tokio::task::JoinError
);

/// An error with its causes.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// `actual` is as expected.
#[track_caller]
#[expect(
    clippy::needless_pass_by_value,
    reason = "what is compared is often made for it"
)]
pub(crate) fn same<T: PartialEq + Debug>(what: impl fmt::Display, actual: T, expected: T) -> Fact {
    if actual == expected {
        return Ok(());
    }
    let (actual, expected) = (shown(&actual), shown(&expected));
    Err(Failure::new(format!(
        "{what}\n  expected: {expected}\n  actual:   {actual}"
    )))
}

/// A condition holds.
#[track_caller]
pub(crate) fn holds(condition: bool, what: impl FnOnce() -> String) -> Fact {
    if condition {
        Ok(())
    } else {
        Err(Failure::new(what()))
    }
}

/// Long values are cut: a page of events says nothing that its beginning doesn't.
pub(crate) fn shown(value: &dyn Debug) -> String {
    const LONGEST: usize = 1_500;
    let mut text = format!("{value:?}");
    if let Some((cut, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(cut);
        text.push_str(" …");
    }
    text
}

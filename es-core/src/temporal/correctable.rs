use std::fmt;

use crate::__private::OptsIn;
use crate::{Aggregate, Revision, StreamId, Timestamp};

/// An aggregate whose past can be corrected, and what always holds of it.
///
/// Implemented by the user of an aggregate with `#[aggregate(corrections)]`; called after each event of a corrected
/// history, and of one that a backdated event changes, before that is written. It is not where decisions stand: an event
/// that comes last was decided by the aggregate's methods.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// # use es_core::{Aggregate, Apply, Event};
/// # use serde::{Deserialize, Serialize};
/// use es_core::Correctable;
///
/// # #[derive(Debug)]
/// # struct Overdrawn;
/// # impl std::fmt::Display for Overdrawn {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("overdrawn") }
/// # }
/// # impl std::error::Error for Overdrawn {}
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "account.moved")]
/// # struct Moved { cents: i64 }
/// #[derive(Default, Aggregate)]
/// #[aggregate(name = "account", id = String, event = AccountEvent, error = Overdrawn, corrections)]
/// #[event(Moved)]
/// struct Account { balance: i64 }
/// # impl Apply<Moved> for Account {
/// #     fn apply(&mut self, event: Moved) { self.balance += event.cents; }
/// # }
///
/// impl Correctable for Account {
///     fn check(&self) -> Result<(), Overdrawn> {
///         if self.balance < 0 { Err(Overdrawn) } else { Ok(()) }
///     }
/// }
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` doesn't take corrections, or doesn't say what always holds of it",
    label = "add `corrections` to its `#[aggregate(…)]`, and write `impl Correctable for {Self} {{ … }}`"
)]
pub trait Correctable: Aggregate + OptsIn {
    /// Says what is wrong with a state that must not be; nothing ever is, unless it is written otherwise.
    ///
    /// # Errors
    ///
    /// The aggregate's own, as a decision that would lead here would reject.
    fn check(&self) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// How an aggregate takes corrections.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Corrections<A: Aggregate> {
    /// [`Correctable::check`].
    pub check: fn(&A) -> Result<(), A::Error>,
}

impl<A: Aggregate> Corrections<A> {
    /// By what the aggregate says of itself.
    pub const fn new() -> Self
    where
        A: Correctable,
    {
        Self { check: A::check }
    }
}

impl<A: Correctable> Default for Corrections<A> {
    fn default() -> Self {
        Self::new()
    }
}

/// The event of a history after which something doesn't hold that held before.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation<E> {
    /// The aggregate's stream.
    pub stream: StreamId,
    /// The revision of the event; of the correction that carries it, if one does.
    pub revision: Revision,
    /// The event's name.
    pub name: std::sync::Arc<str>,
    /// When it was true in the world.
    pub effective_at: Timestamp,
    /// What the aggregate says of the state after it.
    pub error: E,
}

impl<E> fmt::Display for Violation<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            stream,
            revision,
            name,
            effective_at,
            ..
        } = self;
        write!(
            f,
            "the history of {stream} would break at its event {revision} (`{name}`, effective at {effective_at})"
        )
    }
}

impl<E: std::error::Error + 'static> std::error::Error for Violation<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

use crate::temporal::{INSERTED, REPLACED, RETRACTED};
use crate::{
    CorrectedFacts, DecodeError, EventDescriptor, EventSet, Failure, Filter, HandlerInput,
    StoredEvent, StreamId,
};

/// A read model made of the events of any aggregates: its name, its version, and which events it is made of.
///
/// Implemented by `#[derive(Projection)]`. One that is kept in memory is the read model itself, with
/// [`Apply<Recorded<E>>`](crate::Apply) for each event (see [`Fold`]). One that is kept in a database names an enum of
/// its events, for the handler that writes them there (see [`ProjectionEvents`]). It is not an aggregate: it decides
/// nothing, and it lags behind the log.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use es_core::{Apply, Event, Projection, Recorded};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "account.money-deposited")]
/// # struct MoneyDeposited { cents: i64 }
///
/// /// What all accounts hold together.
/// #[derive(Debug, Clone, Default, Projection)]
/// #[projection(name = "total", version = 1)]
/// #[event(MoneyDeposited)]
/// struct Total { cents: i64 }
///
/// impl Apply<Recorded<MoneyDeposited>> for Total {
///     fn apply(&mut self, deposited: Recorded<MoneyDeposited>) {
///         self.cents += deposited.cents;
///     }
/// }
///
/// assert!(Total::filter().passes("account", "account.money-deposited"));
/// assert!(!Total::filter().passes("account", "account.closed"));
/// # }
/// ```
///
/// Also found as *view*, *denormaliser* or *read-side handler* in other libraries.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a projection",
    label = "add `#[derive(Projection)]` and `#[projection(…)]` to `{Self}`"
)]
pub trait Projection: Sized + Send + Sync + 'static {
    /// The name under which its place in the log is kept.
    const NAME: &'static str;
    /// Says what it holds: another version is built anew, beside this one.
    const VERSION: u32;
    /// The events that it is made of.
    const EVENTS: &'static [EventDescriptor];

    /// Whether it follows corrections: see [`Fold::correct`] and, for a handler, [`Entry`](crate::Entry). One that doesn't
    /// passes over them, and counts no fact twice.
    const CORRECTIONS: bool = false;

    /// Lets its events pass, by all of their names, present and former; and corrections, if it follows them.
    fn filter() -> Filter {
        let filter = Filter::of_events(Self::EVENTS);
        if !Self::CORRECTIONS {
            return filter;
        }
        [RETRACTED, REPLACED, INSERTED]
            .into_iter()
            .fold(filter, Filter::name)
    }
}

/// A projection that is folded into itself.
///
/// Implemented by `#[derive(Projection)]` without `event = …`, which sends each event to its
/// [`Apply<Recorded<E>>`](crate::Apply); called by what keeps the projection in memory. See [`Projection`] for an
/// example. [`ByStream`](crate::ByStream) implements it for what keeps something of each stream.
#[diagnostic::on_unimplemented(
    message = "`{Self}` isn't folded from its events",
    label = "leave `event = …` out of its `#[projection(…)]`, and write `impl Apply<Recorded<…>>` for each event",
    note = "one with `by_stream` is kept as `ByStream<{Self}>`"
)]
pub trait Fold: Projection {
    /// A fingerprint of its fields: a saved state with another one is ignored.
    const SCHEMA: u64;

    /// Whether it follows corrections by folding a stream anew, as [`ByStream`](crate::ByStream) does, instead of by
    /// [`correct`](Self::correct).
    const REFOLDS: bool = false;

    /// Takes an event into the state; one that isn't listed changes nothing.
    ///
    /// # Errors
    ///
    /// The event can't be read. The state is as it was.
    fn fold(&mut self, stored: &StoredEvent) -> Result<(), DecodeError>;

    /// Takes a correction into the state: undoes the one fact, and does the other. A fact that isn't listed changes nothing.
    ///
    /// The derive writes it where `#[projection(…)]` has `corrections`, and sends it to
    /// [`Apply<Corrected<E>>`](crate::Corrected) of each event.
    ///
    /// # Errors
    ///
    /// A fact can't be read. The state is as it was.
    fn correct(
        &mut self,
        before: Option<&StoredEvent>,
        after: Option<&StoredEvent>,
    ) -> Result<(), DecodeError> {
        let _ = (before, after);
        Ok(())
    }

    /// Whether an event can't be folded onto what was folded of its stream, so that [`refold`](Self::refold) has to be
    /// called with it among the facts.
    fn is_late(&self, stored: &StoredEvent) -> bool {
        let _ = stored;
        false
    }

    /// Folds a stream anew: from all that counts of it, in the order in which it was true.
    ///
    /// # Errors
    ///
    /// A fact can't be read. The state is as it was.
    fn refold(&mut self, stream: &StreamId, facts: &[StoredEvent]) -> Result<(), DecodeError> {
        let _ = (stream, facts);
        Ok(())
    }
}

/// A projection whose events come to a handler, as one enum.
///
/// Implemented by `#[derive(Projection)]` with `event = …`; asked for by each database's handler.
///
/// With `corrections` the handler is given an [`Entry`](crate::Entry): an event, or a correction with the facts that it
/// changed. Whoever keeps the projection looks them up by [`CorrectedFacts`] first.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use es_core::{Event, EventSet, Projection};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "order.placed")]
/// # struct OrderPlaced {}
///
/// #[derive(Projection)]
/// #[projection(name = "orders", version = 1, event = OrdersEvent)]
/// #[event(OrderPlaced)]
/// struct Orders;
///
/// let event = OrdersEvent::decode("order.placed", 1, "{}")?;
/// assert_eq!(event, Some(OrdersEvent::OrderPlaced(OrderPlaced {})));
/// # }
/// # Ok::<(), es_core::DecodeError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no enum of its events",
    label = "name one in its `#[projection(…)]`: `event = {Self}Event`"
)]
pub trait ProjectionEvents: Projection {
    /// Its events.
    type Event: EventSet;
    /// What its handler is given: [`Recorded<Event>`](crate::Recorded), or an [`Entry<Event>`](crate::Entry) if it follows
    /// corrections.
    type Input: HandlerInput<Self::Event>;

    /// A stored event as its handler takes it, with what is known of corrections; `None` if it is none of its own any more, or
    /// a correction of others.
    ///
    /// # Errors
    ///
    /// The event can't be read, or what it corrects.
    fn input(stored: &StoredEvent, facts: &CorrectedFacts) -> Result<Option<Self::Input>, Failure> {
        Self::Input::of(stored, facts)
    }
}

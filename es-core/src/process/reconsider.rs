use super::definition::React;
use super::reaction::Reaction;
use crate::{Corrected, Recorded};

/// What a process does when an event that it takes in turns out to have been another, or not to have been, or to have
/// been forgotten.
///
/// Implemented by the user for each input of a process with `#[process(corrections)]`; called when a
/// [`Correction`](crate::Correction) is read, with the fact that doesn't count any more and the one that counts now. What
/// was sent for the first stays sent, and nothing is sent again: what is to be undone, or done beside, is a command that
/// this sends. Whoever made the correction and why stands in the metadata.
///
/// - An instance that has begun is told of its facts, those before its end and those after it.
/// - A fact that only now comes in (an insert) starts or ends an instance as it would have then. One that is replaced or
///   taken away starts and ends none, and an instance that is over stays over.
/// - Where the two facts have another [`key`](React::key), two instances are told: that the one fact has gone, and that the
///   other has come.
/// - Where a fact of one type takes the place of one of another, both impls are asked, first that of the one that has gone.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// # use es_core::{Aggregate, Apply, Command, Compensate, Event, Handle, NoError, Process, React, Rejected};
/// use es_core::{Corrected, Reaction, Reconsider, Recorded};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "order.placed")]
/// # struct OrderPlaced { cents: i64 }
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "account.charged")]
/// # struct Charged { cents: i64 }
/// # #[derive(Default, Aggregate)]
/// # #[aggregate(name = "account", id = String, event = AccountEvent, error = NoError)]
/// # #[event(Charged)]
/// # struct Account;
/// # impl Apply<Charged> for Account { fn apply(&mut self, _: Charged) {} }
/// # #[derive(Debug, Serialize, Deserialize, Command)]
/// # #[command(aggregate = Account)]
/// # struct Charge { #[command(id)] order: String, cents: i64 }
/// # impl Handle<Charge> for Account {
/// #     type Events = Charged;
/// #     fn handle(&self, command: &Charge) -> Result<Charged, NoError> { Ok(Charged { cents: command.cents }) }
/// # }
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "billing.noted")]
/// # struct Noted {}
/// #[derive(Default, Aggregate, Process)]
/// #[aggregate(name = "billing", id = String, event = BillingEvent, error = NoError)]
/// #[process(corrections)]
/// #[event(Noted)]
/// #[input(OrderPlaced, starts)]
/// #[command(Charge, name = "account.charge")]
/// struct Billing;
/// # impl Apply<Noted> for Billing { fn apply(&mut self, _: Noted) {} }
/// # impl Compensate<Charge> for Billing {
/// #     fn compensate(&self, _: &Rejected<Charge>) -> Result<Reaction<Self>, NoError> { Ok(Reaction::of(self)) }
/// # }
///
/// impl React<OrderPlaced> for Billing {
///     fn key(placed: &Recorded<OrderPlaced>) -> Option<String> { Some(placed.stream.id().to_owned()) }
///     fn react(&self, placed: &Recorded<OrderPlaced>) -> Result<Reaction<Self>, NoError> {
///         Ok(Reaction::of(self).send(Charge { order: placed.stream.id().to_owned(), cents: placed.cents }))
///     }
/// }
///
/// /// What was charged stays charged; the difference is charged beside.
/// impl Reconsider<OrderPlaced> for Billing {
///     fn reconsider(&self, corrected: &Recorded<Corrected<OrderPlaced>>) -> Result<Reaction<Self>, NoError> {
///         let cents = |placed: &Option<Recorded<OrderPlaced>>| placed.as_ref().map_or(0, |placed| placed.cents);
///         let cents = cents(&corrected.after) - cents(&corrected.before);
///         Ok(Reaction::of(self).send(Charge { order: corrected.stream.id().to_owned(), cents }))
///     }
/// }
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` doesn't say what it does when `{E}` was corrected",
    label = "write `impl Reconsider<{E}> for {Self} {{ fn reconsider(&self, corrected: &Recorded<Corrected<{E}>>) -> … }}`"
)]
pub trait Reconsider<E>: React<E> {
    /// What comes of it.
    ///
    /// # Errors
    ///
    /// As of [`React::react`].
    fn reconsider(&self, corrected: &Recorded<Corrected<E>>)
    -> Result<Reaction<Self>, Self::Error>;
}

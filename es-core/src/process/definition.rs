use super::listed::{ProcessCommand, ProcessDeadline, ProcessInput};
use super::reaction::Reaction;
use super::record::RejectionKind;
use crate::{Aggregate, Command, Payload, Recorded, Timestamp};

/// What turns events of any aggregates into commands, one instance for each key: a business case that takes time.
///
/// A process is an aggregate whose decisions are reactions. Its state is the fold of its own events in its own stream,
/// so that whatever works on an aggregate works on it: `load`, `history`, `load_at`, the given-when-then of its own
/// events. Beside it stands which events it takes in (and which of them start or end an instance), which commands it
/// sends and which deadlines it sets.
///
/// Implemented by `#[derive(Process)]`, with [`React`] for each input, [`Compensate`] for each command and [`Expire`]
/// for each deadline written by the user (and [`Reconsider`](crate::Reconsider), if it is told of corrections); run by [`Processes`](crate::Processes). It is not a projection: it is never
/// rebuilt, and a new version of it goes on with the same streams.
///
/// Written out, it is this:
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use es_core::{
///     Aggregate, Apply, Command, Compensate, Event, Expire, Handle, NoError, Process, ProcessCommand,
///     ProcessDeadline, ProcessInput, React, Reaction, Recorded, Rejected, Role, SentBy, SetBy, Timestamp,
/// };
/// use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "order.placed")]
/// # struct OrderPlaced { order: String, cents: i64, pay_until: Timestamp }
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "payment.received")]
/// # struct PaymentReceived { order: String }
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "stock.released")]
/// # struct Released {}
/// # #[derive(Default, Aggregate)]
/// # #[aggregate(name = "stock", id = String, event = StockEvent, error = NoError)]
/// # #[event(Released)]
/// # struct Stock;
/// # impl Apply<Released> for Stock { fn apply(&mut self, _: Released) {} }
/// # impl Handle<ReleaseStock> for Stock {
/// #     type Events = Released;
/// #     fn handle(&self, _: &ReleaseStock) -> Result<Released, NoError> { Ok(Released {}) }
/// # }
///
/// /// The process's own event.
/// #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// #[event(name = "payment.awaited")]
/// struct PaymentAwaited { cents: i64 }
///
/// #[derive(Debug, Serialize, Deserialize, Command)]
/// #[command(aggregate = Stock)]
/// struct ReleaseStock { #[command(id)] order: String }
///
/// struct PaymentDue;
///
/// #[derive(Debug, Default, Aggregate)]
/// #[aggregate(name = "fulfilment", id = String, event = FulfilmentEvent, error = NoError)]
/// #[event(PaymentAwaited)]
/// struct Fulfilment { awaited: i64 }
///
/// impl Apply<PaymentAwaited> for Fulfilment {
///     fn apply(&mut self, event: PaymentAwaited) { self.awaited = event.cents; }
/// }
///
/// impl React<OrderPlaced> for Fulfilment {
///     fn key(placed: &Recorded<OrderPlaced>) -> Option<String> { Some(placed.order.clone()) }
///     fn react(&self, placed: &Recorded<OrderPlaced>) -> Result<Reaction<Self>, NoError> {
///         Ok(Reaction::of(self).emit(PaymentAwaited { cents: placed.cents }).set(PaymentDue, placed.pay_until))
///     }
/// }
///
/// impl React<PaymentReceived> for Fulfilment {
///     fn key(received: &Recorded<PaymentReceived>) -> Option<String> { Some(received.order.clone()) }
///     fn react(&self, _: &Recorded<PaymentReceived>) -> Result<Reaction<Self>, NoError> {
///         Ok(Reaction::of(self).cancel(PaymentDue).end())
///     }
/// }
///
/// impl Expire<PaymentDue> for Fulfilment {
///     fn expire(&self, key: &String, _: Timestamp) -> Result<Reaction<Self>, NoError> {
///         Ok(Reaction::of(self).send(ReleaseStock { order: key.clone() }).end())
///     }
/// }
///
/// impl Compensate<ReleaseStock> for Fulfilment {
///     fn compensate(&self, _: &Rejected<ReleaseStock>) -> Result<Reaction<Self>, NoError> {
///         Ok(Reaction::of(self))
///     }
/// }
///
/// // What `#[derive(Process)]` writes:
/// impl Process for Fulfilment {
///     const RESTARTS: bool = false;
///     const INPUTS: &'static [ProcessInput<Self>] = &[
///         ProcessInput::new::<OrderPlaced>(Role::Starts),
///         ProcessInput::new::<PaymentReceived>(Role::Continues),
///     ];
///     const COMMANDS: &'static [ProcessCommand<Self>] = &[ProcessCommand::new::<ReleaseStock>()];
///     const DEADLINES: &'static [ProcessDeadline<Self>] = &[ProcessDeadline::new::<PaymentDue>()];
/// }
/// impl SentBy<Fulfilment> for ReleaseStock { const NAME: &'static str = "stock.release"; }
/// impl SetBy<Fulfilment> for PaymentDue { const NAME: &'static str = "payment-due"; }
/// # }
/// ```
///
/// Also found as *process manager*, *saga*, *policy* or *workflow* in other libraries.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a process",
    label = "add `#[derive(Process)]` to the aggregate `{Self}`, and list its inputs: `#[input(…)]`"
)]
pub trait Process: Aggregate {
    /// Whether an input that starts an instance starts one again that is over; otherwise it is ignored.
    ///
    /// The state goes on with what the runs before have folded.
    const RESTARTS: bool = false;
    /// The events that it takes in, of any aggregates.
    const INPUTS: &'static [ProcessInput<Self>];
    /// The commands that it sends.
    const COMMANDS: &'static [ProcessCommand<Self>] = &[];
    /// The deadlines that it sets.
    const DEADLINES: &'static [ProcessDeadline<Self>] = &[];
}

/// What a process does about an event.
///
/// Implemented by the user for each input of a process; called when the log is read, after the event was decoded and
/// upcast. It decides from the state and the event alone, as a lost race makes it decide again. See [`Process`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` doesn't say what it does about `{E}`",
    label = "write `impl React<{E}> for {Self} {{ fn key(…) … fn react(&self, event: &Recorded<{E}>) -> … }}`"
)]
pub trait React<E>: Aggregate {
    /// Which instance the event concerns; `None` if it concerns none, and then it is ignored and counted. One that can't be
    /// an instance's (an empty text, for one) has the event [set aside](crate::ProcessView::set_aside).
    fn key(event: &Recorded<E>) -> Option<Self::Id>;

    /// What comes of it.
    ///
    /// # Errors
    ///
    /// The process can't go on: this instance is put into quarantine, and this event and those behind it wait for it.
    fn react(&self, event: &Recorded<E>) -> Result<Reaction<Self>, Self::Error>;
}

/// What a process does about a command that was rejected.
///
/// Implemented by the user for each command of a process. It runs after the end of the instance, too: what the command
/// was sent for didn't happen. See [`Process`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` doesn't say what it does when `{C}` is rejected",
    label = "write `impl Compensate<{C}> for {Self} {{ fn compensate(&self, rejected: &Rejected<{C}>) -> … }}`"
)]
pub trait Compensate<C>: Aggregate {
    /// What comes of it.
    ///
    /// # Errors
    ///
    /// As of [`React::react`].
    fn compensate(&self, rejected: &Rejected<C>) -> Result<Reaction<Self>, Self::Error>;
}

/// What a process does when a deadline has passed.
///
/// Implemented by the user for each deadline of a process. It is called after everything was taken in that had been
/// appended when the time was up, if the deadline is still set then. See [`Process`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` doesn't say what it does when the time of `{D}` is up",
    label = "write `impl Expire<{D}> for {Self} {{ fn expire(&self, key: &…, due: Timestamp) -> … }}`"
)]
pub trait Expire<D>: Aggregate {
    /// What comes of it, for the instance with this key.
    ///
    /// # Errors
    ///
    /// As of [`React::react`].
    fn expire(&self, key: &Self::Id, due: Timestamp) -> Result<Reaction<Self>, Self::Error>;
}

/// A command that the process `P` sends, with the name under which it is kept until it is answered.
///
/// Implemented by `#[derive(Process)]` for each command that it lists. See [`Process`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a command that `{P}` sends",
    label = "list it on the process: `#[command({Self}, name = \"…\")]`"
)]
pub trait SentBy<P>: Command + Payload {
    /// The stored name. Renaming the type doesn't change it.
    const NAME: &'static str;
}

/// A deadline that the process `P` sets: a type of its own, of which an instance has one at a time.
///
/// Implemented by `#[derive(Process)]` for each deadline that it lists. See [`Process`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a deadline of `{P}`",
    label = "list it on the process: `#[deadline({Self}, name = \"…\")]`"
)]
pub trait SetBy<P>: Sized {
    /// The stored name. Renaming the type doesn't change it.
    const NAME: &'static str;
}

/// A command that was rejected, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejected<C> {
    /// The command.
    pub command: C,
    /// In which way.
    pub kind: RejectionKind,
    /// What the aggregate's error said.
    pub reason: String,
}

impl<C> Rejected<C> {
    /// A rejected command.
    pub fn new(command: C, kind: RejectionKind, reason: impl Into<String>) -> Self {
        Self {
            command,
            kind,
            reason: reason.into(),
        }
    }
}

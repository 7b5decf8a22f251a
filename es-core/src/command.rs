use crate::{Aggregate, Decision, EventId, Handle, HandleCreate};

/// A command as data: what is asked, of which aggregate.
///
/// Implemented by `#[derive(Command)]`, which names the aggregate and the field with its id; called by
/// [`Repository::send`](crate::Repository::send). A command that is a closure or a method needs none of this: see
/// [`Repository::execute`](crate::Repository::execute).
///
/// [`Handle`] shows the derive; written out, it is this:
///
/// ```
/// # #[cfg(feature = "derive")] {
/// # use es_core::{Aggregate, Apply, Command, Event, Handle, Handler, NoError};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "counter.counted")]
/// # struct Counted { by: u64 }
/// # #[derive(Default, Aggregate)]
/// # #[aggregate(name = "counter", id = String, event = CounterEvent, error = NoError)]
/// # #[event(Counted)]
/// # struct Counter { count: u64 }
/// # impl Apply<Counted> for Counter {
/// #     fn apply(&mut self, event: Counted) { self.count += event.by; }
/// # }
/// struct Count { counter: String, by: u64 }
/// # impl Handle<Count> for Counter {
/// #     type Events = Counted;
/// #     fn handle(&self, command: &Count) -> Result<Counted, NoError> { Ok(Counted { by: command.by }) }
/// # }
///
/// impl Command for Count {
///     type Aggregate = Counter;
///     const HANDLER: Handler<Self, Counter> = Handler::existing();
///
///     fn target(&self) -> &String {
///         &self.counter
///     }
/// }
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a command",
    label = "add `#[derive(Command)]` and `#[command(aggregate = …)]` to `{Self}`"
)]
pub trait Command: Sized + Send + Sync + 'static {
    /// The aggregate that decides.
    type Aggregate: Aggregate;
    /// How it decides.
    const HANDLER: Handler<Self, Self::Aggregate>;

    /// The id of the aggregate that it is for.
    fn target(&self) -> &<Self::Aggregate as Aggregate>::Id;

    /// The event that it undoes in the open, if it does: what it brings forth is linked to it, whoever sends it. The derive
    /// reads it from the field with `#[command(compensates)]`. See [`Execution::compensating`](crate::Execution::compensating).
    fn compensates(&self) -> Option<EventId> {
        None
    }
}

/// What a decision came to: the events that it brought forth, or why the aggregate rejects.
pub type Decided<A> = Result<Vec<<A as Aggregate>::Event>, <A as Aggregate>::Error>;

/// How an aggregate decides on a command: from its state, or from nothing.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Handler<C, A: Aggregate> {
    /// By [`Handle`], on the state of an aggregate that exists.
    Existing(fn(&A, &C) -> Decided<A>),
    /// By [`HandleCreate`], for an aggregate that doesn't exist yet.
    New(fn(&C) -> Decided<A>),
}

impl<C, A: Aggregate> Handler<C, A> {
    /// The handler of a command for an aggregate that exists.
    pub const fn existing() -> Self
    where
        A: Handle<C>,
    {
        Self::Existing(|state, command| state.handle(command)?.decided())
    }

    /// The handler of a command that creates the aggregate.
    pub const fn creating() -> Self
    where
        A: HandleCreate<C>,
    {
        Self::New(|command| A::handle_create(command)?.decided())
    }
}

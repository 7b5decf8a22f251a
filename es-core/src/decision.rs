use crate::{Aggregate, Decided};

/// What a decision may return: anything that turns into events of the aggregate `A`.
///
/// That is one of its events, its event enum, `()`, and an `Option`, a `Vec` or a tuple of these, a [`Draft`](crate::Draft), and
/// any of them in a `Result` with the aggregate's error. No events mean success without an append.
///
/// Implemented by `#[derive(Aggregate)]` for each listed event and for the enum; called by the repository and the
/// test kit on what a closure or a [`Handle`](crate::Handle) returned. It is not where rules stand: those are in the
/// aggregate's methods.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// # use es_core::{Aggregate, Apply, Decision, Event, NoError};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "counter.counted")]
/// # struct Counted {}
/// # #[derive(Default, Aggregate)]
/// # #[aggregate(name = "counter", id = String, event = CounterEvent, error = NoError)]
/// # #[event(Counted)]
/// # struct Counter;
/// # impl Apply<Counted> for Counter {
/// #     fn apply(&mut self, _: Counted) {}
/// # }
/// fn count_of(decision: impl Decision<Counter>) -> usize {
///     decision.decided().map_or(0, |events| events.len())
/// }
///
/// assert_eq!(count_of(Counted {}), 1);
/// assert_eq!(count_of((Counted {}, vec![Counted {}, Counted {}])), 3);
/// assert_eq!(count_of(None::<Counted>), 0);
/// assert_eq!(count_of(Ok::<_, NoError>(Counted {})), 1);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event of `{A}`",
    label = "a decision of `{A}` returns its events",
    note = "list it on the aggregate: `#[event({Self})]`; or return a tuple, `Vec`, `Option` or `Result` of listed events"
)]
pub trait Decision<A: Aggregate>: Sized {
    /// Adds the events to `events`, or rejects.
    fn decide_into(self, events: &mut Vec<A::Event>) -> Result<(), A::Error>;

    /// The events, or the rejection.
    fn decided(self) -> Decided<A> {
        let mut events = Vec::new();
        self.decide_into(&mut events)?;
        Ok(events)
    }
}

/// A decision that may begin a stream: its first event is an initial one.
///
/// That is an initial event, a tuple or `Vec` that begins with one, the event enum (where the first event is checked
/// before it is stored), and any of them in a `Result` with the aggregate's error. For an aggregate with `Default`
/// and without initial events every event may come first.
///
/// Implemented by `#[derive(Aggregate)]`; asked for by [`Repository::create`](crate::Repository::create). It is a promise
/// of types alone: that the stream is empty the store checks.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// # use es_core::{Aggregate, Apply, Create, Creation, Event, NoError};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "door.fitted")]
/// # struct Fitted {}
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "door.opened")]
/// # struct Opened {}
/// # #[derive(Aggregate)]
/// # #[aggregate(name = "door", id = String, event = DoorEvent, error = NoError)]
/// # #[event(Fitted, initial)]
/// # #[event(Opened)]
/// # struct Door;
/// # impl Create<Fitted> for Door {
/// #     fn create(_: Fitted) -> Self { Self }
/// # }
/// # impl Apply<Opened> for Door {
/// #     fn apply(&mut self, _: Opened) {}
/// # }
/// fn begins(creation: impl Creation<Door>) -> usize {
///     creation.decided().map_or(0, |events| events.len())
/// }
///
/// assert_eq!(begins(Fitted {}), 1);
/// assert_eq!(begins((Fitted {}, Opened {})), 2);
/// // begins(Opened {}); // `Opened` doesn't begin a stream of `Door`
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` doesn't begin a stream of `{A}`",
    label = "the first event has to be an initial one",
    note = "events that begin a stream are listed as `#[event(…, initial)]`; for an aggregate that exists, use `execute`"
)]
pub trait Creation<A: Aggregate>: Decision<A> {}

/// An aggregate that rejects with the error `E`: its own, and no other.
///
/// Implemented for every aggregate; never by hand. It is what makes a `Result` a [`Decision`], where another error would
/// otherwise be a type that doesn't match.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// # use es_core::{Aggregate, Apply, Event, Rejects};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "counter.counted")]
/// # struct Counted {}
/// # #[derive(Default, Aggregate)]
/// # #[aggregate(name = "counter", id = String, event = CounterEvent, error = std::fmt::Error)]
/// # #[event(Counted)]
/// # struct Counter;
/// # impl Apply<Counted> for Counter {
/// #     fn apply(&mut self, _: Counted) {}
/// # }
/// assert_eq!(Counter::rejection(std::fmt::Error), std::fmt::Error);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` doesn't reject with `{E}`, but with its own error",
    label = "the decision's error is `{E}`",
    note = "turn it into the aggregate's error, which `error = …` in `#[aggregate(…)]` names: \
            `.map_err(…)`, or `?` with a `From` impl"
)]
pub trait Rejects<E>: Aggregate {
    /// The rejection.
    fn rejection(error: E) -> Self::Error;
}

// The error is the aggregate's own and not `Into` it, so that `Ok(…)` in a closure needs no annotation.
#[diagnostic::do_not_recommend]
impl<A: Aggregate<Error = E>, E> Rejects<E> for A {
    fn rejection(error: E) -> E {
        error
    }
}

// None of these impls has `do_not_recommend`: the message would name the whole tuple, and not the event in it.
impl<A: Aggregate> Decision<A> for () {
    fn decide_into(self, _: &mut Vec<A::Event>) -> Result<(), A::Error> {
        Ok(())
    }
}

impl<A: Aggregate, D: Decision<A>> Decision<A> for Option<D> {
    fn decide_into(self, events: &mut Vec<A::Event>) -> Result<(), A::Error> {
        self.map_or(Ok(()), |decision| decision.decide_into(events))
    }
}

impl<A: Aggregate, D: Decision<A>> Decision<A> for Vec<D> {
    fn decide_into(self, events: &mut Vec<A::Event>) -> Result<(), A::Error> {
        self.into_iter()
            .try_for_each(|decision| decision.decide_into(events))
    }
}

impl<A: Aggregate, D: Creation<A>> Creation<A> for Vec<D> {}

impl<A: Aggregate, D: Decision<A>, const N: usize> Decision<A> for [D; N] {
    fn decide_into(self, events: &mut Vec<A::Event>) -> Result<(), A::Error> {
        self.into_iter()
            .try_for_each(|decision| decision.decide_into(events))
    }
}

impl<A: Aggregate, D: Creation<A>, const N: usize> Creation<A> for [D; N] {}

impl<A: Rejects<E>, D: Decision<A>, E> Decision<A> for Result<D, E> {
    fn decide_into(self, events: &mut Vec<A::Event>) -> Result<(), A::Error> {
        self.map_err(A::rejection)?.decide_into(events)
    }
}

impl<A: Rejects<E>, D: Creation<A>, E> Creation<A> for Result<D, E> {}

macro_rules! tuples {
    ($($first:ident $($rest:ident)*;)*) => {
        $(
            impl<A: Aggregate, $first: Decision<A>, $($rest: Decision<A>),*> Decision<A> for ($first, $($rest,)*) {
                #[expect(non_snake_case, reason = "each type parameter names its value")]
                fn decide_into(self, events: &mut Vec<A::Event>) -> Result<(), A::Error> {
                    let ($first, $($rest,)*) = self;
                    $first.decide_into(events)?;
                    $($rest.decide_into(events)?;)*
                    Ok(())
                }
            }

            impl<A: Aggregate, $first: Creation<A>, $($rest: Decision<A>),*> Creation<A> for ($first, $($rest,)*) {}
        )*
    };
}

tuples! {
    D1;
    D1 D2;
    D1 D2 D3;
    D1 D2 D3 D4;
    D1 D2 D3 D4 D5;
    D1 D2 D3 D4 D5 D6;
    D1 D2 D3 D4 D5 D6 D7;
    D1 D2 D3 D4 D5 D6 D7 D8;
}

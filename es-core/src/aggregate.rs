use std::error::Error;
use std::fmt::{self, Display};
use std::str::FromStr;

use crate::{Corrections, Decision, DecodeError, Envelope, EventSet, SnapshotPolicy, StoredEvent};

/// What a stream is folded into, and what decides which events come next.
///
/// Implemented by `#[derive(Aggregate)]`, with [`Create`] and [`Apply`] written by the user for each event; called by
/// the [`Repository`](crate::Repository) and the test kit. It is not an entity that is saved: only its events are.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use es_core::{Aggregate, Apply, Create, Event, NoError};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// #[event(name = "account.opened")]
/// struct AccountOpened { owner: String }
///
/// #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// #[event(name = "account.money-deposited")]
/// struct MoneyDeposited { cents: i64 }
///
/// #[derive(Debug, Aggregate)]
/// #[aggregate(name = "account", id = String, event = AccountEvent, error = NoError)]
/// #[event(AccountOpened, initial)]
/// #[event(MoneyDeposited)]
/// struct Account { owner: String, balance: i64 }
///
/// impl Create<AccountOpened> for Account {
///     fn create(event: AccountOpened) -> Self {
///         Account { owner: event.owner, balance: 0 }
///     }
/// }
///
/// impl Apply<MoneyDeposited> for Account {
///     fn apply(&mut self, event: MoneyDeposited) {
///         self.balance += event.cents;
///     }
/// }
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an aggregate",
    label = "add `#[derive(Aggregate)]` and `#[aggregate(…)]` to `{Self}`"
)]
pub trait Aggregate: Sized + Send + Sync + 'static {
    /// The stored name of the aggregate's streams.
    const CATEGORY: &'static str;
    /// When the state is kept as a snapshot, if it may be.
    const SNAPSHOTS: Option<SnapshotPolicy<Self>> = None;
    /// How its past can be corrected, if it may be: `#[aggregate(corrections)]`.
    const CORRECTIONS: Option<Corrections<Self>> = None;

    /// What tells one aggregate from another of its category.
    type Id: AggregateId;
    /// The closed set of its events.
    type Event: EventSet;
    /// Why it rejects a command.
    type Error: Error + Send + Sync + 'static;

    /// The state before any event, for an aggregate that exists without one; `None` for one with initial events.
    fn initial() -> Option<Self>;

    /// Folds an event into the state. A state that exists stays: an error leaves it as it was.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Misplaced`] if an initial event comes later than first, or another one first.
    fn fold(
        state: &mut Option<Self>,
        event: Self::Event,
        envelope: &Envelope,
    ) -> Result<(), DecodeError>;

    /// Folds a stored event into the state; one with a retired name changes nothing.
    ///
    /// What a load does for each event of a stream. The derive goes from the stored text straight to the event's struct
    /// and its `apply`, without the enum between them.
    ///
    /// # Errors
    ///
    /// As [`EventSet::decode`] and [`fold`](Self::fold).
    fn fold_stored(state: &mut Option<Self>, stored: &StoredEvent) -> Result<(), DecodeError> {
        match Self::Event::decode(&stored.name, stored.version, stored.payload.as_str())? {
            Some(event) => Self::fold(state, event, &stored.envelope),
            None => Ok(()),
        }
    }
}

/// What an aggregate's id has to be: written as text and read back from it.
///
/// Implemented for every type with `Display`, `FromStr` and `Clone`; never by hand. Called by the repository, which names
/// an aggregate's stream with it. The text has 1 to 256 bytes without NUL. It is not an event's id: see
/// [`EventId`](crate::EventId).
///
/// ```
/// use es_core::AggregateId;
///
/// #[derive(Debug, Clone, PartialEq)]
/// struct AccountId(u32);
///
/// impl std::fmt::Display for AccountId {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         write!(f, "{}", self.0)
///     }
/// }
///
/// impl std::str::FromStr for AccountId {
///     type Err = std::num::ParseIntError;
///     fn from_str(text: &str) -> Result<Self, Self::Err> {
///         text.parse().map(Self)
///     }
/// }
///
/// assert_eq!(AggregateId::to_text(&AccountId(7)), "7");
/// assert_eq!(<AccountId as AggregateId>::from_text("7"), Some(AccountId(7)));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an aggregate's id",
    label = "implement `Display` and `FromStr` for `{Self}`, each the inverse of the other",
    note = "an id also is `Clone + Send + Sync + 'static`"
)]
pub trait AggregateId: Clone + Send + Sync + 'static {
    /// The id as it stands in the name of its stream.
    fn to_text(id: &Self) -> String;

    /// The id that was written as this text.
    fn from_text(text: &str) -> Option<Self>;
}

// `Display` and `FromStr` are asked for here and aren't supertraits, so that lacking both is one error.
#[diagnostic::do_not_recommend]
impl<T: Display + FromStr + Clone + Send + Sync + 'static> AggregateId for T {
    fn to_text(id: &Self) -> String {
        id.to_string()
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// How an aggregate's state changes with an event. Infallible: what happened, happened.
///
/// Implemented by the user for each event that `#[event(E)]` lists, or for [`Recorded<E>`](crate::Recorded) where it
/// says `recorded`; called by the fold. It is not a place for decisions or side effects: it runs on every load.
///
/// ```
/// # use es_core::Apply;
/// struct MoneyDeposited { cents: i64 }
/// struct Account { balance: i64 }
///
/// impl Apply<MoneyDeposited> for Account {
///     fn apply(&mut self, event: MoneyDeposited) {
///         self.balance += event.cents;
///     }
/// }
/// # let mut account = Account { balance: 1 };
/// # account.apply(MoneyDeposited { cents: 2 });
/// # assert_eq!(account.balance, 3);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` doesn't say what `{E}` changes",
    label = "write `impl Apply<{E}> for {Self} {{ fn apply(&mut self, event: {E}) {{ … }} }}`"
)]
pub trait Apply<E> {
    /// Takes the event into the state.
    fn apply(&mut self, event: E);
}

/// How an aggregate's state begins with an initial event.
///
/// Implemented by the user for each event that `#[event(E, initial)]` lists, or for
/// [`Recorded<E>`](crate::Recorded) where it also says `recorded`; called by the fold. It is not a constructor for
/// new aggregates: a decision that returns the event is.
///
/// ```
/// # use es_core::Create;
/// struct AccountOpened { owner: String }
/// struct Account { owner: String, balance: i64 }
///
/// impl Create<AccountOpened> for Account {
///     fn create(event: AccountOpened) -> Self {
///         Account { owner: event.owner, balance: 0 }
///     }
/// }
/// # assert_eq!(Account::create(AccountOpened { owner: "ada".into() }).owner, "ada");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` doesn't say how it begins with `{E}`",
    label = "write `impl Create<{E}> for {Self} {{ fn create(event: {E}) -> Self {{ … }} }}`"
)]
pub trait Create<E>: Sized {
    /// The state after its first event.
    fn create(event: E) -> Self;
}

/// How an existing aggregate decides on a command that is data.
///
/// Implemented by the user for a type with `#[derive(Command)]`; called by
/// [`Repository::send`](crate::Repository::send) and the test kit's `when_sent`. The command comes by reference, as a
/// conflict makes the repository decide again.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// # use es_core::{Aggregate, Apply, Command, Event, Handle, NoError};
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
/// #[derive(Command)]
/// #[command(aggregate = Counter)]
/// struct Count {
///     #[command(id)]
///     counter: String,
///     by: u64,
/// }
///
/// impl Handle<Count> for Counter {
///     type Events = Counted;
///     fn handle(&self, command: &Count) -> Result<Counted, NoError> {
///         Ok(Counted { by: command.by })
///     }
/// }
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` doesn't handle the command `{C}`",
    label = "write `impl Handle<{C}> for {Self} {{ type Events = …; fn handle(&self, command: &{C}) -> … }}`"
)]
pub trait Handle<C>: Aggregate {
    /// What the decision brings forth.
    type Events: Decision<Self>;

    /// Decides, from the current state.
    fn handle(&self, command: &C) -> Result<Self::Events, Self::Error>;
}

/// How an aggregate that doesn't exist yet decides on a command that creates it.
///
/// Implemented by the user for a type with `#[derive(Command)]` and `#[command(creates)]`; called by
/// [`Repository::send`](crate::Repository::send). The counterpart of [`Handle`] without a state.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// # use es_core::{Aggregate, Command, Create, Event, HandleCreate, NoError};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "door.installed")]
/// # struct DoorInstalled { width: u32 }
/// # #[derive(Aggregate)]
/// # #[aggregate(name = "door", id = String, event = DoorEvent, error = NoError)]
/// # #[event(DoorInstalled, initial)]
/// # struct Door;
/// # impl Create<DoorInstalled> for Door {
/// #     fn create(_: DoorInstalled) -> Self { Door }
/// # }
/// #[derive(Command)]
/// #[command(aggregate = Door, creates)]
/// struct InstallDoor {
///     #[command(id)]
///     door: String,
///     width: u32,
/// }
///
/// impl HandleCreate<InstallDoor> for Door {
///     type Events = DoorInstalled;
///     fn handle_create(command: &InstallDoor) -> Result<DoorInstalled, NoError> {
///         Ok(DoorInstalled { width: command.width })
///     }
/// }
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` isn't created by the command `{C}`",
    label = "write `impl HandleCreate<{C}> for {Self} {{ type Events = …; fn handle_create(command: &{C}) -> … }}`"
)]
pub trait HandleCreate<C>: Aggregate {
    /// What the decision brings forth, beginning with an initial event.
    type Events: crate::Creation<Self>;

    /// Decides, from nothing.
    fn handle_create(command: &C) -> Result<Self::Events, Self::Error>;
}

/// An event where the rules of a stream's beginning don't allow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misplaced {
    /// An initial event that doesn't come first.
    InitialNotFirst {
        /// The event's name.
        name: &'static str,
    },
    /// A first event that isn't initial.
    FirstNotInitial {
        /// The event's name.
        name: &'static str,
    },
    /// An event that was true before the one that the stream begins with.
    BeforeInitial {
        /// The event's name.
        name: &'static str,
    },
}

impl Display for Misplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InitialNotFirst { name } => {
                write!(f, "`{name}` begins a stream and can't come later")
            }
            Self::FirstNotInitial { name } => write!(
                f,
                "`{name}` can't begin a stream: it isn't an initial event"
            ),
            Self::BeforeInitial { name } => {
                write!(f, "`{name}` can't have happened before its stream begins")
            }
        }
    }
}

impl Error for Misplaced {}

/// The error of an aggregate that never rejects: it has no values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoError {}

impl Display for NoError {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl Error for NoError {}

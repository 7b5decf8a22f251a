//! The derives of `es-core`, which re-exports them: use them from there.
//!
//! Each goes through the same rooms: `attr` reads one attribute at a time, `model` puts together what they mean and
//! `check` judges what takes two of them, `expand` writes the impls, and after a mistake `fallback` writes inert ones, so
//! that it is the only error. Every mistake that they find is in the crate's `docs/mistakes.md`, with its cure.
//!
#![doc = include_str!("../docs/reference.md")]
#![expect(unreachable_pub, reason = "a macro crate exports its macros alone")]

mod attr;
mod check;
mod errors;
mod expand;
mod fallback;
mod json;
mod model;
mod nearest;
mod symbol;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `Event` for a struct: its stored name, its version, and the upcasters that its history describes.
///
/// ```
/// use es_core::Event;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Serialize, Deserialize, Event)]
/// #[event(name = "account.money-deposited", version = 3)]
/// struct MoneyDeposited {
///     #[event(since = 2, renamed_from = "amt")]
///     cents: i64,
///     #[event(since = 3, default = "EUR")]
///     currency: String,
/// }
///
/// let deposited = MoneyDeposited::decode(1, r#"{"amt": 250}"#)?;
/// assert_eq!((deposited.cents, deposited.currency.as_str()), (250, "EUR"));
/// # Ok::<(), es_core::DecodeError>(())
/// ```
///
/// Every option is in the [reference](crate#on-an-events-struct), with an example.
///
/// Every version from 2 on has to be described. Stored keys are serde's: `rename` and `rename_all` are understood.
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    expand::event(&parse_macro_input!(input as DeriveInput)).into()
}

/// Implements `Aggregate` for a state, and makes the enum of its events.
///
/// ```
/// use es_core::{Aggregate, Apply, Create, Event, NoError, Recorded, Timestamp};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "account.opened")]
/// # struct AccountOpened { owner: String }
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "account.money-deposited")]
/// # struct MoneyDeposited { cents: i64 }
///
/// #[derive(Aggregate)]
/// #[aggregate(name = "account", id = String, event = AccountEvent, error = NoError)]
/// #[event(AccountOpened, initial)]
/// #[event(MoneyDeposited, recorded)]
/// #[event(retired = "account.gift-granted")]
/// struct Account { owner: String, balance: i64, last_deposit: Option<Timestamp> }
///
/// impl Create<AccountOpened> for Account {
///     fn create(event: AccountOpened) -> Self {
///         Account { owner: event.owner, balance: 0, last_deposit: None }
///     }
/// }
///
/// impl Apply<Recorded<MoneyDeposited>> for Account {
///     fn apply(&mut self, deposited: Recorded<MoneyDeposited>) {
///         self.balance += deposited.cents;
///         self.last_deposit = Some(deposited.effective_at);
///     }
/// }
/// ```
///
/// Every option is in the [reference](crate#on-an-aggregate), with an example.
#[proc_macro_derive(Aggregate, attributes(aggregate, event))]
pub fn derive_aggregate(input: TokenStream) -> TokenStream {
    expand::aggregate(&parse_macro_input!(input as DeriveInput)).into()
}

/// Implements `Command` for a struct: which aggregate it is for, and which of its fields says which one.
///
/// `#[command(aggregate = Account)]` is handled by `Handle<Command>`, `#[command(aggregate = Account, creates)]` by
/// `HandleCreate<Command>`; `#[command(id)]` marks the field with the aggregate's id.
///
/// ```
/// use es_core::{Aggregate, Apply, Command, Event, Handle, NoError};
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
///
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
///
///     fn handle(&self, command: &Count) -> Result<Counted, NoError> {
///         Ok(Counted { by: command.by })
///     }
/// }
/// # assert_eq!(Count { counter: "visits".to_owned(), by: 2 }.target(), "visits");
/// ```
///
/// The [reference](crate#on-a-command) shows one of each.
#[proc_macro_derive(Command, attributes(command))]
pub fn derive_command(input: TokenStream) -> TokenStream {
    expand::command(&parse_macro_input!(input as DeriveInput)).into()
}

/// Implements `Projection` for a read model that is folded from events, or for what writes one into a database.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use es_core::{Apply, Event, Projection, Recorded};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "account.opened")]
/// # struct AccountOpened { owner: String }
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "card.issued")]
/// # struct CardIssued { owner: String }
///
/// /// How many accounts and cards each owner has.
/// #[derive(Debug, Clone, Default, Projection)]
/// #[projection(name = "holdings", version = 1)]
/// #[event(AccountOpened)]
/// #[event(CardIssued)]
/// struct Holdings(BTreeMap<String, u32>);
///
/// impl Apply<Recorded<AccountOpened>> for Holdings {
///     fn apply(&mut self, opened: Recorded<AccountOpened>) {
///         *self.0.entry(opened.event.owner).or_default() += 1;
///     }
/// }
///
/// impl Apply<Recorded<CardIssued>> for Holdings {
///     fn apply(&mut self, issued: Recorded<CardIssued>) {
///         *self.0.entry(issued.event.owner).or_default() += 1;
///     }
/// }
/// ```
///
/// Every option is in the [reference](crate#on-a-projection), with an example.
#[proc_macro_derive(Projection, attributes(projection, event))]
pub fn derive_projection(input: TokenStream) -> TokenStream {
    expand::projection(&parse_macro_input!(input as DeriveInput)).into()
}

/// Implements `Process` for an aggregate: which events it takes in, which commands it sends, which deadlines it sets.
///
/// It stands beside `#[derive(Aggregate)]`, which makes the process's own events its state: so a process has whatever an
/// aggregate has.
///
/// ```
/// use es_core::{
///     Aggregate, Apply, Command, Compensate, Event, Expire, Handle, NoError, Process, React, Reaction,
///     Recorded, Rejected, Timestamp,
/// };
/// use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "order.placed")]
/// # struct OrderPlaced { pay_until: Timestamp }
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "order.paid")]
/// # struct OrderPaid {}
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "order.cancelled")]
/// # struct OrderCancelled {}
/// # #[derive(Debug, Default, Aggregate)]
/// # #[aggregate(name = "order", id = String, event = OrderEvent, error = NoError)]
/// # #[event(OrderPlaced)]
/// # #[event(OrderPaid)]
/// # #[event(OrderCancelled)]
/// # struct Order;
/// # impl Apply<OrderPlaced> for Order { fn apply(&mut self, _: OrderPlaced) {} }
/// # impl Apply<OrderPaid> for Order { fn apply(&mut self, _: OrderPaid) {} }
/// # impl Apply<OrderCancelled> for Order { fn apply(&mut self, _: OrderCancelled) {} }
/// # impl Handle<CancelOrder> for Order {
/// #     type Events = OrderCancelled;
/// #     fn handle(&self, _: &CancelOrder) -> Result<OrderCancelled, NoError> { Ok(OrderCancelled {}) }
/// # }
/// # #[derive(Debug, Serialize, Deserialize, Command)]
/// # #[command(aggregate = Order)]
/// # struct CancelOrder { #[command(id)] order: String }
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "payment.awaited")]
/// # struct PaymentAwaited {}
///
/// struct PaymentDue;
///
/// #[derive(Debug, Default, Aggregate, Process)]
/// #[aggregate(name = "payment", id = String, event = PaymentEvent, error = NoError)]
/// #[event(PaymentAwaited)]
/// #[input(OrderPlaced, starts)]
/// #[input(OrderPaid, ends)]
/// #[command(CancelOrder, name = "order.cancel")]
/// #[deadline(PaymentDue, name = "payment-due")]
/// struct Payment { is_awaited: bool }
///
/// impl Apply<PaymentAwaited> for Payment {
///     fn apply(&mut self, _: PaymentAwaited) { self.is_awaited = true; }
/// }
///
/// impl React<OrderPlaced> for Payment {
///     fn key(placed: &Recorded<OrderPlaced>) -> Option<String> { Some(placed.stream.id().to_owned()) }
///     fn react(&self, placed: &Recorded<OrderPlaced>) -> Result<Reaction<Self>, NoError> {
///         Ok(Reaction::of(self).emit(PaymentAwaited {}).set(PaymentDue, placed.pay_until))
///     }
/// }
///
/// impl React<OrderPaid> for Payment {
///     fn key(paid: &Recorded<OrderPaid>) -> Option<String> { Some(paid.stream.id().to_owned()) }
///     fn react(&self, _: &Recorded<OrderPaid>) -> Result<Reaction<Self>, NoError> { Ok(Reaction::of(self)) }
/// }
///
/// impl Expire<PaymentDue> for Payment {
///     fn expire(&self, key: &String, _: Timestamp) -> Result<Reaction<Self>, NoError> {
///         Ok(Reaction::of(self).send(CancelOrder { order: key.clone() }).end())
///     }
/// }
///
/// impl Compensate<CancelOrder> for Payment {
///     fn compensate(&self, _: &Rejected<CancelOrder>) -> Result<Reaction<Self>, NoError> { Ok(Reaction::of(self)) }
/// }
/// ```
///
/// Every option is in the [reference](crate#on-a-process), with an example.
#[proc_macro_derive(Process, attributes(process, input, command, deadline))]
pub fn derive_process(input: TokenStream) -> TokenStream {
    expand::process(&parse_macro_input!(input as DeriveInput)).into()
}

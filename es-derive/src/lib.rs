//! The derives of `es-core`, which re-exports them: use them from there.
//!
//! Each goes through the same rooms: `attr` reads one attribute at a time, `model` puts together what they mean and
//! `check` judges what takes two of them, `expand` writes the impls, and after a mistake `fallback` writes inert ones, so
//! that it is the only error. Every mistake that they find is in the crate's `docs/mistakes.md`, with its cure.

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
/// On the struct:
///
/// | option | says |
/// |---|---|
/// | `name = "…"` | the stored name; never inferred, so renaming the struct never renames the past |
/// | `version = 3` | the schema version of new payloads; 1 if nothing is said |
/// | `formerly = "…"` | a name that it was stored under before; may be repeated |
/// | `removed("key", since = 3)` | version 3 lost this stored key |
/// | `upcast(to = 2, with = path)` | `fn(serde_json::Value) -> Result<serde_json::Value, E>` makes version 2 of version 1 |
/// | `upcast(from = Type)` | the version before is this type, itself an event of the same name; `From` leads here |
/// | `crate = path` | where `es_core` is, if it has another name |
///
/// On a field, each with `since = n`, several times if it changed several times; the changes of one version happen at
/// once:
///
/// | option | says |
/// |---|---|
/// | `since = 2` alone | version 2 added it; it is an `Option` |
/// | `default = "EUR"` | version n added it; older payloads get this JSON literal |
/// | `renamed_from = "amt"` | its stored key was `amt` before |
/// | `converted = path` | `fn(Old) -> New` makes its value of the one before |
/// | `try_converted = path` | `fn(Old) -> Result<New, E>` does, or refuses |
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
/// In `#[aggregate(…)]`:
///
/// | option | says |
/// |---|---|
/// | `name = "…"` | the stored category of its streams |
/// | `id = Type` | what tells one from another: `Display`, `FromStr` and `Clone` |
/// | `event = Name` | the name of the enum to be made |
/// | `error = Type` | why it rejects a command |
/// | `derive(Debug, …)` | what the enum derives, instead of `Debug`, `Clone` and `PartialEq` |
/// | `snapshot(every = 100, fold = 1)` | its state may be kept; raise `fold` when `Apply` computes something else |
/// | `crate = path` | where `es_core` is, if it has another name |
///
/// One `#[event(…)]` for each event:
///
/// | form | says |
/// |---|---|
/// | `Type` | an event, with `Apply<Type>` |
/// | `Type as Alias` | the same, with another name in the enum, where two clash |
/// | `Type, initial` | it begins a stream, with `Create<Type>`; without any, the aggregate is `Default` |
/// | `Type, recorded` | it comes as `Recorded<Type>`, with its id, revision, times and metadata |
/// | `retired = "…"` | a name that is skipped when it is read, and may not be used again |
///
/// Clippy's `duplicated_attributes` takes the second `initial` or `recorded` of an aggregate for a repetition: allow that
/// lint in your `Cargo.toml`.
#[proc_macro_derive(Aggregate, attributes(aggregate, event))]
pub fn derive_aggregate(input: TokenStream) -> TokenStream {
    expand::aggregate(&parse_macro_input!(input as DeriveInput)).into()
}

/// Implements `Command` for a struct: which aggregate it is for, and which of its fields says which one.
///
/// `#[command(aggregate = Account)]` is handled by `Handle<Command>`, `#[command(aggregate = Account, creates)]` by
/// `HandleCreate<Command>`; `#[command(id)]` marks the field with the aggregate's id. `crate = path` says where `es_core`
/// is, if it has another name. The docs of `es_core::Handle` show one of each.
#[proc_macro_derive(Command, attributes(command))]
pub fn derive_command(input: TokenStream) -> TokenStream {
    expand::command(&parse_macro_input!(input as DeriveInput)).into()
}

//! The event store on PostgreSQL: for many processes, which share one log.
//!
//! ```no_run
//! # async fn open() -> Result<(), Box<dyn std::error::Error>> {
//! use es_core::{Append, EventId, EventStore, Expected, Json, NewEvent, StreamId};
//! use es_postgres::PostgresStore;
//!
//! let store = PostgresStore::open("postgres://bank:secret@localhost/bank").await?;
//! let opened = NewEvent::new(EventId::random(), "account.opened", 1, Json::parse(r#"{"owner":"ada"}"#)?);
//! let append = Append::new(StreamId::new("account", "1")?, Expected::NoStream, vec![opened]);
//!
//! assert_eq!(store.append(append).await?.revision().number(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//!
//! Every law of a store. Record time is the server's clock. An acknowledged append is on the server's disk:
//! `synchronous_commit` is on in every transaction that appends, and a server with `fsync = off` is refused. Triggers
//! refuse to change or delete an event, and to truncate the log.
//!
//! # How it works
//!
//! Positions that are taken from a sequence become visible in another order than they were given in, and then readers skip
//! events. Here a position is given while an advisory lock is held, which is held until the commit: positions have no gaps,
//! and their order is the order of the commits. So that the lock costs little, appends share it: one task sends all that
//! wait in one call of a function in the database, which judges them one after the other; the call is a transaction, a
//! round trip and an `fsync`, and each append has a result of its own. Several processes take turns. A single event that
//! nothing waits beside is appended by a statement of its own.
//!
//! Connections, and the task that appends, live on a thread of the store's own: no async runtime is needed, and none
//! takes queued appends with it when it is dropped.
//!
//! A subscriber wakes at once for what its own process appends, soon for what others do (`LISTEN`), and within
//! [`PostgresOptions::poll_interval`] where notifications don't come through, as behind a pooler.
//!
//! Payloads and metadata are columns of type `text`, since `jsonb` would give back other text than it was given. In
//! queries of your own write `payload::json`, or read the view `log`.
//!
//! # In a transaction of your own
//!
//! [`PostgresStore::append_in`] appends in a transaction that you began, together with what else you write in it.
//!
//! # Read models
//!
//! [`PostgresReadModels`] keeps projections in a PostgreSQL database, each event in them exactly once.
//! [`PostgresOptions::inline`] keeps one inside of every append, for what must never lag behind the log.
//!
//! # Limits
//!
//! Those of [`es_core::Limits::DEFAULT`]. The database's encoding is UTF-8; PostgreSQL is 12 or later. The role may use
//! the schema and, the first time, create it.

mod answer;
mod append;
mod append_in;
mod call;
mod chains;
mod error;
mod hashed;
mod inline;
mod lone;
mod options;
mod pool;
mod queue;
mod read;
mod read_model;
mod row;
mod schema;
mod session;
mod snapshot;
mod statements;
mod store;
mod thread;
mod tls;
mod wait;

pub use options::PostgresOptions;
pub use read_model::{Context, PostgresHandler, PostgresProjection, PostgresReadModels};
pub use store::PostgresStore;
/// The driver, for [`PostgresStore::append_in`] and for handlers.
pub use tokio_postgres;

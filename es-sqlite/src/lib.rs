//! The event store on SQLite: embedded, durable, and open to several processes at once.
//!
//! ```
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! use es_core::{Append, EventId, EventStore, Expected, Json, NewEvent, StreamId};
//! use es_sqlite::SqliteStore;
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("bank.db");
//!
//! let store = SqliteStore::open(path).await?;
//! let opened = NewEvent::new(EventId::random(), "account.opened", 1, Json::parse(r#"{"owner":"ada"}"#)?);
//! let append = Append::new(StreamId::new("account", "1")?, Expected::NoStream, vec![opened]);
//!
//! assert_eq!(store.append(append).await?.revision().number(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it promises
//!
//! Every law of a store. An acknowledged append is on the disk: the database runs in WAL mode with `synchronous=FULL`, so
//! it survives the process, the operating system and the power ([`Durability`] says what less would mean). Triggers
//! refuse to change or delete an event. SQLite is bundled.
//!
//! # How it works
//!
//! One thread writes. It takes all appends that wait, judges them one after the other and commits them together, each with
//! a result of its own; so many tasks share the price of one `fsync`. A few threads read, each with a connection of its
//! own, on a snapshot of the log that the writer doesn't disturb. No async runtime is needed.
//!
//! Several processes may share a file: writers take turns. A subscriber wakes at once for what its own process appends,
//! and within [`SqliteOptions::poll_interval`] for what another one does.
//!
//! [`SqliteReadModels`] keeps projections in an SQLite database, each event in them exactly once.
//!
//! [`SqliteOptions::inline`] keeps one inside of every append, for what must never lag behind the log.
//!
//! Not for network file systems, whose locks SQLite can't rely on.
//!
//! # Limits
//!
//! Those of [`es_core::Limits::DEFAULT`].

mod append;
mod error;
mod file;
mod inline;
mod log;
mod options;
mod page;
mod read;
mod read_model;
mod row;
mod schema;
mod snapshot;
mod store;
mod tamper;
mod threads;
mod transaction;
mod wait;

pub use options::{Durability, SqliteOptions};
pub use read_model::{Context, SqliteHandler, SqliteProjection, SqliteReadModels};
pub use store::SqliteStore;

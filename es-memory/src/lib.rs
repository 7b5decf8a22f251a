//! The event store in memory. It has two jobs: a target for tests, and the smallest correct store, to be read before
//! writing one.
//!
//! Every law of a store holds here except the two that need a disk: what was acknowledged is gone with the process, and
//! there is no database beneath that could refuse a change.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # futures_util::FutureExt::now_or_never(async {
//! use es_core::{Append, EventId, EventStore, Expected, Json, NewEvent, StreamId};
//! use es_memory::MemoryStore;
//!
//! let store = MemoryStore::new();
//! let opened = NewEvent::new(EventId::random(), "account.opened", 1, Json::parse(r#"{"owner":"ada"}"#)?);
//! let append = Append::new(StreamId::new("account", "1")?, Expected::NoStream, vec![opened]);
//!
//! assert_eq!(store.append(append).await?.revision().number(), 1);
//! # Ok(()) }).unwrap_or_else(|| Err("the memory store never waits".into()))
//! # }
//! ```

mod append;
mod read;
mod snapshot;
mod state;
mod store;
mod wait;

pub use store::MemoryStore;

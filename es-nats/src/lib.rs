//! The event store on NATS JetStream: one server, or a cluster on which every event is replicated.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use es_core::{Append, EventId, EventStore, Expected, Json, NewEvent, StreamId};
//! use es_nats::{Durability, NatsStore};
//!
//! let store = NatsStore::options()
//!     .name("bank")
//!     .replicas(3)
//!     .durability(Durability::Replicated)
//!     .open("nats://nats-1.example,nats://nats-2.example,nats://nats-3.example")
//!     .await?;
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
//! Every law of a store, but for these:
//!
//! - **Record time** never decreases along a stream. From one stream to another it may step back, as the clocks of the
//!   programs that append do: "as of T" over the log means before the first position recorded after T.
//! - **Elections.** A server that was a log's leader, and hasn't noticed yet that another one is, may answer a read with
//!   what it has; so may one that was elected just now. No handle is shown less than it has seen itself, or had
//!   acknowledged; another handle may be, for that moment.
//! - **Power.** A server acknowledges before it writes through to the disk: see [`Durability`]. A killed server loses
//!   nothing, and neither does a log with three replicas when one server loses its power.
//! - **Administrators.** Events can't be deleted or changed by the server's interface, not even by the user that the store
//!   logs in as; but whoever may delete or update a JetStream stream may delete the log. Don't grant the programs
//!   `$JS.API.STREAM.DELETE.>` and `$JS.API.STREAM.UPDATE.>`; a log whose settings were changed to lose events is refused
//!   when it is opened.
//!
//! # How it works
//!
//! A log is a JetStream stream, an aggregate's stream a subject of it: `<log>.<category>.<id>`, with what a subject can't
//! hold escaped. An append is one message, so it is atomic on every version of the server; a position is the message's
//! sequence and the event's index in it. An append costs one round trip, and those of many tasks share the connection.
//! It names the message that it was judged after, and the server takes it only if that is still the stream's last. Of a
//! replicated log, servers before 2.9.21 take two that are under way at once; so it has an id as well, made of what it was
//! judged after, and the second is a duplicate.
//!
//! An append is known by its event ids at any time, not only within the server's duplicate window: a handle remembers the
//! ids of the streams that it reads and appends to (65,536 streams and a million ids at most, those used last) and learns
//! the rest from the server. So a handle's first append to a long stream that it hasn't read, other than one that expects
//! no events, reads that stream once.
//!
//! A log can be tamper-evident: [`NatsOptions::tamper_evident`]. Who appends knows the stream's last message, and with it the
//! hash that the next one is computed behind.
//!
//! Each read asks the log's leader how far it goes and isn't complete below that. Many messages come through a
//! consumer that is asked for pages, a few one by one. A waiting subscriber is told by the server of each message as it is
//! stored; only while the server doesn't, having no consumer left for us, is the head looked at once a second.
//!
//! A lost connection is made again, to any server of the cluster. An operation goes on through that, and through an
//! election, for as long as [`NatsOptions::timeout`] says. After that an append is [`Unavailable`] if it was never sent, and
//! [`Unknown`] if it may have been written; repeated with the same ids it is written once.
//!
//! [`NatsPublisher`] publishes events for others, of a log in any store.
//!
//! It needs NATS 2.9 or newer and runs on Tokio. Connections are encrypted by rustls with a provider of cryptography of
//! their own: the process's default is neither used nor set.
//!
//! # Limits
//!
//! 65,536 events in an append, and the server's `max_payload` (1 MiB unless it is configured otherwise) less 2 KiB for all
//! of it: names, payloads, metadata, and at most 38 bytes more for each event, or 70 where its hash is stored. [`es_core::Limits::DEFAULT`] where that is
//! less. A snapshot is at most as large as the server's `max_payload`.
//!
//! [`Unavailable`]: es_core::StoreError::Unavailable
//! [`Unknown`]: es_core::StoreError::Unknown

mod append;
mod error;
mod events;
mod history;
mod kept;
mod log;
mod login;
mod message;
mod options;
mod publisher;
mod read;
mod schema;
mod snapshot;
mod store;
mod subject;
mod tls;
mod wait;
mod wire;

pub use options::{Durability, NatsOptions};
pub use publisher::NatsPublisher;
pub use store::NatsStore;

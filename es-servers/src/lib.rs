//! Throwaway servers for the tests of the stores: found on this machine, started on a free loopback port in a temporary
//! folder, and stopped with whoever started them.
//!
//! A test that needs one stands in a macro, which makes it an *ignored* test where there is no server, with the reason,
//! and never one that passes without having run. With `ES_REQUIRE_SERVERS=1` it fails there instead.
//!
//! ```
//! es_servers::needs_postgres! {
//!     #[test]
//!     fn it_answers() {
//!         let url = es_servers::Postgres::shared().url();
//!         assert!(url.starts_with("postgres"));
//!     }
//! }
//! ```
//!
//! | macro | the test needs | runs with |
//! |---|---|---|
//! | [`needs_postgres!`] | a database | a server on this machine, or `DATABASE_URL` |
//! | [`needs_own_postgres!`] | a server that it may kill | a server on this machine |
//! | [`needs_nats!`] | a NATS server with JetStream | a server on this machine, or `NATS_URL` |
//! | [`needs_own_nats!`] | servers that it may kill | a server on this machine |
//!
//! A server that refuses to run as root is given to the user `postgres` or `nobody`. Each has a small watcher beside it,
//! a shell that waits for the end of the process that started it, however it ended, and then stops the server and
//! removes its folder.

#![allow(
    clippy::test_attr_in_doctest,
    reason = "the example shows what stands in a test file"
)]

mod account;
mod cluster;
mod error;
mod find;
mod folder;
mod macros;
mod nats;
mod port;
mod postgres;
mod process;

pub use cluster::NatsCluster;
pub use error::Error;
pub use nats::Nats;
pub use postgres::Postgres;

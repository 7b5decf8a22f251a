//! Read models in an SQLite database: each event once, whatever dies, whoever else runs, and from version to version.

mod domain;
mod exactly_once;
mod killed;
mod parking;
mod prepared;
mod states;
mod tables;
mod takeover;
mod versions;

#[path = "../../../es-testkit/tests/shared/switching.rs"]
mod switching;

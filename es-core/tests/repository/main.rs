//! What a repository promises, on the memory store and on wrappers that get in its way.

mod bank;
mod cache;
mod commands;
mod conflicts;
mod contention;
mod copies;
mod executed;
mod following;
mod metadata;
mod once;
mod past;
mod records;
mod snapshots;
mod spans;
mod stores;
mod undecodable;

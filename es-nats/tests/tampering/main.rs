//! Events that were edited behind the library's back, by somebody who may do anything to the servers; and hashes, whoever
//! appends.

mod appends;
mod edits;
mod log;
mod message;
mod seals;
#[path = "../support/mod.rs"]
mod support;

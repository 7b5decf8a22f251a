//! Projections inside of appends: never behind the log, and required of whoever appends.

mod domain;
mod processes;
mod rejected;
mod required;
#[path = "../support/mod.rs"]
mod support;

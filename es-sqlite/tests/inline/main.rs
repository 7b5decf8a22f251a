//! Projections inside of appends: never behind the log, and required of whoever appends.

mod appends;
mod domain;
mod processes;

//! Past states by two clocks, on the memory store.

mod bank;
mod diff;
mod past;
mod samples;
mod span;
mod what_if;

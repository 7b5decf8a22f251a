//! Processes that turn events into commands, on SQLite: once in effect, whatever dies and whoever else runs.

mod bench;
mod domain;
mod dying;
mod killed;

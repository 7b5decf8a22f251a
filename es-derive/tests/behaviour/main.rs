//! What the derives' impls do with stored text.

mod aggregates;
mod commands;
mod events;
mod history;
mod names;
mod processes;
mod projections;

//! Projections: kept up to date by a runner, in memory and by what a consumer does.

mod ahead;
mod another_past;
mod counting;
mod domain;
mod failing;
mod in_memory;
mod partitions;
mod publishing;
mod retried;
mod runner;
mod saved;
mod scripted;

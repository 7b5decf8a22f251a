//! Projections: kept up to date by a runner, in memory and by what a consumer does.

mod domain;
mod failing;
mod in_memory;
mod publishing;
mod runner;
mod saved;
mod scripted;

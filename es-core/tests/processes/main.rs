//! Processes: events in, commands out.

mod aside;
mod at_once;
mod beginnings;
mod bench;
mod bug;
mod commands;
mod corrections;
mod correlation;
mod deadlines;
mod domain;
mod faults;
mod hot;
mod quarantine;
mod refusing;
mod restarts;
mod streams;
mod troubles;

//! Past states by two clocks, on the memory store.

mod audit;
mod bank;
mod by_stream;
mod changes_page;
mod checked;
mod clocks;
mod corrected;
mod corrections;
mod diff;
mod folded_once;
mod ledger;
mod model;
mod page;
mod past;
mod projected;
mod projection;
mod projection_page;
mod published;
mod records;
mod reference;
mod refused;
mod samples;
mod snapshots;
mod span;
mod upcast;
mod what_if;

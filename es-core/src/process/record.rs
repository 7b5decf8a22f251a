//! What a process writes into streams, under names of the library's own: each is a record of what it took in, decided
//! and did, and none is an event of an aggregate.

/// Whether events of this stored name are records: folds pass over them.
pub(crate) fn is_record(name: &str) -> bool {
    name.starts_with("es.") && NAMES.contains(&name)
}

/// The stored names of all records.
const NAMES: &[&str] = &[
    "es.consumed",
    "es.deferred",
    "es.commanded",
    "es.accepted",
    "es.rejected",
    "es.deadline-set",
    "es.deadline-cancelled",
    "es.deadline-fired",
    "es.ended",
    "es.quarantined",
    "es.resumed",
    "es.refused",
    "es.unchanged",
];

//! The laws of a store, as the NATS store keeps them on a cluster, in a log with three replicas.

#[path = "support/subject.rs"]
mod subject;
#[path = "support/mod.rs"]
mod support;

es_testkit::conformance!(
    || subject::Nats::fresh(support::cluster().url(), 3),
    es_servers::needs_own_nats
);

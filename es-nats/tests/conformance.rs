//! The laws of a store, as the NATS store keeps them on one server.

#[path = "support/subject.rs"]
mod subject;
#[path = "support/mod.rs"]
mod support;

es_testkit::conformance!(
    || subject::Nats::fresh(es_servers::Nats::shared().url(), 1),
    es_servers::needs_nats
);

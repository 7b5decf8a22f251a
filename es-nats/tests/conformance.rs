//! The laws of a store, as the NATS store keeps them on one server, and as it does where the log is
//! tamper-evident: its messages have another form.

#[path = "support/subject.rs"]
mod subject;
#[path = "support/mod.rs"]
mod support;

es_testkit::conformance!(
    || subject::Nats::fresh(es_servers::Nats::shared().url(), 1),
    es_servers::needs_nats
);

mod tamper_evident {
    es_testkit::conformance!(
        || crate::subject::Nats::tamper_evident(es_servers::Nats::shared().url(), 1),
        es_servers::needs_nats
    );
}

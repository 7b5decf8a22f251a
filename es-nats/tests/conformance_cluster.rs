//! The laws of a store, as the NATS store keeps them on a cluster, in a log with three replicas; and those of them that concern
//! hashes, where the log is tamper-evident.

#[path = "support/subject.rs"]
mod subject;
#[path = "support/mod.rs"]
mod support;

es_testkit::conformance!(
    || subject::Nats::fresh(support::cluster().url(), 3),
    es_servers::needs_own_nats
);

/// The laws that rest on one append going on behind another, as a hash does. What is left is the same on one server.
mod tamper_evident {
    use es_testkit::conformance::{Law, TABLE, check};

    use crate::subject::Nats;
    use crate::support::cluster;

    fn keeps(law: Law) {
        for row in TABLE.iter().filter(|row| row.law == law) {
            check(row, || Nats::tamper_evident(cluster().url(), 3));
        }
    }

    es_servers::needs_own_nats! {
        #[test]
        fn law_01_atomic() {
            keeps(Law::Atomic);
        }

        #[test]
        fn law_02_contiguous() {
            keeps(Law::Contiguous);
        }

        #[test]
        fn law_03_one_winner() {
            keeps(Law::OneWinner);
        }

        #[test]
        fn law_05_idempotent() {
            keeps(Law::Idempotent);
        }

        #[test]
        fn law_06_durable() {
            keeps(Law::Durable);
        }

        #[test]
        fn law_13_cancellable() {
            keeps(Law::Cancellable);
        }
    }
}

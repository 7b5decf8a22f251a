//! The macros around tests, each in one of two forms: the build script knows which.

/// Ignores tests where a server is missing, with the reason.
// rustfmt moves the macros within further to the right each time.
#[rustfmt::skip]
macro_rules! needs {
    ($d:tt $needs:ident, $here:ident, $reason:literal, $what:literal) => {
        #[doc = $what]
        #[cfg($here)]
        #[macro_export]
        macro_rules! $needs {
            ($d($d test:item)*) => { $d($d test)* };
        }

        #[doc = $what]
        #[cfg(not($here))]
        #[macro_export]
        macro_rules! $needs {
            ($d($d test:item)*) => { $d(#[ignore = $reason] $d test)* };
        }
    };
}

needs!($ needs_postgres, postgres_here, "PostgreSQL's server isn't on this machine, and DATABASE_URL isn't set",
    "Tests that need a database of PostgreSQL: [`Postgres::shared`](crate::Postgres::shared).");
needs!($ needs_own_postgres, postgres_starts, "PostgreSQL's server isn't on this machine",
    "Tests that need a PostgreSQL server of their own: [`Postgres::start`](crate::Postgres::start).");
needs!($ needs_nats, nats_here, "`nats-server` isn't on this machine, and NATS_URL isn't set",
    "Tests that need a NATS server with JetStream: [`Nats::shared`](crate::Nats::shared).");
needs!($ needs_own_nats, nats_starts, "`nats-server` isn't on this machine",
    "Tests that need NATS servers of their own: [`Nats::start`](crate::Nats::start), [`NatsCluster::start`](crate::NatsCluster::start).");

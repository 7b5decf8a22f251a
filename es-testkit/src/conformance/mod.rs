//! The laws of a store as a table of facts, which every store passes.
//!
//! A store crate's test says how a fresh store is opened, as a [`Subject`], and runs the whole table with one line,
//! [`conformance!`](crate::conformance!): a test for each row, named by law and fact. What a store can't keep it
//! [declares](Declared) in its [`Profile`], and the rows then test that it is so.
//!
//! [`run`] gives a row's outcome as a value, for tests of the table itself.

mod appending;
mod bench;
mod cancellation;
mod concurrency;
mod durability;
mod errors;
mod expectation;
mod failure;
mod filters;
mod following;
mod idempotency;
mod immutability;
mod law;
mod limits;
mod live;
mod log;
mod model;
mod names;
mod payloads;
mod random;
mod reading;
mod record_time;
mod snapshots;
mod subject;
mod table;

use std::sync::Arc;

pub use failure::Failure;
pub use law::{Declared, Law};
pub use subject::{Profile, Subject, Tampering};
pub use table::{Row, TABLE};

use bench::Bench;

/// Makes a test of each row of the [`TABLE`](crate::conformance::TABLE), in a module for each law.
///
/// It is given a function that opens a fresh store, as a future of a [`Subject`](crate::conformance::Subject); the
/// future is run on a runtime of its row's own.
///
/// ```
/// # use es_core::{AnyStore, BoxFuture, StoreError};
/// # use es_testkit::conformance::Subject;
/// # struct Memory;
/// # impl Memory { async fn fresh() -> Self { Self } }
/// # impl Subject for Memory {
/// #     fn handle(&self) -> BoxFuture<'_, Result<AnyStore, StoreError>> { unimplemented!() }
/// # }
/// es_testkit::conformance!(Memory::fresh);
/// ```
///
/// The tests are called like `law_03_one_winner::of_appends_that_expect_one_revision_exactly_one_wins`.
///
/// A store that needs a server names a macro as well, `conformance!(Postgres::fresh, es_servers::needs_postgres)`: each
/// test stands in it, so that it can ignore them where there is no server.
#[macro_export]
macro_rules! conformance {
    ($fresh:expr) => {
        $crate::conformance!($fresh, $crate::__conformance_always);
    };
    ($fresh:expr, $($needs:tt)+) => {
        #[cfg(test)]
        fn conforms(fact: &str) {
            $crate::conformance::check($crate::conformance::Row::named(fact), $fresh);
        }

        #[cfg(test)]
        use $($needs)+ as conformance_needs;

        $crate::__conformance_rows! { [$crate::__conformance_tests] }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_always {
    ($test:item) => {
        $test
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests {
    ($($law:ident $tests:ident { $($file:ident::$fact:ident),* $(,)? })*) => {$(
        #[cfg(test)]
        mod $tests {$(
            super::conformance_needs! {
                #[test]
                fn $fact() {
                    super::conforms(stringify!($fact));
                }
            }
        )*}
    )*};
}

impl Row {
    /// The row that states this fact.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn named(fact: &str) -> &'static Self {
        match TABLE.iter().find(|row| row.fact == fact) {
            Some(row) => row,
            None => panic!("no row of the conformance table is called `{fact}`"),
        }
    }
}

/// Tests a row on a fresh store.
///
/// # Panics
///
/// With the failure, if the store doesn't pass the row.
pub fn check<S: Subject, F: Future<Output = S>>(row: &Row, fresh: impl FnOnce() -> F) {
    if let Err(failure) = run(row, fresh) {
        panic!("{failure}");
    }
}

/// Tests a row on a fresh store and tells why it doesn't pass.
pub fn run<S: Subject, F: Future<Output = S>>(
    row: &Row,
    fresh: impl FnOnce() -> F,
) -> Result<(), Failure> {
    /// Rows wait more than once.
    const WAITS: u32 = 8;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("no runtime: {error}")).of(row))?;
    let outcome = runtime.block_on(async {
        let bench = Bench::new(Arc::new(fresh().await));
        let hung = bench.profile.patience * WAITS;
        match tokio::time::timeout(hung, (row.test)(&bench)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::new(format!("hung: no end after {hung:?}"))),
        }
    });
    // A store that hangs may hold a thread for ever; it mustn't hold the test too.
    runtime.shutdown_background();
    outcome.map_err(|failure| failure.of(row))
}

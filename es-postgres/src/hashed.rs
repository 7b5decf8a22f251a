use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_postgres::Error;

use crate::error::is_to_be_hashed;

/// Whether the log is tamper-evident, as far as this process knows: another may make it so. It stays so.
#[derive(Clone, Default)]
pub(crate) struct Hashed(Arc<AtomicBool>);

impl Hashed {
    pub(crate) fn new(known: bool) -> Self {
        Self(Arc::new(AtomicBool::new(known)))
    }

    pub(crate) fn known(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether this error says that the log is tamper-evident: what it refused may be sent again, with digests.
    pub(crate) fn learn(&self, error: &Error) -> bool {
        let hashed = is_to_be_hashed(error);
        if hashed {
            self.0.store(true, Ordering::Relaxed);
        }
        hashed
    }
}

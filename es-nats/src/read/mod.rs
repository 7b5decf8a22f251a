//! Reading, in pages: a stream, and the log.

mod cursor;
mod log;
mod range;
mod stream;

pub(crate) use cursor::{Cursor, Received, nanoseconds};
pub(crate) use log::Places;

/// A page that holds this many bytes takes no more events.
const MAX_BYTES: usize = 8 << 20;

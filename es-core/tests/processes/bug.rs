//! A bug in a process, that can be mended.

use std::cell::Cell;

thread_local! {
    static BUG: Cell<bool> = const { Cell::new(true) };
}

/// Whether it is there, in this thread: each test runs in one of its own.
pub(crate) fn is_there() -> bool {
    BUG.get()
}

pub(crate) fn mend() {
    BUG.set(false);
}

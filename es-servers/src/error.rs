use std::io;

/// Why a server doesn't run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The machine doesn't have it.
    #[error("`{0}` isn't on this machine, neither in PATH nor where packages put it")]
    Missing(&'static str),
    /// Its folder can't be made, or it can't be executed.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// What the operating system said.
        #[source]
        error: io::Error,
    },
    /// It ended, or didn't become ready.
    #[error("{what}; its log ends with:\n{log}")]
    Failed {
        /// What it did.
        what: String,
        /// The end of its log.
        log: String,
    },
}

impl Error {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io { what, error }
    }
}

//! Why a command wasn't carried out, and what the exit code says then.

use std::fmt;
use std::io;
use std::path::PathBuf;

use es_core::{Invalid, Revision, StoreError};

use crate::import::ImportError;
use crate::row::Quoted;
use crate::statement::StatementError;

/// Why a command wasn't carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// There is no such file.
    #[error("there is no database {}; import a statement first", .0.display())]
    NoDatabase(PathBuf),
    /// The store has no event.
    #[error("there are no accounts in {0}; import a statement first")]
    NothingImported(String),
    /// Nothing that another run imported is in this one's memory.
    #[error(
        "memory: is empty when the program starts, and gone when it ends; the tour and `import` can use it, and no question"
    )]
    Forgotten,
    /// A file and a URL.
    #[error("--db FILE is short for --store sqlite:FILE; give one of them")]
    TwoStores,
    /// A URL where something else belongs.
    #[error("there is a URL where it doesn't belong; a store's URL is given with --store")]
    MisplacedUrl,
    /// Not one of our stores.
    #[error(
        "the URL of --store has an unknown scheme; the schemes are {}",
        crate::place::SCHEMES
    )]
    Scheme,
    /// A URL that can't be read. It isn't quoted, as it may hold a password.
    #[error("the URL of --store can't be read: {0}")]
    Url(&'static str),
    /// The store itself can't do with its URL.
    #[error("the URL of --store can't be used")]
    Refused(#[source] Box<Invalid>),
    /// The tour doesn't mix its sample with other accounts: what is imported stays.
    #[error(
        "{0} holds other accounts than the sample's, and what is imported stays; name another: --db tour.db"
    )]
    NotForTours(String),
    /// There is no such account.
    #[error("there is no account {0}")]
    NoAccount(Quoted),
    /// The account hasn't come that far.
    #[error("account {account} is at revision {head} and has no revision {asked} yet")]
    NoRevision {
        /// Which account.
        account: Quoted,
        /// Where it is.
        head: Revision,
        /// What was asked for.
        asked: Revision,
    },
    /// The statement's file can't be opened.
    #[error("{} can't be opened", file.display())]
    File {
        /// Which file.
        file: PathBuf,
        /// What the operating system says.
        #[source]
        error: io::Error,
    },
    /// The file isn't a statement. Nothing of it was imported.
    #[error("{file} isn't a statement")]
    Statement {
        /// Which file.
        file: String,
        /// Why not.
        #[source]
        error: StatementError,
    },
    /// The import broke off.
    #[error("{file} couldn't be imported")]
    Import {
        /// Which file.
        file: String,
        /// Why.
        #[source]
        error: ImportError,
    },
    /// The store failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
    /// The output can't be written.
    #[error("the output can't be written")]
    Output(#[from] io::Error),
}

impl CommandError {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Store(_)
            | Self::Output(_)
            | Self::Import {
                error: ImportError::Store { .. } | ImportError::Broken(_),
                ..
            } => 3,
            _ => 2,
        }
    }

    /// Whether the reader of the output went away, as `head` does: no error.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// An error with its causes.
pub(crate) struct Chain<'e>(pub(crate) &'e dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

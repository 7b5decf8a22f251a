//! Why a command wasn't carried out, and what the exit code says then.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use es_core::{CorrectError, Failure, Invalid, Revision, StoreError, Timestamp, WaitError};

use crate::day::Day;
use crate::import::ImportError;
use crate::row::Quoted;
use crate::statement::StatementError;
use crate::{Refusal, RowError};

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
    /// Nothing was known of it by then.
    #[error("nothing was recorded of account {account} by {instant}")]
    NotKnown {
        /// Which account.
        account: Quoted,
        /// When.
        instant: Timestamp,
    },
    /// The account has no such entry.
    #[error("account {account} has no entry {reference}")]
    NoEntry {
        /// Which account.
        account: Quoted,
        /// Which entry.
        reference: Quoted,
    },
    /// The entry was retracted.
    #[error(
        "entry {reference} of account {account} was retracted by the correction at revision {by}; retract that with \
         --revision {by}, and the entry counts again"
    )]
    Retracted {
        /// Which account.
        account: Quoted,
        /// Which entry.
        reference: Quoted,
        /// The retraction.
        by: Revision,
    },
    /// Nothing that could be inserted: it is there.
    #[error("entry {0} is there; correct it, or insert another reference")]
    EntryThere(Quoted),
    /// What was inserted before it happened on another day.
    #[error("entry {reference} is of {day}; what comes before it is of that day, too")]
    OtherDay {
        /// The entry.
        reference: Quoted,
        /// Its day.
        day: Day,
    },
    /// What can't be a reference.
    #[error("the entry can't be called so")]
    Reference(#[source] Box<RowError>),
    /// An entry that is supposed to be two things.
    #[error("entry {0} is named twice")]
    NamedTwice(Quoted),
    /// An entry that was refused has no amount that was booked.
    #[error("entry {0} was refused; say with --amount what was booked")]
    RefusedEntry(Quoted),
    /// A correction that changes nothing.
    #[error("entry {0} is so already; nothing was written")]
    Unchanged(Quoted),
    /// With the correction an entry couldn't have been booked. Nothing was written.
    #[error(
        "nothing was written, as the account's history would break on {day} at {}: {refusal}",
        entry.as_ref().map_or_else(|| "what is corrected".to_owned(), |entry| format!("entry {entry}"))
    )]
    Breaking {
        /// On which day.
        day: Day,
        /// The entry that would break.
        entry: Option<Quoted>,
        /// Why.
        refusal: Refusal,
    },
    /// What was to be corrected doesn't count any more.
    #[error("what stands at revision {target} is corrected already, by the correction at {by}")]
    AlreadyCorrected {
        /// What was to be corrected.
        target: Revision,
        /// The correction that stands.
        by: Revision,
    },
    /// Somebody else was faster.
    #[error("account {0} changed meanwhile; nothing was written, ask again")]
    Meanwhile(Quoted),
    /// The library's rules about corrections.
    #[error("nothing was written")]
    Correction(#[source] Box<CorrectError<Refusal>>),
    /// An account without an entry that counts.
    #[error("account {0} has no entry to be drawn")]
    NothingToDraw(Quoted),
    /// An account all of whose entries were refused or retracted.
    #[error("account {0} has no entry that was booked")]
    NothingBooked(Quoted),
    /// Days that end before they begin.
    #[error("the first day, {first}, is after the last, {last}")]
    NoDays {
        /// The first.
        first: Day,
        /// The last.
        last: Day,
    },
    /// The picture can't be written.
    #[error("{} can't be written", file.display())]
    Picture {
        /// Which file.
        file: PathBuf,
        /// What the operating system says.
        #[source]
        error: io::Error,
    },
    /// What is made of the log couldn't be.
    #[error("the report couldn't be made")]
    Report(#[source] Arc<Failure>),
    /// What is made of the log was given up before all of it was in.
    #[error("the report couldn't be made")]
    Unmade(#[source] WaitError),
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
            | Self::Report(_)
            | Self::Unmade(_)
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

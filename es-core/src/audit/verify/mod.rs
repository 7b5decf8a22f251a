//! Whether a log is as it was written.

mod chain;
mod sealed;
mod walk;

use std::fmt;

use super::Seal;
use crate::{EventStore, Position, Revision, StoreError, StreamId};
use walk::Walk;

/// What came of checking a log for tampering.
///
/// Each event's hash is computed again, behind that of the event before it in its stream; the log is compared with the
/// seals that a [`Sealer`](crate::Sealer) appended to it, and with seals that were kept elsewhere.
///
/// What a clean answer proves depends on what was kept. Whoever can edit rows can compute hashes and seals anew, so that
/// they fit. Without a kept seal a clean answer says that nobody edited the log *without* doing so. With one it says that
/// nobody edited what lies before it, hashes or not, unless SHA-256 is broken. What was appended since, or by somebody who
/// was allowed to append, it never judges.
///
/// That events should have hashes is learned from the store ([`EventStore::hashed_from`]), and from the first event that
/// has one.
///
/// ```
/// # use es_core::{EventStore, Seal, StoreError, Verification};
/// async fn report(store: impl EventStore, kept: &[Seal]) -> Result<(), StoreError> {
///     let verification = Verification::of(&store, kept).await?;
///     for found in verification.breaks() {
///         println!("{found}"); // account/ada 3: changed
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    events: u64,
    unhashed: u64,
    head: Option<Seal>,
    sealed_to: Position,
    unlike: Vec<Seal>,
    breaks: Vec<Break>,
}

/// Where a stream isn't as it was written: the first place of its kind in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Break {
    /// The stream.
    pub stream: StreamId,
    /// The place in it.
    pub revision: Revision,
    /// What happened there, as far as it can be told.
    pub kind: BreakKind,
}

/// What happened to an event. What can't be told apart any more is said to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum BreakKind {
    /// What is stored of it isn't what was written.
    Changed,
    /// It is gone.
    Missing,
    /// Another event of the stream stands in its place.
    Swapped,
    /// No store wrote it here.
    Inserted,
    /// Its hash fits, and isn't the one that was sealed: who changed it computed hashes anew. Or its record time was changed,
    /// which only seals cover. Where seals were made anew as well, and only one that was kept elsewhere tells, this is the
    /// last event that it covers, and what was changed lies there or before.
    Rewritten,
}

impl Verification {
    /// Checks the log as it is now, against these seals that were kept elsewhere; there may be none. The whole log is read, and
    /// some two hundred bytes are held for each of its streams.
    ///
    /// # Errors
    ///
    /// Those of reading: a row that is so spoilt that it can't be read is one, which names its place.
    pub async fn of<S: EventStore + ?Sized>(store: &S, kept: &[Seal]) -> Result<Self, StoreError> {
        Walk::of(store, kept).await
    }

    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        self.breaks.is_empty() && self.unlike.is_empty()
    }

    /// The first break of each kind in each stream, stream by stream, in the order in which they begin in the log.
    pub fn breaks(&self) -> &[Break] {
        &self.breaks
    }

    /// Those of the kept seals that the log isn't like any more.
    pub fn unlike(&self) -> &[Seal] {
        &self.unlike
    }

    /// How many events the log has.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How many of them have no hash, since they were appended before the log was made tamper-evident: of these only seals
    /// tell. All of them, in a store that computes none.
    pub fn unhashed(&self) -> u64 {
        self.unhashed
    }

    /// How far the seals in the log cover it.
    pub fn sealed_to(&self) -> Position {
        self.sealed_to
    }

    /// What a seal of the log as it is now would say, to compare with one that was kept; `None` if it is empty.
    pub fn head(&self) -> Option<&Seal> {
        self.head.as_ref()
    }
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            stream,
            revision,
            kind,
        } = self;
        write!(f, "{stream} {revision}: {kind}")
    }
}

impl fmt::Display for BreakKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Swapped => "swapped",
            Self::Inserted => "inserted",
            Self::Rewritten => "rewritten",
        })
    }
}

/// A line for each break and each kept seal that the log isn't like, and one that says if there is none and how many events
/// no hash speaks for.
impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for found in &self.breaks {
            writeln!(f, "{found}")?;
        }
        for seal in &self.unlike {
            writeln!(f, "the log isn't the one of {seal}")?;
        }
        let Self {
            events, unhashed, ..
        } = self;
        match (self.is_clean(), unhashed) {
            (true, 0) => writeln!(f, "{events} events, nothing found"),
            (false, 0) => Ok(()),
            (clean, _) => {
                let nothing = if clean { "nothing found in " } else { "" };
                writeln!(
                    f,
                    "{nothing}{events} events, {unhashed} of them without a hash: of these only seals tell"
                )
            }
        }
    }
}

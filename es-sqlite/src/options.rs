use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use es_core::{Clock, StoreError, SystemClock};
use rusqlite::Connection;

use crate::inline::Inlines;
use crate::{SqliteHandler, SqliteStore, file, schema};

/// How a store is opened. [`SqliteStore::open`] takes what stands here as the default.
///
/// ```no_run
/// # async fn open() -> Result<(), es_core::StoreError> {
/// use es_sqlite::SqliteStore;
///
/// let store = SqliteStore::options().readers(8).open("bank.db").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct SqliteOptions {
    pub(crate) durability: Durability,
    pub(crate) readers: usize,
    pub(crate) busy_timeout: Duration,
    pub(crate) poll_interval: Duration,
    pub(crate) tamper_evident: bool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) inline: Inlines,
    pub(crate) not_inline: Vec<String>,
}

/// What an acknowledgement says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Durability {
    /// The append is on the disk and survives a power loss: `synchronous=FULL`.
    #[default]
    Full,
    /// The append survives the process; a power loss may take the last ones: `synchronous=NORMAL`. For what can be
    /// imported again.
    Normal,
}

/// SQLite counts milliseconds in 31 bits: 24 days.
const LONGEST_WAIT: Duration = Duration::from_millis(0x7fff_ffff);

impl SqliteOptions {
    pub(crate) fn new() -> Self {
        Self {
            durability: Durability::Full,
            readers: 4,
            busy_timeout: Duration::from_secs(5),
            poll_interval: Duration::from_millis(20),
            tamper_evident: false,
            clock: Arc::new(SystemClock),
            inline: Inlines::default(),
            not_inline: Vec::new(),
        }
    }

    /// What an acknowledgement says; [`Durability::Full`] if nothing is said.
    pub fn durability(self, durability: Durability) -> Self {
        Self { durability, ..self }
    }

    /// How many threads read; 4 if nothing is said, and at least one.
    pub fn readers(self, readers: usize) -> Self {
        Self {
            readers: readers.max(1),
            ..self
        }
    }

    /// How long an append waits for another process's before it is [`StoreError::Unavailable`]; 5 seconds if nothing is
    /// said.
    pub fn busy_timeout(self, busy_timeout: Duration) -> Self {
        Self {
            busy_timeout: busy_timeout.min(LONGEST_WAIT),
            ..self
        }
    }

    /// How often a waiting subscriber looks for what other processes append; every 20 milliseconds if nothing is said.
    pub fn poll_interval(self, poll_interval: Duration) -> Self {
        Self {
            poll_interval,
            ..self
        }
    }

    /// Hashes each event over its stream up to it, so that [`Verification`](es_core::Verification) finds what was changed
    /// behind the library's back. It is the log's from then on: whoever appends to it, with or without this option, hashes
    /// what is appended. Events from before have no hash.
    pub fn tamper_evident(self) -> Self {
        Self {
            tamper_evident: true,
            ..self
        }
    }

    /// The clock of `recorded_at`; the system's if nothing is said.
    pub fn clock(self, clock: impl Clock) -> Self {
        Self {
            clock: Arc::new(clock),
            ..self
        }
    }

    /// Keeps a projection inside of every append, for what must never lag behind the log, as uniqueness mustn't: an event
    /// and what the handler does with it are there together or not at all, and if the handler says no, nothing of the
    /// append is written and its caller gets [`StoreError::Rejected`]. Its tables are in the file of the log.
    ///
    /// The database remembers that the projection is required. From then on an append of a process that hasn't registered
    /// it, in this version, is refused. When the store is opened and it is new there, or of a higher version, it is made of
    /// the log first, while no one appends; the handler's `activate` comes after that.
    ///
    /// ```
    /// # use es_core::{Cause, Event, Projection, Recorded};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    /// # #[event(name = "user.registered")]
    /// # struct Registered { email: String }
    /// use es_sqlite::{Context, SqliteHandler, SqliteStore};
    /// use rusqlite::Transaction;
    ///
    /// /// No two users have the same address.
    /// #[derive(Projection)]
    /// #[projection(name = "addresses", version = 1, event = AddressesEvent)]
    /// #[event(Registered)]
    /// struct Addresses;
    ///
    /// impl SqliteHandler for Addresses {
    ///     fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
    ///         Ok(transaction.execute_batch("CREATE TABLE addresses (email TEXT PRIMARY KEY) WITHOUT ROWID")?)
    ///     }
    ///
    ///     fn handle(&mut self, event: Recorded<AddressesEvent>, context: &Context<'_>) -> Result<(), Cause> {
    ///         let AddressesEvent::Registered(registered) = event.event;
    ///         let mut insert = context.prepare_cached("INSERT OR IGNORE INTO addresses VALUES (?1)")?;
    ///         match insert.execute([registered.email])? {
    ///             0 => Err("this address is taken".into()),
    ///             _ => Ok(()),
    ///         }
    ///     }
    /// }
    ///
    /// # async fn run() -> Result<(), es_core::StoreError> {
    /// let store = SqliteStore::options().inline(Addresses).open("users.db").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A handler holds up every append while it works, and an error of the database's own, as when the disk is full, fails
    /// the append as such; so does a panic, after which the handler is used on as it is.
    /// [`Context::is_replay`](crate::Context::is_replay) says whether it is made of the log.
    ///
    /// One with `corrections` takes in corrections, too, and may say no to one: what it changed is read in the same transaction.
    pub fn inline<H: SqliteHandler>(mut self, handler: H) -> Self {
        self.inline.add(handler);
        self
    }

    /// Requires this projection inside of appends no longer, from when the store is opened on. Its tables stay.
    pub fn not_inline(mut self, projection: impl Into<String>) -> Self {
        self.not_inline.push(projection.into());
        self
    }

    /// Opens the database in this file, or makes one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the file can't be opened now or is locked; [`StoreError::Backend`] if the path isn't
    /// that of a file in a folder that exists, if the file belongs to another program or to a newer version of this one,
    /// or if it can't keep what [`Durability`] promises. [`StoreError::Rejected`] if a projection that is kept
    /// [`inline`](Self::inline) says no to what is in the log.
    pub async fn open(self, path: impl AsRef<Path>) -> Result<SqliteStore, StoreError> {
        SqliteStore::start(self, path.as_ref().to_owned()).await
    }

    /// A connection with the settings that every one has.
    pub(crate) fn connect(&self, path: &Path) -> Result<Connection, StoreError> {
        let mut connection = file::connect(path)?;
        schema::prepare(&mut connection, self)?;
        connection.set_prepared_statement_cache_capacity(32);
        Ok(connection)
    }
}

impl std::fmt::Debug for SqliteOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteOptions")
            .field("durability", &self.durability)
            .field("readers", &self.readers)
            .field("busy_timeout", &self.busy_timeout)
            .field("poll_interval", &self.poll_interval)
            .field("tamper_evident", &self.tamper_evident)
            .finish_non_exhaustive()
    }
}

use std::time::Duration;

use es_core::StoreError;
use tokio_postgres::Config;

use crate::error::Fault;
use crate::inline::Inlines;
use crate::schema::Schema;
use crate::{PostgresHandler, PostgresReadModels, PostgresStore};

/// How much longer than the server works on something its answer is waited for.
const GRACE: Duration = Duration::from_secs(5);

/// How a store is opened. [`PostgresStore::open`] takes what stands here as the default.
///
/// ```no_run
/// # async fn open() -> Result<(), es_core::StoreError> {
/// use es_postgres::PostgresStore;
///
/// let store = PostgresStore::options().schema("bank").connections(4).open("postgres://localhost/ledger").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct PostgresOptions {
    url: String,
    schema: String,
    application_name: String,
    pub(crate) connections: usize,
    pub(crate) connect_timeout: Duration,
    pub(crate) statement_timeout: Duration,
    pub(crate) lock_timeout: Duration,
    pub(crate) poll_interval: Duration,
    pub(crate) tamper_evident: bool,
    pub(crate) inline: Inlines,
    pub(crate) not_inline: Vec<String>,
    #[cfg(feature = "tls")]
    pub(crate) roots: crate::tls::Roots,
}

impl PostgresOptions {
    pub(crate) fn new() -> Self {
        Self {
            url: String::new(),
            schema: "es".to_owned(),
            application_name: "es-postgres".to_owned(),
            connections: 8,
            connect_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(10),
            poll_interval: Duration::from_millis(500),
            tamper_evident: false,
            inline: Inlines::default(),
            not_inline: Vec::new(),
            #[cfg(feature = "tls")]
            roots: crate::tls::Roots::default(),
        }
    }

    /// The schema that holds the store, which is made if it isn't there; `es` if nothing is said. One database may hold
    /// several stores, each in a schema of its own, and they don't wait for each other.
    pub fn schema(self, schema: impl Into<String>) -> Self {
        Self {
            schema: schema.into(),
            ..self
        }
    }

    /// What the server shows of these connections in `pg_stat_activity`; `es-postgres` if nothing is said.
    pub fn application_name(self, application_name: impl Into<String>) -> Self {
        Self {
            application_name: application_name.into(),
            ..self
        }
    }

    /// How many connections read at most, each opened when it is first needed; 8 if nothing is said, and at least one.
    /// One more appends, and one listens while somebody waits.
    pub fn connections(self, connections: usize) -> Self {
        Self {
            connections: connections.max(1),
            ..self
        }
    }

    /// How long connecting may take, with all that a connection begins with; 10 seconds if nothing is said.
    pub fn connect_timeout(self, connect_timeout: Duration) -> Self {
        Self {
            connect_timeout,
            ..self
        }
    }

    /// How long the server works on a page or on a batch of appends before it gives up; 30 seconds if nothing is said. A
    /// server that says nothing for five seconds longer, or no connection that becomes free to read, is
    /// [`StoreError::Unavailable`], and [`StoreError::Unknown`] to an append.
    pub fn statement_timeout(self, statement_timeout: Duration) -> Self {
        Self {
            statement_timeout,
            ..self
        }
    }

    /// How long an append waits for another process's before it is [`StoreError::Unavailable`]; 10 seconds if nothing is
    /// said.
    pub fn lock_timeout(self, lock_timeout: Duration) -> Self {
        Self {
            lock_timeout,
            ..self
        }
    }

    /// How often a waiting subscriber looks for what other processes append, beside being notified; every 500
    /// milliseconds if nothing is said.
    pub fn poll_interval(self, poll_interval: Duration) -> Self {
        Self {
            poll_interval,
            ..self
        }
    }

    /// Hashes each event over its stream up to it, so that [`Verification`](es_core::Verification) finds what was changed
    /// behind the library's back. It is the log's from then on: the database's function computes the hashes, whoever
    /// appends. Events from before have no hash. To make a log so needs the right to change its schema, and waits for what
    /// is being appended.
    pub fn tamper_evident(self) -> Self {
        Self {
            tamper_evident: true,
            ..self
        }
    }

    /// Whom to trust to vouch for the server, as certificates in PEM; whom the operating system trusts if nothing is said.
    /// Matters where the URL has `sslmode=require`: then the certificate and the server's name in it are verified.
    #[cfg(feature = "tls")]
    pub fn root_certificates(self, pem: impl AsRef<[u8]>) -> Self {
        Self {
            roots: crate::tls::Roots::These(pem.as_ref().into()),
            ..self
        }
    }

    /// Keeps a projection inside of every append, for what must never lag behind the log, as uniqueness mustn't: an event
    /// and what the handler does with it are there together or not at all, and if the handler says no, nothing of the
    /// append is written and its caller gets [`StoreError::Rejected`]. Its tables are in the database of the log, where the
    /// role's `search_path` says.
    ///
    /// The database remembers that the projection is required. From then on an append of a process that hasn't registered
    /// it, in this version, is refused. When the store is opened and it is new there, or of a higher version, it is made of
    /// the log first, while no one appends; the handler's `activate` comes after that.
    ///
    /// ```no_run
    /// # use es_core::{Cause, Event, Projection, Recorded};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    /// # #[event(name = "user.registered")]
    /// # struct Registered { email: String }
    /// use es_postgres::tokio_postgres::Transaction;
    /// use es_postgres::{Context, PostgresHandler, PostgresStore};
    ///
    /// /// No two users have the same address.
    /// #[derive(Projection)]
    /// #[projection(name = "addresses", version = 1, event = AddressesEvent)]
    /// #[event(Registered)]
    /// struct Addresses;
    ///
    /// impl PostgresHandler for Addresses {
    ///     async fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
    ///         Ok(transaction.batch_execute("CREATE TABLE addresses (email text PRIMARY KEY)").await?)
    ///     }
    ///
    ///     async fn handle(&mut self, event: Recorded<AddressesEvent>, context: &Context<'_>) -> Result<(), Cause> {
    ///         let AddressesEvent::Registered(registered) = event.event;
    ///         let insert = "INSERT INTO addresses VALUES ($1) ON CONFLICT DO NOTHING";
    ///         let insert = context.prepare_cached(insert).await?;
    ///         match context.execute(&insert, &[&registered.email]).await? {
    ///             0 => Err("this address is taken".into()),
    ///             _ => Ok(()),
    ///         }
    ///     }
    /// }
    ///
    /// # async fn run() -> Result<(), es_core::StoreError> {
    /// let store = PostgresStore::options().inline(Addresses).open("postgres://localhost/shop").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A handler holds up every append of all processes while it works, and an error of the database's own, as when a table
    /// isn't there, fails the append as such; so does a panic, after which the handler is used on as it is. An append that concerns no projection costs what it always does; one that
    /// does takes round trips of its own, within the commit that it shares.
    /// [`Context::is_replay`](crate::Context::is_replay) says whether it is made of the log.
    ///
    /// One with `corrections` takes in corrections, too, and may say no to one: what it changed is read in the same transaction.
    pub fn inline<H: PostgresHandler>(mut self, handler: H) -> Self {
        self.inline.add(handler);
        self
    }

    /// Requires this projection inside of appends no longer, from when the store is opened on. Its tables stay.
    pub fn not_inline(mut self, projection: impl Into<String>) -> Self {
        self.not_inline.push(projection.into());
        self
    }

    /// Opens the store in this database, and brings its schema up to date.
    ///
    /// The URL is that of [`tokio_postgres::Config`], several hosts and `target_session_attrs` included. With
    /// `sslmode=require` the connection is encrypted and the server verified, which others call `verify-full`; otherwise it
    /// is neither. What the URL says of `application_name`, `connect_timeout`, `tcp_user_timeout` and `keepalives_…` doesn't
    /// count: the options say it, and a server that vanished is noticed within a minute.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the server can't be reached; [`StoreError::Invalid`] if the schema's name can't be
    /// one; [`StoreError::Backend`] if the URL can't be read, the schema belongs to another program or a newer version of
    /// this one, or the server can't keep what it acknowledges; [`StoreError::Rejected`] if a projection that is kept
    /// [`inline`](Self::inline) says no to what is in the log.
    pub async fn open(self, url: impl Into<String>) -> Result<PostgresStore, StoreError> {
        let options = Self {
            url: url.into(),
            ..self
        };
        let schema = Schema::new(&options.schema)?;
        // A mistake in the URL is found before a thread is started for it.
        options.config()?;
        PostgresStore::start(options, schema).await
    }

    /// Opens the read models in this database, and makes the library's tables there if they aren't: see
    /// [`PostgresReadModels`]. Of the options, `connections`, `statement_timeout` and `poll_interval` don't concern them.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the server can't be reached; [`StoreError::Backend`] if the URL or the schema's name
    /// can't be read, or the role may not make what isn't there.
    pub async fn open_read_models(
        self,
        url: impl Into<String>,
    ) -> Result<PostgresReadModels, StoreError> {
        let options = Self {
            url: url.into(),
            ..self
        };
        let schema = Schema::new(&options.schema)?;
        options.config()?;
        PostgresReadModels::start(options, schema).await
    }

    /// How long an answer is waited for.
    pub(crate) fn patience(&self) -> Duration {
        self.statement_timeout.saturating_add(GRACE)
    }

    pub(crate) fn config(&self) -> Result<Config, StoreError> {
        let mut config: Config = self.url.parse().map_err(|error| Fault::url(&error))?;
        config
            .application_name(&self.application_name)
            .connect_timeout(self.connect_timeout)
            // So that a server that vanished is noticed within a minute, and not within hours.
            .keepalives_idle(Duration::from_secs(20))
            .keepalives_interval(Duration::from_secs(10))
            .keepalives_retries(3)
            .tcp_user_timeout(Duration::from_secs(50));
        Ok(config)
    }
}

/// Without the URL, which holds a password.
impl std::fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("schema", &self.schema)
            .field("application_name", &self.application_name)
            .field("connections", &self.connections)
            .field("connect_timeout", &self.connect_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("lock_timeout", &self.lock_timeout)
            .field("poll_interval", &self.poll_interval)
            .field("tamper_evident", &self.tamper_evident)
            .finish_non_exhaustive()
    }
}

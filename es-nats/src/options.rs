use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{ConnectOptions, ServerAddr};
use es_core::{Clock, StoreError, SystemClock};

use crate::error::Fault;
use crate::login::Login;
use crate::snapshot::SUFFIX;
use crate::subject::is_name;
use crate::tls::Tls;
use crate::wire::Wire;
use crate::{NatsPublisher, NatsStore};

/// How a store is opened. [`NatsStore::open`] takes what stands here as the default.
///
/// ```no_run
/// # async fn open() -> Result<(), es_core::StoreError> {
/// use es_nats::{Durability, NatsStore};
///
/// let store = NatsStore::options()
///     .name("bank")
///     .replicas(3)
///     .durability(Durability::Replicated)
///     .credentials_file("/etc/bank/nats.creds")
///     .open("tls://nats-1.example,tls://nats-2.example,tls://nats-3.example")
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// `Debug` shows no secret.
#[derive(Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct NatsOptions {
    pub(crate) name: String,
    pub(crate) replicas: Option<usize>,
    pub(crate) durability: Durability,
    pub(crate) timeout: Duration,
    pub(crate) tamper_evident: bool,
    pub(crate) clock: Arc<dyn Clock>,
    login: Login,
    tls: Tls,
}

/// What an acknowledgement has to be worth for the store to be opened.
///
/// A NATS server acknowledges a message before it is on the disk, unless its configuration says
/// `jetstream { sync_interval: always }`, which it doesn't tell its clients. A killed server loses nothing; one that
/// loses its power may lose what it acknowledged in the last two minutes (the default of `sync_interval`), unless
/// others have it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Durability {
    /// With fewer than three replicas the store says in the log of the program what may be lost, once when it is opened.
    #[default]
    Warn,
    /// The store isn't opened with fewer than three replicas.
    Replicated,
    /// You vouch that every server has `sync_interval: always`.
    Synced,
}

impl NatsOptions {
    pub(crate) fn new() -> Self {
        Self {
            name: "es".to_owned(),
            replicas: None,
            durability: Durability::default(),
            timeout: Duration::from_secs(15),
            tamper_evident: false,
            clock: Arc::new(SystemClock),
            login: Login::None,
            tls: Tls::default(),
        }
    }

    /// The log's name, `es` if nothing is said: that of the JetStream stream, and the first token of its subjects. 1 to 64
    /// letters, digits, `-` and `_`, and not with `-snapshots` at its end: there a log's snapshots are.
    pub fn name(self, name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..self
        }
    }

    /// How many servers keep the log: a log that is made now has so many, one that is there at least so many. If nothing
    /// is said, one that is made has one.
    pub fn replicas(self, replicas: usize) -> Self {
        Self {
            replicas: Some(replicas.max(1)),
            ..self
        }
    }

    /// What an acknowledgement has to be worth; [`Durability::Warn`] if nothing is said.
    pub fn durability(self, durability: Durability) -> Self {
        Self { durability, ..self }
    }

    /// How long an append may take at most, its waiting for others to the same stream included, and how long a read may
    /// stand still, through lost connections and elections, before it is [`StoreError::Unavailable`] or
    /// [`StoreError::Unknown`]; 15 seconds if nothing is said.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Hashes each event over its stream up to it, so that [`Verification`](es_core::Verification) finds what was changed
    /// behind the library's back. A log becomes so when it is made, and its settings say it: whoever appends to it, with or
    /// without this option, hashes what is appended. One that was made without isn't opened with this option, since a program
    /// that has it open would go on without hashes, which no server refuses. While no program has it open, whoever may
    /// update the JetStream stream makes it tamper-evident by `tamper-evident from 1234` in its description, with the sequence
    /// of the next message; events from before have no hash. Without the sequence a check can't tell an event that was there
    /// before from one whose hash was taken away, until it comes to one with a hash.
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

    /// Logs in with a user and a password.
    pub fn password(self, user: impl Into<String>, password: impl Into<String>) -> Self {
        let login = Login::Password(user.into(), password.into());
        Self { login, ..self }
    }

    /// Logs in with a token.
    pub fn token(self, token: impl Into<String>) -> Self {
        let login = Login::Token(token.into());
        Self { login, ..self }
    }

    /// Logs in with the text of a credentials file: a JWT and a seed.
    pub fn credentials(self, credentials: impl Into<String>) -> Self {
        let login = Login::Credentials(credentials.into());
        Self { login, ..self }
    }

    /// Logs in with a credentials file.
    pub fn credentials_file(self, file: impl Into<PathBuf>) -> Self {
        let login = Login::CredentialsFile(file.into());
        Self { login, ..self }
    }

    /// Logs in with the seed of an `NKey`.
    pub fn nkey(self, seed: impl Into<String>) -> Self {
        let login = Login::Nkey(seed.into());
        Self { login, ..self }
    }

    /// Refuses a connection that isn't encrypted. An address that begins with `tls://` says the same.
    pub fn require_tls(mut self) -> Self {
        self.tls.required = true;
        self
    }

    /// Trusts the certificates in this PEM file, and those in others that are named, instead of those that the operating
    /// system trusts. They are read for each connection, so that they may be renewed.
    pub fn root_certificates(mut self, file: impl Into<PathBuf>) -> Self {
        self.tls.roots.push(file.into());
        self
    }

    /// Shows this certificate, with this key, both PEM files, which are read for each connection.
    pub fn client_certificate(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.tls.client = Some((certificate.into(), key.into()));
        self
    }

    /// Opens the log on a server, or makes one there. Of a cluster, name several servers, with commas between them. An
    /// address may hold `user:password@` or `token@`; what is said here goes before that.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] if the name or an address isn't one, [`StoreError::Unavailable`] if no server can be
    /// reached, [`StoreError::Backend`] if a certificate or a credential can't be read, if the server refuses us, or if the log's settings allow what a log mustn't: to lose,
    /// change or limit events, or less than [`Durability`] asks for.
    pub async fn open(self, addresses: impl AsRef<str>) -> Result<NatsStore, StoreError> {
        if !is_name(&self.name) {
            return Err(Fault::Name(self.name).into());
        }
        if self.name.ends_with(SUFFIX) {
            return Err(Fault::Reserved(self.name).into());
        }
        let wire = self.connect(addresses.as_ref()).await?;
        NatsStore::start(self, wire).await
    }

    /// Connects a publisher whose subjects begin with `prefix`, such as `public.bank`; what is said of a log plays no part.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] if the prefix or an address isn't one, [`StoreError::Unavailable`] if no server can be
    /// reached, [`StoreError::Backend`] if it refuses us.
    pub async fn connect_publisher(
        self,
        addresses: impl AsRef<str>,
        prefix: impl Into<String>,
    ) -> Result<NatsPublisher, StoreError> {
        NatsPublisher::new(self.connect(addresses.as_ref()).await?, prefix.into())
    }

    async fn connect(&self, addresses: &str) -> Result<Wire, StoreError> {
        let addresses = addresses.split(',').map(str::trim);
        let addresses = addresses
            .map(|address| address.parse().map_err(|_| Fault::Address))
            .collect::<Result<Vec<ServerAddr>, _>>()?;
        let driver = self.driver(&addresses).await?;
        Wire::connect(driver, &addresses, self.timeout).await
    }

    /// The driver's own options.
    async fn driver(&self, addresses: &[ServerAddr]) -> Result<ConnectOptions, StoreError> {
        let login = match &self.login {
            Login::None => addresses.iter().find_map(Login::of).unwrap_or(Login::None),
            login => login.clone(),
        };
        let options = login.tell(ConnectOptions::new()).await?;
        Ok(self.tls.tell(options)?)
    }
}

impl fmt::Debug for NatsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsOptions")
            .field("name", &self.name)
            .field("replicas", &self.replicas)
            .field("durability", &self.durability)
            .field("timeout", &self.timeout)
            .field("tamper_evident", &self.tamper_evident)
            .field("login", &self.login.kind())
            .field("tls", &self.tls.required)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::NatsOptions;

    #[test]
    fn debug_shows_no_secret() {
        for options in [
            NatsOptions::new().password("ada", "hunter2"),
            NatsOptions::new().token("hunter2"),
            NatsOptions::new().credentials("hunter2"),
            NatsOptions::new().nkey("hunter2"),
        ] {
            let shown = format!("{options:?}");
            assert!(
                !shown.contains("hunter2") && shown.contains("login"),
                "{shown}"
            );
        }
    }
}

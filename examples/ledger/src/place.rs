//! Where the accounts are: a store's URL, read; and the store, opened.

use std::fmt;
use std::path::{Path, PathBuf};

use es_core::{AnyStore, EventStore, Position, StoreError};
use es_memory::MemoryStore;
use es_nats::{Durability, NatsStore};
use es_postgres::PostgresStore;
use es_sqlite::SqliteStore;

use crate::Ledger;
use crate::failure::CommandError;

/// The database where nothing else is said.
const DEFAULT: &str = "ledger.db";

/// The schemes that a store's URL may have.
pub(crate) const SCHEMES: &str = "sqlite:, postgres://, postgresql://, nats://, tls:// and memory:";

/// From how many replicas on the loss of one server's power loses nothing.
const REPLICATED: usize = 3;

/// A store's URL as it was given. It may hold a password, so `Debug` doesn't show it, and no message does.
#[derive(Clone)]
pub(crate) struct StoreUrl(String);

/// Anything is taken, so that it isn't the reader of options who complains: it would quote what it was given.
impl From<String> for StoreUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreUrl")
    }
}

/// Where the accounts are. `Display` shows no URL but those that can't hold a secret.
pub(crate) enum Place {
    Sqlite(PathBuf),
    Postgres(Postgres),
    Nats(Nats),
    Memory,
}

/// A database of PostgreSQL, and a schema in it.
pub(crate) struct Postgres {
    /// Without what only we understand.
    url: String,
    schema: Option<String>,
}

/// Servers of NATS, and a log on them.
#[derive(Default)]
pub(crate) struct Nats {
    addresses: String,
    /// The first address asks for encryption, so that the others have to have it too.
    encrypted: bool,
    log: Option<String>,
    replicas: Option<usize>,
}

impl Place {
    /// What the options say.
    ///
    /// # Errors
    ///
    /// Both are given, or one isn't what it should be.
    pub(crate) fn new(db: Option<PathBuf>, store: Option<StoreUrl>) -> Result<Self, CommandError> {
        match (db, store) {
            (Some(_), Some(_)) => Err(CommandError::TwoStores),
            (None, Some(url)) => Self::of(&url.0),
            (Some(db), None) if db.to_string_lossy().contains("://") => {
                Err(CommandError::MisplacedUrl)
            }
            (db, None) => Ok(Self::Sqlite(db.unwrap_or_else(|| DEFAULT.into()))),
        }
    }

    fn of(url: &str) -> Result<Self, CommandError> {
        let (scheme, rest) = url.split_once(':').ok_or(CommandError::Scheme)?;
        match (scheme, rest) {
            ("memory", "") => Ok(Self::Memory),
            ("memory", _) => Err(CommandError::Url("memory: has nothing after it")),
            ("sqlite", file) => match file.strip_prefix("//").unwrap_or(file) {
                "" => Err(CommandError::Url(
                    "sqlite: needs a file, as sqlite:ledger.db",
                )),
                ":memory:" => Err(CommandError::Url("a store in memory is memory:")),
                file => Ok(Self::Sqlite(file.into())),
            },
            ("postgres" | "postgresql", rest) if rest.starts_with("//") => {
                Postgres::of(url).map(Self::Postgres)
            }
            ("nats" | "tls", rest) if rest.starts_with("//") => {
                Nats::of(url, scheme == "tls").map(Self::Nats)
            }
            _ => Err(CommandError::Scheme),
        }
    }

    /// Opens the ledger, and makes it if it isn't there.
    pub(crate) async fn open(&self) -> Result<Ledger, CommandError> {
        let store = match self {
            Self::Sqlite(file) => {
                let opening = SqliteStore::options().tamper_evident().open(file);
                opening.await.map(AnyStore::new)
            }
            Self::Postgres(database) => database.open().await.map(AnyStore::new),
            Self::Nats(servers) => servers.open().await.map(AnyStore::new),
            Self::Memory => Ok(AnyStore::new(MemoryStore::new().tamper_evident())),
        };
        store.map(Ledger::new).map_err(|error| match error {
            StoreError::Invalid(wrong) => CommandError::Refused(wrong),
            error => CommandError::Store(error),
        })
    }

    /// The ledger that is there: asking a question makes no database, and one without an event answers none.
    pub(crate) async fn existing(&self) -> Result<Ledger, CommandError> {
        match self {
            Self::Sqlite(file) if !file.exists() => {
                return Err(CommandError::NoDatabase(file.clone()));
            }
            Self::Memory => return Err(CommandError::Forgotten),
            _ => {}
        }
        let ledger = self.open().await?;
        // A file was made by an import, if only of a statement without a row; a server's schema or log by our opening it.
        let is_server = matches!(self, Self::Postgres(_) | Self::Nats(_));
        if is_server && ledger.store().head().await? == Position::START {
            return Err(CommandError::NothingImported(self.to_string()));
        }
        Ok(ledger)
    }

    /// The option that names it, with a space after it; nothing where none is needed.
    pub(crate) fn option(&self) -> String {
        match self {
            Self::Sqlite(file) if file == Path::new(DEFAULT) => String::new(),
            Self::Sqlite(file) => format!("--db {} ", file.display()),
            other => format!("--store {other} "),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => file.display().fmt(f),
            Self::Postgres(_) => f.write_str("postgres://…"),
            Self::Nats(_) => f.write_str("nats://…"),
            Self::Memory => f.write_str("memory:"),
        }
    }
}

impl Postgres {
    /// `postgres://user:password@host/database?schema=ledger`, and whatever else the driver understands.
    fn of(url: &str) -> Result<Self, CommandError> {
        let (address, parameters) = url.split_once('?').unwrap_or((url, ""));
        let mut schema = None;
        let mut others = Vec::new();
        for parameter in parameters
            .split('&')
            .filter(|parameter| !parameter.is_empty())
        {
            match parameter.strip_prefix("schema=") {
                Some(name) => schema = Some(name.to_owned()),
                None => others.push(parameter),
            }
        }
        let url = if others.is_empty() {
            address.to_owned()
        } else {
            format!("{address}?{}", others.join("&"))
        };
        match url.parse::<es_postgres::tokio_postgres::Config>() {
            Ok(_) => Ok(Self { url, schema }),
            Err(_) => Err(CommandError::Url(
                "PostgreSQL's is postgres://USER:PASSWORD@HOST:PORT/DATABASE, perhaps with ?schema=NAME",
            )),
        }
    }

    async fn open(&self) -> Result<PostgresStore, StoreError> {
        let mut options = PostgresStore::options()
            .application_name("ledger")
            .tamper_evident();
        if let Some(schema) = &self.schema {
            options = options.schema(schema);
        }
        options.open(&self.url).await
    }
}

impl Nats {
    /// `nats://host-1,nats://host-2,nats://host-3?log=ledger&replicas=3`.
    fn of(url: &str, encrypted: bool) -> Result<Self, CommandError> {
        let (addresses, parameters) = url.split_once('?').unwrap_or((url, ""));
        let mut nats = Self {
            addresses: addresses.to_owned(),
            encrypted,
            ..Self::default()
        };
        for parameter in parameters
            .split('&')
            .filter(|parameter| !parameter.is_empty())
        {
            let understood = match parameter.split_once('=') {
                Some(("log", name)) => nats.log.replace(name.to_owned()).is_none(),
                Some(("replicas", number)) => {
                    nats.replicas = number.parse().ok().filter(|number| *number > 0);
                    nats.replicas.is_some()
                }
                _ => false,
            };
            if !understood {
                return Err(CommandError::Url(
                    "what may stand after the `?` of NATS's are log=NAME and replicas=NUMBER, with `&` between them",
                ));
            }
        }
        Ok(nats)
    }

    async fn open(&self) -> Result<NatsStore, StoreError> {
        let mut options = NatsStore::options().tamper_evident();
        if let Some(log) = &self.log {
            options = options.name(log);
        }
        if let Some(replicas) = self.replicas {
            options = options.replicas(replicas);
            if replicas >= REPLICATED {
                options = options.durability(Durability::Replicated);
            }
        }
        if self.encrypted {
            options = options.require_tls();
        }
        options.open(&self.addresses).await
    }
}

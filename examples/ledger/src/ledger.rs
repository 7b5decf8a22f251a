use std::cmp::Ordering;
use std::collections::HashMap;

use es_core::{
    Aggregate, AnyStore, EventStore, Filter, LoadError, LogQuery, Repository, StoreError,
    StoredEvent, Timestamp,
};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::Account;

/// The accounts in a store, whichever it is.
#[derive(Clone)]
pub struct Ledger {
    store: AnyStore,
    accounts: Repository<Account, AnyStore>,
}

/// How many accounts' states an import keeps at hand: a bound for its memory.
const HOT_ACCOUNTS: usize = 10_000;

impl Ledger {
    /// The accounts in a store.
    pub fn new(store: AnyStore) -> Self {
        let accounts = Repository::new(store.clone())
            .with_snapshots(store.clone())
            .with_cache(HOT_ACCOUNTS);
        Self { store, accounts }
    }

    /// The store.
    pub fn store(&self) -> &AnyStore {
        &self.store
    }

    /// The accounts.
    pub fn accounts(&self) -> &Repository<Account, AnyStore> {
        &self.accounts
    }

    /// The state of every account, in the order of [`by_name`].
    ///
    /// The log is read once, and folded as long as an account's events come in the order of their days; what was corrected
    /// or came late is loaded by its stream. The memory is that of the states, and doesn't grow with their events.
    pub async fn all(&self) -> Result<Vec<(String, Account)>, StoreError> {
        let mut accounts: HashMap<String, Walked> = HashMap::new();
        let mut next = Some(LogQuery::all().filter(Filter::of::<Account>()));
        while let Some(query) = next.take() {
            let page = self.store.read_log(query.clone()).await?;
            for stored in &page.events {
                let id = stored.envelope.stream.id();
                if !accounts.contains_key(id) {
                    accounts.insert(id.to_owned(), Walked::default());
                }
                if let Some(walked) = accounts.get_mut(id) {
                    walked.fold(stored)?;
                }
            }
            next = query.beyond(&page);
        }
        let mut accounts = stream::iter(accounts)
            .map(|(name, walked)| self.state(name, walked))
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<_>>()
            .await?;
        accounts.sort_by(|(a, _), (b, _)| by_name(a, b));
        Ok(accounts)
    }

    async fn state(&self, name: String, walked: Walked) -> Result<(String, Account), StoreError> {
        if walked.in_order {
            return Ok((name, walked.state.unwrap_or_default()));
        }
        match self.accounts.load(&name).await {
            Ok(loaded) => Ok((name, loaded.into_state())),
            Err(LoadError::Store(error)) => Err(error),
            Err(error) => Err(StoreError::Backend(error.into())),
        }
    }
}

/// How many accounts are loaded at the same time: enough to keep the readers of a store busy.
pub(crate) const AT_ONCE: usize = 8;

/// An account, as far as the log was read.
struct Walked {
    state: Option<Account>,
    /// Whether it can be folded as it comes.
    in_order: bool,
    latest: Timestamp,
}

impl Default for Walked {
    fn default() -> Self {
        Self {
            state: Account::initial(),
            in_order: true,
            latest: Timestamp::MIN,
        }
    }
}

impl Walked {
    fn fold(&mut self, stored: &StoredEvent) -> Result<(), StoreError> {
        let envelope = &stored.envelope;
        let effective_at = envelope.effective_at.unwrap_or(envelope.recorded_at);
        self.in_order &= effective_at >= self.latest && !is_correction(stored);
        self.latest = effective_at;
        if !self.in_order {
            return Ok(());
        }
        Account::fold_stored(&mut self.state, stored).map_err(|reason| stored.undecodable(reason))
    }
}

/// Whether a stored event corrects others: its name is the library's.
pub(crate) fn is_correction(stored: &StoredEvent) -> bool {
    CORRECTIONS.contains(&&*stored.name)
}

/// Under which names corrections are stored.
const CORRECTIONS: [&str; 3] = ["es.retracted", "es.replaced", "es.inserted"];

/// Numbers in their order, and before other names.
pub fn by_name(a: &str, b: &str) -> Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(first), Ok(second)) => first.cmp(&second).then_with(|| a.cmp(b)),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

use std::cmp::Ordering;
use std::collections::HashMap;

use es_core::{Aggregate, AnyStore, EventStore, Filter, LogQuery, Repository, StoreError};

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

    /// Folds the log into the state of every account, in the order of [`by_name`].
    ///
    /// Its memory is that of the states, and doesn't grow with their events.
    pub async fn all(&self) -> Result<Vec<(String, Account)>, StoreError> {
        let mut accounts: HashMap<String, Option<Account>> = HashMap::new();
        let mut query = LogQuery::all().filter(Filter::of::<Account>());
        loop {
            let page = self.store.read_log(query.clone()).await?;
            for stored in &page.events {
                let id = stored.envelope.stream.id();
                if !accounts.contains_key(id) {
                    accounts.insert(id.to_owned(), Account::initial());
                }
                if let Some(state) = accounts.get_mut(id) {
                    Account::fold_stored(state, stored)
                        .map_err(|reason| stored.undecodable(reason))?;
                }
            }
            if page.end {
                break;
            }
            query.after = page.looked_to;
        }
        let mut accounts: Vec<_> = accounts
            .into_iter()
            .filter_map(|(name, state)| Some((name, state?)))
            .collect();
        accounts.sort_by(|(a, _), (b, _)| by_name(a, b));
        Ok(accounts)
    }
}

/// Numbers in their order, and before other names.
pub fn by_name(a: &str, b: &str) -> Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(first), Ok(second)) => first.cmp(&second).then_with(|| a.cmp(b)),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

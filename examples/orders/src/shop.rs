//! The shop: a log, the aggregates in it, and what reads it.

use std::path::Path;

use es_core::{Cause, Clock, Processes, Repository, Runner, RunnerHandle, Since, SystemClock};
use es_sqlite::{SqliteReadModels, SqliteStore};

use crate::fulfilment::Fulfilment;
use crate::list::{OrderList, Reader};
use crate::order::Order;
use crate::payment::Payment;
use crate::shipment::Shipment;

/// How many orders are kept hot.
const HOT: usize = 1_000;

/// A shop that is open. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Shop {
    /// The orders.
    pub orders: Repository<Order, SqliteStore>,
    /// Their payments.
    pub payments: Repository<Payment, SqliteStore>,
    /// Their shipments.
    pub shipments: Repository<Shipment, SqliteStore>,
    /// The list of orders.
    pub list: Reader,
    /// What keeps the list.
    pub listing: RunnerHandle,
    /// What has orders paid and shipped.
    pub fulfilling: RunnerHandle,
    store: SqliteStore,
}

impl Shop {
    /// Opens the shop in this file, or a new one.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn open(path: &Path) -> Result<Self, Cause> {
        Self::open_by(path, SystemClock).await
    }

    /// Opens the shop, with this clock to say when a payment is late.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn open_by(path: &Path, clock: impl Clock) -> Result<Self, Cause> {
        let store = SqliteStore::open(path).await?;
        let models = SqliteReadModels::open(path).await?;
        let runner = Runner::new(store.clone(), models.projection(OrderList));
        let listing = runner.handle();
        tokio::spawn(runner.run());
        // Whoever opens the shop finds the list as it was left; in a new one, its table.
        listing.wait_for_head().await?;
        let fulfilments = Processes::<Fulfilment>::new(store.clone(), models, Since::Beginning);
        let runner = Runner::new(store.clone(), fulfilments.clock(clock));
        let fulfilling = runner.handle();
        tokio::spawn(runner.run());
        Ok(Self {
            orders: Repository::new(store.clone()).with_cache(HOT),
            payments: Repository::new(store.clone()),
            shipments: Repository::new(store.clone()),
            list: Reader::open(path)?,
            listing,
            fulfilling,
            store,
        })
    }

    /// Closes the shop: what was begun is finished.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn close(self) -> Result<(), Cause> {
        self.fulfilling.shutdown().await;
        self.listing.shutdown().await;
        Ok(self.store.close().await?)
    }
}

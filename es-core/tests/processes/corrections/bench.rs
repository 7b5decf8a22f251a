//! A shop whose orders are corrected, and processes that charge for them.

use std::time::Duration;

use es_core::{
    EventId, EventStore, Process, ProcessView, Processes, Repository, Revision, Runner,
    RunnerHandle, Since, StoredEvent,
};
use es_memory::MemoryStore;

use super::domain::{Account, Billing, LastPlaced, Placed, Shop, ShopEvent};
use crate::bench::{log, soon};

pub(crate) struct Bench<P: Process = Billing> {
    pub(crate) store: MemoryStore,
    pub(crate) shop: Repository<Shop, MemoryStore>,
    pub(crate) view: ProcessView<P>,
    pub(crate) handle: RunnerHandle,
}

pub(crate) fn id() -> String {
    "1".to_owned()
}

pub(crate) fn placed(customer: &str, cents: i64) -> Placed {
    let customer = customer.to_owned();
    Placed { customer, cents }
}

pub(crate) fn last(customer: &str) -> LastPlaced {
    let customer = customer.to_owned();
    LastPlaced { customer }
}

impl<P: Process> Bench<P> {
    pub(crate) fn run(store: MemoryStore) -> Self {
        let processes = Processes::<P>::new(store.clone(), store.clone(), Since::Beginning)
            .every(Duration::from_millis(2));
        let view = processes.view();
        let runner = Runner::new(store.clone(), processes).batch(1);
        let handle = runner.handle();
        tokio::spawn(runner.run());
        Self {
            shop: Repository::new(store.clone()),
            store,
            view,
            handle,
        }
    }

    /// An event of the shop; its revision.
    pub(crate) async fn happens(&self, event: impl Into<ShopEvent>) -> Revision {
        let event = event.into();
        let executed = self.shop.execute(&id(), |_| event.clone());
        let executed = executed.await.unwrap();
        self.idle().await;
        executed.revision()
    }

    pub(crate) async fn retract(&self, target: Revision) -> EventId {
        let corrected = self.shop.correct(&id()).by("ada").because("a slip");
        corrected.retract(target).await.unwrap();
        self.corrected().await
    }

    pub(crate) async fn replace(&self, target: Revision, by: impl Into<ShopEvent>) -> EventId {
        let corrected = self.shop.correct(&id()).by("ada").because("a slip");
        corrected.replace(target, by).await.unwrap();
        self.corrected().await
    }

    /// The event was forgotten, and true when the first one was.
    pub(crate) async fn insert(&self, event: impl Into<ShopEvent>) -> EventId {
        let first = self.log().await[0].envelope.recorded_at;
        let corrected = self.shop.correct(&id()).by("ada").because("forgotten");
        corrected.insert(event, first).await.unwrap();
        self.corrected().await
    }

    /// The id of the last correction, once the process has done about it what it does.
    async fn corrected(&self) -> EventId {
        let names = ["es.retracted", "es.replaced", "es.inserted"];
        let log = self.log().await;
        let last = log.iter().rev().find(|event| names.contains(&&*event.name));
        self.idle().await;
        last.unwrap().envelope.id
    }

    pub(crate) async fn idle(&self) {
        let idle = async {
            loop {
                let before = self.store.head().await.unwrap();
                self.handle.wait_for(before).await.unwrap();
                let overview = self.view.wait_until(|overview| overview.unsent == 0).await;
                assert!(overview.is_some(), "the process has ended");
                if self.store.head().await.unwrap() == before {
                    return;
                }
            }
        };
        soon(idle).await;
    }

    pub(crate) async fn charged(&self, customer: &str) -> Vec<i64> {
        let accounts = Repository::<Account, _>::new(self.store.clone());
        let account = accounts.load(&customer.to_owned()).await.unwrap();
        account.charged.clone()
    }

    pub(crate) async fn log(&self) -> Vec<StoredEvent> {
        log(&self.store).await
    }

    /// The events of this name in an instance's stream.
    pub(crate) async fn records(&self, customer: &str, name: &str) -> Vec<StoredEvent> {
        let log = self.log().await;
        let stream = format!("{}/{customer}", P::CATEGORY);
        let of_it =
            |event: &StoredEvent| event.envelope.stream.as_str() == stream && &*event.name == name;
        log.into_iter().filter(of_it).collect()
    }
}

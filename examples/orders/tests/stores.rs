//! The fulfilment of orders on every store: two runners of it at once, and each command once in effect.

use std::time::Duration;

use es_core::{
    AnyStore, EventId, EventStore, Filter, LogQuery, Processes, Repository, Runner, Since,
    StoredEvent,
};
use es_memory::MemoryStore;
use es_nats::NatsStore;
use es_postgres::PostgresStore;
use es_servers::{Nats, Postgres};
use orders::fulfilment::Fulfilment;
use orders::order::{Line, Order, PlaceOrder};
use orders::payment::{Payment, ReceivePayment};
use orders::shipment::{DispatchShipment, FailShipment, Shipment};

/// How many orders, of which every third can't be sent.
const ORDERS: usize = 9;

async fn soon<T>(future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(Duration::from_mins(2), future).await;
    waited.expect("this should have come long ago")
}

/// Everything that happened to aggregates of a kind.
async fn log(store: &AnyStore, category: &str) -> Vec<StoredEvent> {
    let (mut events, mut query) = (Vec::new(), LogQuery::all());
    query = query.filter(Filter::all().category(category));
    loop {
        let page = store.read_log(query.clone()).await.unwrap();
        events.extend(page.events);
        query.after = page.looked_to;
        if page.end {
            return events;
        }
    }
}

/// How often an event of this name stands in the log.
async fn count(store: &AnyStore, category: &str, name: &str) -> usize {
    let events = log(store, category).await;
    events.iter().filter(|event| &*event.name == name).count()
}

async fn until(store: &AnyStore, category: &str, name: &str, expected: usize) {
    let waiting = async {
        while count(store, category, name).await < expected {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon(waiting).await;
}

async fn fulfils(store: AnyStore) {
    let mut handles = Vec::new();
    for _ in 0..2 {
        // Each has a place of its own, as two programs would that know nothing of each other.
        let states = MemoryStore::new();
        let processes = Processes::<Fulfilment>::new(store.clone(), states, Since::Beginning);
        let runner = Runner::new(store.clone(), processes);
        handles.push(runner.handle());
        tokio::spawn(runner.run());
    }
    let orders = Repository::<Order, _>::new(store.clone());
    let payments = Repository::<Payment, _>::new(store.clone());
    let shipments = Repository::<Shipment, _>::new(store.clone());
    let ids: Vec<String> = (0..ORDERS).map(|number| format!("o-{number}")).collect();
    for order in ids.iter().cloned() {
        let line = Line {
            article: "tea".to_owned(),
            quantity: 1,
            cents: 350,
        };
        let (customer, lines) = ("ada".to_owned(), vec![line]);
        let place = PlaceOrder {
            order,
            customer,
            lines,
        };
        orders.send(place).await.unwrap();
    }
    until(&store, "payment", "payment.requested", ORDERS).await;
    for order in ids.iter().cloned() {
        payments.send(ReceivePayment { order }).await.unwrap();
    }
    until(&store, "shipment", "shipment.requested", ORDERS).await;
    for (number, order) in ids.iter().cloned().enumerate() {
        let reason = "out of stock".to_owned();
        if number % 3 == 0 {
            shipments
                .send(FailShipment { order, reason })
                .await
                .unwrap();
        } else {
            shipments.send(DispatchShipment { order }).await.unwrap();
        }
    }
    let failed = ORDERS.div_ceil(3);
    until(&store, "order", "order.shipped", ORDERS - failed).await;
    until(&store, "order", "order.cancelled", failed).await;
    for handle in &handles {
        soon(handle.wait_for_head()).await.unwrap();
        soon(handle.shutdown()).await;
    }
    for (category, name, expected) in [
        ("payment", "payment.requested", ORDERS),
        ("payment", "payment.refunded", failed),
        ("shipment", "shipment.requested", ORDERS),
        ("order", "order.paid", ORDERS),
        ("order", "order.shipped", ORDERS - failed),
        ("order", "order.cancelled", failed),
    ] {
        assert_eq!(count(&store, category, name).await, expected, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_memory() {
    fulfils(AnyStore::new(MemoryStore::new())).await;
}

es_servers::needs_postgres! {
    #[tokio::test(flavor = "multi_thread")]
    async fn on_postgresql() {
        let schema = format!("orders-{}", EventId::random());
        let store = PostgresStore::options().schema(schema).open(Postgres::shared().url()).await;
        fulfils(AnyStore::new(store.unwrap())).await;
    }
}

es_servers::needs_nats! {
    #[tokio::test(flavor = "multi_thread")]
    async fn on_nats() {
        let name = format!("orders-{}", EventId::random());
        let store = NatsStore::options().name(name).open(Nats::shared().url()).await;
        fulfils(AnyStore::new(store.unwrap())).await;
    }
}

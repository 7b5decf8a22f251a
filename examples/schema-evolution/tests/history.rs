//! The gate: what any version wrote is read as it was meant, and what this one writes is known.

use es_core::{EventSet, Repository, StreamId};
use es_memory::MemoryStore;
use es_testkit::Spec;
use schema_evolution::{Order, OrderEvent, history};

fn order(customer: &str, cents: i64, currency: &str, city: &str, parcels: usize) -> Order {
    Order {
        customer: customer.to_owned(),
        cents,
        currency: currency.to_owned(),
        city: Some(city.to_owned()),
        parcels,
    }
}

#[tokio::test]
async fn every_version_is_read() {
    let store = MemoryStore::new();
    let orders = Repository::<Order, _>::new(store.clone());
    for (bytes, expected) in [
        (
            history::VERSION_1,
            order("Ada Lovelace", 12_50, "EUR", "London", 2),
        ),
        (
            history::VERSION_2,
            order("Charles Babbage", 99_00, "EUR", "London", 1),
        ),
        (
            history::VERSION_3,
            order("Luigi Menabrea", 23_45, "CHF", "Torino", 3),
        ),
    ] {
        let id = expected.customer.clone();
        let stream = StreamId::of::<Order>(&id).unwrap();
        history::import(&store, stream, bytes).await.unwrap();
        assert_eq!(*orders.load(&id).await.unwrap(), expected);
    }
}

#[test]
fn what_this_version_writes_is_what_is_kept_in_its_history() {
    for line in history::lines(history::VERSION_3) {
        let line = line.unwrap();
        let event = OrderEvent::decode(line.name, line.version, line.payload.get())
            .unwrap()
            .expect("the current version writes no retired event");
        let descriptor = event.descriptor();
        assert_eq!(
            (descriptor.name, descriptor.version),
            (line.name, line.version)
        );
        assert_eq!(event.encode().unwrap().as_str(), line.payload.get());
    }
    let kept = history::lines(history::VERSION_3).map(|line| line.unwrap().name.to_owned());
    let current = OrderEvent::EVENTS.iter().map(|event| event.name.to_owned());
    assert_eq!(kept.collect::<Vec<_>>(), current.collect::<Vec<_>>());
}

#[test]
fn a_payload_that_a_hop_refuses_is_a_typed_error() {
    for total in [
        "twelve",
        "",
        "12.5",
        "1.123",
        "+1.00",
        "1.-5",
        "--1.00",
        "92233720368547758.08",
        "99999999999999999999.00",
    ] {
        let payload = format!(r#"{{"client":"Ada","total":"{total}"}}"#);
        let error = OrderEvent::decode("order.placed", 1, &payload).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the upcaster to version 2 refused the field `total`",
            "{total}"
        );
    }
}

#[test]
fn a_sum_of_version_1_is_the_same_in_cents() {
    for (total, expected) in [
        ("12", 12_00),
        ("12.05", 12_05),
        ("-1.50", -1_50),
        ("0.00", 0),
        ("92233720368547758.07", i64::MAX),
    ] {
        let payload = format!(r#"{{"client":"Ada","total":"{total}"}}"#);
        let Some(OrderEvent::OrderPlaced(placed)) =
            OrderEvent::decode("order.placed", 1, &payload).unwrap()
        else {
            panic!("{total} isn't read");
        };
        assert_eq!(placed.cents, expected, "{total}");
    }
}

#[test]
fn old_bytes_are_given_to_a_test_as_they_are() {
    Order::given_stored(
        "order.placed",
        2,
        r#"{"customer":"Ada","cents":1,"fax":null}"#,
    )
    .given_stored("order.sent", 1, r#"{"parcels":1}"#)
    .then_state_with(|order| order.currency == "EUR" && order.parcels == 1);
}

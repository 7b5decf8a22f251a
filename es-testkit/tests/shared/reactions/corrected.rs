//! A process that dies while it is told of corrections.

use es_core::{Metadata, SystemClock};
use tokio::runtime::Runtime;

use super::bench::{Bench, Stage};
use super::dying::Point;
use super::killed::{has_aborted, run_as_child};

/// Kills a process 20 times at a point: each time a closed order and one that waits were corrected, beside what was left
/// by those before.
pub(crate) fn corrected_at<S: Stage>(test: &str, point: Point) {
    if run_as_child::<S>() {
        return;
    }
    let runtime = Runtime::new().unwrap();
    let bench = runtime.block_on(Bench::<S>::new());
    let orders: Vec<String> = (0..40).map(|order| order.to_string()).collect();
    runtime.block_on(async {
        for (place, order) in orders.iter().enumerate() {
            let wallet = [Some("full"), None][place % 2];
            bench.place(order, wallet).await;
        }
        bench.finish(SystemClock).await;
    });
    for (round, corrected) in (0..).zip(orders.chunks(2)) {
        for order in corrected {
            runtime.block_on(bench.correct(order, "empty"));
        }
        let status = bench.child(test, point, round % 2 + 1).status().unwrap();
        assert!(has_aborted(status), "round {round}: {status}");
    }
    runtime.block_on(async {
        bench.finish(SystemClock).await;
        check(&bench, &orders).await;
    });
}

/// What was sent for the order isn't sent again, and each correction is answered once.
async fn check<S: Stage>(bench: &Bench<S>, orders: &[String]) {
    for (place, order) in orders.iter().enumerate() {
        let expected: &[&str] = match place % 2 {
            0 => &["paid", "corrected to empty"],
            _ => &["corrected to empty"],
        };
        assert_eq!(bench.closed(order).await, expected, "order {order}");
    }
    let (paid, all) = (orders.len() / 2, orders.len());
    assert_eq!(bench.count("wallet.paid").await, paid);
    assert_eq!(bench.count("es.commanded").await, 2 * paid + all);
    assert_eq!(bench.count("es.accepted").await, 2 * paid + all);
    // Each answer says that it is one to its correction.
    let log = bench.log().await;
    let corrections = log.iter().filter(|event| &*event.name == "es.replaced");
    for correction in corrections {
        let answers = log.iter().filter(|event| {
            let metadata = Metadata::decode(&event.envelope.metadata).unwrap();
            &*event.name == "es.commanded" && metadata.caused_by == Some(correction.envelope.id)
        });
        assert_eq!(answers.count(), 1);
    }
}

use std::process::ExitStatus;
use std::sync::Arc;

use es_core::{Clock, Repository, SystemClock};
use es_testkit::FixedClock;
use tokio::runtime::Runtime;

use super::bench::{Bench, CHILD, Stage, idle, runner, soon};
use super::domain::{DUE, Payment};
use super::dying::{Dying, Point};

/// What this program is to do, if it is a child: runs the process, and dies on the way.
pub(crate) fn run_as_child<S: Stage>() -> bool {
    let Ok(said) = std::env::var(CHILD) else {
        return false;
    };
    let mut words = said.splitn(3, ' ');
    let times = words.next().unwrap().parse().unwrap();
    let point = Point::named(words.next().unwrap());
    let stage = S::at(words.next().unwrap());
    Runtime::new().unwrap().block_on(async {
        let log = stage.store().await;
        let store = Dying::new(log.clone(), point, times);
        let places = stage.states().await;
        let (runner, view) = runner(store, places, SystemClock);
        let handle = runner.handle();
        tokio::spawn(runner.run());
        soon(idle(&log, &handle, &view)).await;
    });
    true
}

pub(crate) fn has_aborted(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    // SIGABRT.
    status.signal() == Some(6)
}

/// Each command has taken effect once, however often its sender died.
async fn check<S: Stage>(bench: &Bench<S>, orders: &[(String, Option<&str>)]) {
    let mut paid = 0;
    for (order, wallet) in orders {
        let expected: &[&str] = match wallet {
            Some("full") => &["paid"],
            Some(_) => &["the wallet is empty"],
            None => &[],
        };
        assert_eq!(bench.closed(order).await, expected, "order {order}");
        paid += usize::from(*wallet == Some("full"));
    }
    let payments = Repository::<Payment, _>::new(bench.store.clone());
    for (order, _) in orders {
        assert_eq!(payments.load(order).await.unwrap().asked_for, 1);
    }
    assert_eq!(bench.count("wallet.paid").await, paid);
    let sent = orders.iter().filter(|(_, wallet)| wallet.is_some()).count();
    // A payment and the closing of each.
    assert_eq!(bench.count("es.commanded").await, 2 * sent);
    let outcomes = bench.count("es.accepted").await + bench.count("es.rejected").await;
    assert_eq!(outcomes, 2 * sent);
    assert_eq!(bench.count("es.refused").await, sent - paid);
}

/// Kills a process 20 times at a point, each time with new orders and with what was left by those before.
pub(crate) fn killed_at<S: Stage>(test: &str, point: Point) {
    if run_as_child::<S>() {
        return;
    }
    let runtime = Runtime::new().unwrap();
    let bench = runtime.block_on(Bench::<S>::new());
    let mut orders = Vec::new();
    for round in 0..20 {
        for (place, wallet) in [Some("full"), Some("empty"), None].into_iter().enumerate() {
            let order = format!("{round}-{place}");
            runtime.block_on(bench.place(&order, wallet));
            orders.push((order, wallet));
        }
        let times = round % 2 + 1;
        let status = bench.child(test, point, times).status().unwrap();
        assert!(has_aborted(status), "round {round}: {status}");
    }
    runtime.block_on(async {
        bench.finish(SystemClock).await;
        check(&bench, &orders).await;
    });
}

/// Two programs send at once, and one that dies on the way.
pub(crate) fn two_at_once<S: Stage>(test: &str) {
    if run_as_child::<S>() {
        return;
    }
    let runtime = Runtime::new().unwrap();
    let bench = runtime.block_on(Bench::<S>::new());
    let mut orders = Vec::new();
    for round in 0..5 {
        for place in 0..12 {
            let wallet = [Some("full"), Some("empty"), None][place % 3];
            let order = format!("{round}-{place}");
            runtime.block_on(bench.place(&order, wallet));
            orders.push((order, wallet));
        }
        // One of three dies on the way, while the others go on.
        let point = Point::ALL[round % Point::ALL.len()];
        let mut children: Vec<_> = [(Point::Never, 1), (Point::Never, 1), (point, 2)]
            .map(|(point, times)| bench.child(test, point, times).spawn().unwrap())
            .into();
        let last = children.pop().map(|mut child| child.wait().unwrap());
        assert!(last.is_some_and(|status| has_aborted(status) || status.success()));
        for mut child in children {
            let status = child.wait().unwrap();
            assert!(status.success(), "round {round}: {status}");
        }
    }
    runtime.block_on(async {
        bench.finish(SystemClock).await;
        check(&bench, &orders).await;
    });
}

/// Deadlines are set by programs that die behind that, and their time is up when nobody runs the process.
pub(crate) fn deadlines<S: Stage>(test: &str) {
    if run_as_child::<S>() {
        return;
    }
    let runtime = Runtime::new().unwrap();
    let bench = runtime.block_on(Bench::<S>::new());
    for number in 0..10 {
        let order = number.to_string();
        runtime.block_on(bench.place(&order, None));
        let point = Point::AppendAndCheckpoint;
        let status = bench.child(test, point, 1).status().unwrap();
        assert!(has_aborted(status), "order {order}: {status}");
    }
    runtime.block_on(async {
        assert_eq!(bench.count("es.deadline-set").await, 10);
        // Every other one is met while nobody runs the process, and then the time is up.
        for number in (0..10).step_by(2) {
            bench.pay(&number.to_string()).await;
        }
        let late = FixedClock::at(SystemClock.now().saturating_add(2 * DUE));
        let late = Arc::new(late);
        let places = bench.stage.states().await;
        let (runner, view) = runner(bench.store.clone(), places, Arc::clone(&late));
        let handle = runner.handle();
        let running = tokio::spawn(runner.run());
        soon(view.wait_until(|overview| overview.deadlines == 0))
            .await
            .unwrap();
        soon(idle(&bench.store, &handle, &view)).await;
        soon(handle.shutdown()).await;
        running.await.unwrap().unwrap();
        for number in 0..10 {
            let expected = if number % 2 == 0 { "paid" } else { "too late" };
            assert_eq!(bench.closed(&number.to_string()).await, [expected]);
        }
        assert_eq!(bench.count("es.deadline-fired").await, 5);
        // Nothing fires again.
        bench.finish(late).await;
        assert_eq!(bench.count("es.deadline-fired").await, 5);
    });
}

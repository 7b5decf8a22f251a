use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;

use es_core::{Clock, Repository, SystemClock};
use es_testkit::FixedClock;
use tokio::runtime::Runtime;

use crate::bench::{Bench, CHILD, idle, log_of, places_of, runner, soon};
use crate::domain::{DUE, Payment};
use crate::dying::{Dying, Point};

/// What this program is to do, if it is a child: runs the process, and dies on the way.
fn run_as_child() -> bool {
    let Ok(said) = std::env::var(CHILD) else {
        return false;
    };
    let mut words = said.splitn(3, ' ');
    let times = words.next().unwrap().parse().unwrap();
    let point = Point::named(words.next().unwrap());
    let folder = Path::new(words.next().unwrap());
    Runtime::new().unwrap().block_on(async {
        let log = log_of(folder).await;
        let store = Dying::new(log.clone(), point, times);
        let places = places_of(folder).await;
        let (runner, view) = runner(store, places, SystemClock);
        let handle = runner.handle();
        tokio::spawn(runner.run());
        soon(idle(&log, &handle, &view)).await;
    });
    true
}

fn has_aborted(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    // SIGABRT.
    status.signal() == Some(6)
}

/// Each command has taken effect once, however often its sender died.
async fn check(bench: &Bench, orders: &[(String, Option<&str>)]) {
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
fn killed_at(test: &str, point: Point) {
    if run_as_child() {
        return;
    }
    let runtime = Runtime::new().unwrap();
    let bench = runtime.block_on(Bench::new());
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

#[test]
fn each_command_takes_effect_once_if_its_process_dies_between_input_and_append() {
    let test =
        "killed::each_command_takes_effect_once_if_its_process_dies_between_input_and_append";
    killed_at(test, Point::InputAndAppend);
}

#[test]
fn each_command_takes_effect_once_if_its_process_dies_between_append_and_checkpoint() {
    let test =
        "killed::each_command_takes_effect_once_if_its_process_dies_between_append_and_checkpoint";
    killed_at(test, Point::AppendAndCheckpoint);
}

#[test]
fn each_command_takes_effect_once_if_its_process_dies_between_checkpoint_and_send() {
    let test =
        "killed::each_command_takes_effect_once_if_its_process_dies_between_checkpoint_and_send";
    killed_at(test, Point::CheckpointAndSend);
}

#[test]
fn each_command_takes_effect_once_if_its_process_dies_between_send_and_outcome() {
    let test =
        "killed::each_command_takes_effect_once_if_its_process_dies_between_send_and_outcome";
    killed_at(test, Point::SendAndOutcome);
}

#[test]
fn each_command_takes_effect_once_if_two_programs_send_at_once() {
    if run_as_child() {
        return;
    }
    let test = "killed::each_command_takes_effect_once_if_two_programs_send_at_once";
    let runtime = Runtime::new().unwrap();
    let bench = runtime.block_on(Bench::new());
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

#[test]
fn a_deadline_that_was_set_before_a_kill_fires_once_after_it_and_not_if_it_was_met() {
    if run_as_child() {
        return;
    }
    let test =
        "killed::a_deadline_that_was_set_before_a_kill_fires_once_after_it_and_not_if_it_was_met";
    let runtime = Runtime::new().unwrap();
    let bench = runtime.block_on(Bench::new());
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
        let places = places_of(bench.folder.path()).await;
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

//! An import that is killed, and one beside another, end as one that ran alone to its end.

mod support;

use std::io::Write;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use es_core::{EventStore, Position};
use es_sqlite::SqliteStore;
use ledger::sample;
use support::{Bank, Ran};

/// What the accounts come to if nothing interrupts.
fn undisturbed(options: &[&str]) -> String {
    let bank = Bank::new();
    bank.import(sample::CSV, options);
    bank.ask(&["accounts"])
}

/// Kills an import as soon as so many events are stored, and tells how many are then.
fn kill_at(bank: &Bank, events: u64, options: &[&str]) -> u64 {
    let mut child = bank
        .command(&[&["import", "-"], options].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // Without its last row, so that the import can't come to its end before it is killed.
    let last = sample::CSV.trim_end().rfind('\n').unwrap();
    let feeder = thread::spawn(move || {
        // The pipe breaks when the import is killed.
        let _ = input.write_all(&sample::CSV.as_bytes()[..=last]);
        input
    });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stored = runtime.block_on(async {
        let store = SqliteStore::open(bank.db()).await.unwrap();
        let mut head = store.head().await.unwrap();
        while head.number() < events {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "the import ended by itself: {ended:?}");
            thread::sleep(Duration::from_millis(1));
            head = store.head().await.unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        store.head().await.unwrap()
    });
    drop(feeder.join().unwrap());
    stored.number()
}

#[test]
fn a_killed_import_is_completed_by_the_next() {
    for options in [&[][..], &["--no-overdraft"]] {
        let expected = undisturbed(options);
        for events in [1, 40, 700, 1_500, 2_900] {
            let bank = Bank::new();
            let stored = kill_at(&bank, events, options);
            assert!((events..2_982).contains(&stored), "{stored}");
            let ran = bank.import(sample::CSV, options);
            let [added, repeated, failed] = ran.tally();
            assert_eq!(added + repeated + failed, 2_982);
            assert!(added > 0 && repeated + failed > 0, "{ran:?}");
            assert_eq!(bank.ask(&["accounts"]), expected, "killed at {stored}");
            let again = bank.import(sample::CSV, options);
            assert_eq!(again.tally(), [0, 2_982 - failed, failed]);
            assert_eq!(bank.ask(&["accounts"]), expected);
        }
    }
}

#[test]
fn an_import_that_is_killed_again_and_again_comes_to_its_end() {
    let bank = Bank::new();
    for round in 1..=8 {
        kill_at(&bank, 300 * round, &[]);
    }
    let ran = bank.import(sample::CSV, &[]);
    assert_eq!(ran.code, 0);
    assert_eq!(bank.ask(&["accounts"]), undisturbed(&[]));
    assert!(
        bank.run(&["verify"])
            .out
            .contains("2982 events of 40 accounts refolded")
    );
}

#[test]
fn two_imports_at_once_add_each_row_once() {
    let bank = Bank::new();
    std::fs::write(bank.folder().join("file.csv"), sample::CSV).unwrap();
    let both: Vec<_> = (0..2)
        .map(|_| {
            bank.command(&["import", "file.csv"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let ran: Vec<_> = both
        .into_iter()
        .map(|child| Ran::new(child.wait_with_output().unwrap()))
        .collect();
    for ran in &ran {
        assert_eq!((ran.code, ran.tally()[2]), (0, 0), "{ran:?}");
    }
    assert_eq!(ran[0].tally()[0] + ran[1].tally()[0], 2_982);
    assert_eq!(bank.ask(&["accounts"]), undisturbed(&[]));
    let store = tokio::runtime::Runtime::new().unwrap();
    let head = store.block_on(async {
        SqliteStore::open(bank.db())
            .await
            .unwrap()
            .head()
            .await
            .unwrap()
    });
    assert_eq!(head, Position::new(2_982));
}

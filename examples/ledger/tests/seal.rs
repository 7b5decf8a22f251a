//! The whole log in one line, and what was done to the log behind it.

mod support;

use support::{Bank, HEADER};

const ROWS: &str = "2024-01-02,A,credit,10.00,,r1\n2024-01-03,A,debit,4.00,,r2\n";

fn bank() -> Bank {
    let bank = Bank::new();
    let imported = bank.import(format!("{HEADER}{ROWS}"), &[]);
    assert_eq!(imported.code, 0, "{imported:?}");
    bank
}

/// Changes what is stored, as whoever may write to the file can.
fn tamper(bank: &Bank, sql: &str) {
    let connection = rusqlite::Connection::open(bank.db()).unwrap();
    let script = format!("DROP TRIGGER events_are_never_changed; {sql}");
    connection.execute_batch(&script).unwrap();
}

#[test]
fn a_log_that_grew_agrees_with_the_seals_that_were_kept() {
    let bank = bank();
    let first = bank.ask(&["audit", "seal"]);
    let first = first.trim();
    assert!(
        first.starts_with("es-seal-1 2 ") && !first.contains('\n'),
        "{first}"
    );
    bank.import(format!("{HEADER}2024-01-04,B,credit,1.00,,r3\n"), &[]);
    let second = bank.ask(&["audit", "seal"]);
    assert_ne!(second.trim(), first);
    let told = bank.ask(&["audit", "check", first, second.trim()]);
    assert!(told.ends_with("events, nothing found\n"), "{told}");
    // Accounts have nothing to do with it.
    assert!(
        bank.ask(&["audit", "A"])
            .contains("account/A 2 account.debited")
    );
    assert!(!bank.ask(&["accounts"]).contains("es.seals"));
}

#[test]
fn an_amount_that_somebody_changed_is_named() {
    let bank = bank();
    let kept = bank.ask(&["audit", "seal"]);
    tamper(
        &bank,
        "UPDATE events SET payload = replace(payload, '400', '401') WHERE revision = 2",
    );
    let found = bank.run(&["audit", "check", kept.trim()]);
    assert_eq!(found.code, 1, "{found:?}");
    assert!(
        found.out.contains("account/A") && found.out.contains('2'),
        "{found:?}"
    );
}

#[test]
fn what_is_no_seal_is_refused() {
    let bank = bank();
    let told = bank.refuse(&["audit", "check", "es-seal-7 x"]);
    assert!(told.contains("seal"), "{told}");
    let told = bank.refuse(&["audit", "none"]);
    assert!(told.contains("there is no account"), "{told}");
}

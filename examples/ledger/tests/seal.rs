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
    let free = "DROP TRIGGER events_are_never_changed; DROP TRIGGER events_are_never_deleted;";
    let script = format!("{free} {sql}");
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
    assert_eq!(found.out, "account/A 2: changed\n");
}

#[test]
fn without_a_seal_what_was_done_clumsily_is_found_by_the_hashes() {
    let bank = bank();
    tamper(
        &bank,
        "UPDATE events SET payload = replace(payload, '1000', '9000') WHERE revision = 1; \
         DELETE FROM events WHERE position = (SELECT max(position) FROM events);",
    );
    let found = bank.run(&["audit", "check"]);
    assert_eq!(
        (found.code, found.out.as_str()),
        (1, "account/A 1: changed\n")
    );
}

#[test]
fn hashes_that_were_taken_away_are_found_and_counted() {
    let bank = bank();
    tamper(
        &bank,
        "UPDATE events SET hash = NULL, payload = replace(payload, '400', '401');",
    );
    let found = bank.run(&["audit", "check"]);
    let told =
        "account/A 1: changed\n2 events, 2 of them without a hash: of these only seals tell\n";
    assert_eq!((found.code, found.out.as_str()), (1, told));
}

#[test]
fn a_tail_that_was_cut_off_is_told_by_a_kept_seal_alone() {
    let bank = bank();
    let kept = bank.ask(&["audit", "seal"]);
    tamper(&bank, "DELETE FROM events WHERE position > 1;");
    assert_eq!(bank.ask(&["audit", "check"]), "1 events, nothing found\n");
    let found = bank.run(&["audit", "check", kept.trim()]);
    let named = format!("account/A 2: missing\nthe log isn't the one of {kept}");
    assert_eq!((found.code, found.out), (1, named));
}

#[test]
fn what_is_no_seal_is_refused() {
    let bank = bank();
    let told = bank.refuse(&["audit", "check", "es-seal-7 x"]);
    assert!(told.contains("seal"), "{told}");
    let told = bank.refuse(&["audit", "none"]);
    assert!(told.contains("there is no account"), "{told}");
}

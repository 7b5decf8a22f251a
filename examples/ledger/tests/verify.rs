//! Everything is refolded, and what doesn't agree is named.

mod support;

use support::{Bank, HEADER};

/// The rows that are named: account, revision and reference.
fn named(out: &str) -> Vec<(String, u64, String)> {
    let row = |row: support::Named| (row.account, row.revision, row.reference);
    support::named(out).into_iter().map(row).collect()
}

#[test]
fn the_sample_drifts_where_its_mistakes_are() {
    let bank = Bank::new();
    let ran = bank.import(ledger::sample::CSV, &[]);
    assert_eq!((ran.code, ran.tally()), (0, [2_982, 0, 0]));
    let ran = bank.run(&["verify"]);
    assert_eq!(ran.code, 1);
    let found = named(&ran.out);
    let planted: Vec<_> = ledger::sample::generate().drifts;
    let rows: Vec<_> = found
        .iter()
        .map(|(account, _, reference)| (account.clone(), reference.clone()))
        .collect();
    let sorted = |mut rows: Vec<(String, String)>| {
        rows.sort();
        rows
    };
    assert_eq!(sorted(rows), sorted(planted));
    // As they are, so that the generator can't be wrong together with what it checks.
    let known = [
        ("1004", 12, "R000427"),
        ("1004", 13, "R000534"),
        ("1009", 30, "R001428"),
        ("1017", 41, "R001604"),
        ("1023", 9, "R000290"),
        ("1023", 56, "R002130"),
        ("1023", 57, "R002164"),
        ("Petty cash, till 2", 20, "R000787"),
    ];
    let known =
        known.map(|(account, revision, row)| (account.to_owned(), revision, row.to_owned()));
    assert_eq!(found, known);
    assert!(
        ran.out.ends_with(
            "2982 events of 40 accounts refolded\n\
         99 snapshots compared, 0 wrong\n\
         8 rows where the difference between the stated balance and the entries changes\n\
         5 accounts with such a row, 4 of them with another balance at the end\n\
         1 account went below zero\n"
        ),
        "{}",
        ran.out
    );
}

#[test]
fn a_row_is_named_where_the_difference_changes_and_not_while_it_stays() {
    let bank = Bank::new();
    bank.import(
        format!(
            "{HEADER}1993-01-01,1,credit,10,11,a\n1993-01-02,1,credit,10,21,b\n1993-01-03,1,credit,10,,c\n\
             1993-01-04,1,debit,1,29,d\n1993-01-05,1,debit,1,28,e\n1993-01-06,2,credit,1,1,f\n"
        ),
        &[],
    );
    let ran = bank.run(&["verify"]);
    assert_eq!(ran.code, 1);
    let rows = [
        ("1".to_owned(), 1, "a".to_owned()),
        ("1".to_owned(), 4, "d".to_owned()),
    ];
    assert_eq!(named(&ran.out), rows);
    assert!(
        ran.out
            .contains("1 account with such a row, 0 of them with another balance at the end")
    );
}

#[test]
fn a_refused_debit_that_the_bank_booked_is_named() {
    let bank = Bank::new();
    bank.import(
        format!("{HEADER}1993-01-01,1,credit,10,10,a\n1993-01-02,1,debit,20,-10,b\n"),
        &["--no-overdraft"],
    );
    let ran = bank.run(&["verify"]);
    assert_eq!(named(&ran.out), [("1".to_owned(), 2, "b".to_owned())]);
}

#[test]
fn accounts_that_agree_are_clean() {
    let bank = Bank::new();
    bank.import(
        format!("{HEADER}1993-01-01,1,credit,10,10,a\n1993-01-02,1,debit,20,,b\n"),
        &[],
    );
    assert_eq!(
        bank.ask(&["verify"]),
        "2 events of 1 account refolded\n\
         0 snapshots compared, 0 wrong\n\
         0 rows where the difference between the stated balance and the entries changes\n\
         0 accounts with such a row, 0 of them with another balance at the end\n\
         1 account went below zero\n"
    );
}

/// A bank with 60 entries of one account: two snapshots.
fn sixty() -> Bank {
    let bank = Bank::new();
    let rows: Vec<_> = (1..=60)
        .map(|n| format!("1993-01-01,1,credit,1,{n},r{n}\n"))
        .collect();
    bank.import(format!("{HEADER}{}", rows.concat()), &[]);
    let out = bank.ask(&["verify"]);
    assert!(out.contains("2 snapshots compared, 0 wrong"), "{out}");
    bank
}

#[test]
fn a_snapshot_that_is_not_what_the_events_come_to_is_found() {
    for (change, revision) in [
        (
            "UPDATE snapshots SET state = replace(state, '2500', '2501') WHERE revision = 25",
            25,
        ),
        (
            "UPDATE snapshots SET event_id = zeroblob(16) WHERE revision = 50",
            50,
        ),
        ("UPDATE snapshots SET revision = 99 WHERE revision = 50", 99),
        ("UPDATE snapshots SET state = '{}' WHERE revision = 50", 50),
    ] {
        let bank = sixty();
        let connection = rusqlite::Connection::open(bank.db()).unwrap();
        assert_eq!(connection.execute(change, []).unwrap(), 1);
        let ran = bank.run(&["verify"]);
        assert_eq!(ran.code, 1);
        let expected =
            format!("the snapshot of 1 at revision {revision} isn't what its events come to\n");
        assert!(ran.out.contains(&expected), "{change}: {}", ran.out);
        assert!(
            ran.out.contains("2 snapshots compared, 1 wrong"),
            "{}",
            ran.out
        );
    }
}

#[test]
fn the_snapshots_of_a_corrected_account_are_what_was_known_at_their_revision() {
    let bank = sixty();
    for reference in ["r10", "r60"] {
        bank.ask(&[
            "correct",
            "1",
            reference,
            "--amount",
            "2",
            "--balance",
            "2",
            "--reason",
            "a slip",
        ]);
    }
    let compared = |wrong: u64| {
        let out = bank.run(&["verify"]).out;
        let line = out.lines().find(|line| line.contains("compared")).unwrap();
        assert!(line.ends_with(&format!("compared, {wrong} wrong")), "{out}");
        out
    };
    compared(0);
    let connection = rusqlite::Connection::open(bank.db()).unwrap();
    let change = "UPDATE snapshots SET state = replace(state, '2500', '2600') WHERE revision = 25";
    assert_eq!(connection.execute(change, []).unwrap(), 1);
    let out = compared(1);
    assert!(
        out.contains("the snapshot of 1 at revision 25 isn't what"),
        "{out}"
    );
}

#[test]
fn a_snapshot_of_another_schema_is_nobody_s() {
    let bank = sixty();
    let connection = rusqlite::Connection::open(bank.db()).unwrap();
    let change = "UPDATE snapshots SET schema = schema + 1, state = '{}' WHERE revision = 50";
    assert_eq!(connection.execute(change, []).unwrap(), 1);
    let out = bank.ask(&["verify"]);
    assert!(out.contains("1 snapshot compared, 0 wrong"), "{out}");
    assert_eq!(bank.balance("1"), "60.00 at revision 60");
}

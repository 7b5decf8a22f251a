//! Corrections that are refused: each says why, and nothing is written.

mod support;

use support::{Bank, HEADER};

/// Two debits that were booked on the condition that the balance covers them.
fn covered() -> Bank {
    let bank = Bank::new();
    let rows =
        "1993-01-01,1,credit,100,100,a\n1993-01-02,1,debit,60,40,b\n1993-01-03,1,debit,30,10,c\n";
    let ran = bank.import(format!("{HEADER}{rows}"), &["--no-overdraft"]);
    assert_eq!((ran.code, ran.tally()), (0, [3, 0, 0]));
    bank
}

#[test]
fn a_correction_that_would_break_the_history_names_the_row_and_writes_nothing() {
    let bank = covered();
    let trail = bank.ask(&["audit", "1"]);
    let date = |day| ["--date", day, "--type", "debit", "--amount"];
    for (correction, place) in [
        (
            &["correct", "1", "a", "--amount", "80"][..],
            "on 1993-01-03 at entry `c`: overdraft: the balance is 20.00",
        ),
        (
            &["correct", "1", "a", "--amount", "59.99"],
            "on 1993-01-02 at entry `b`: overdraft: the balance is 59.99",
        ),
        (
            &["correct", "1", "a", "--date", "1993-01-03"],
            "on 1993-01-02 at entry `b`",
        ),
        (
            &["correct", "1", "b", "--amount", "101"],
            "on 1993-01-02 at entry `b`: overdraft: the balance is 100.00",
        ),
        (
            &["retract", "1", "a"],
            "on 1993-01-02 at entry `b`: overdraft: the balance is 0.00",
        ),
        (
            &[&["insert", "1", "d"], &date("1993-01-01")[..], &["50"]].concat(),
            "on 1993-01-02 at entry `b`",
        ),
        (
            &[
                &["insert", "1", "d", "--date", "1993-01-02"][..],
                &["--type", "credit", "--amount", "92233720368547758.07"],
            ]
            .concat(),
            "on 1993-01-02 at entry `d`",
        ),
        (
            &[
                "correct",
                "1",
                "a",
                "--amount",
                "92233720368547758.07",
                "--date",
                "1993-01-04",
            ],
            "on 1993-01-02",
        ),
    ] {
        for options in [&["--reason", "no"][..], &["--reason", "no", "--dry-run"]] {
            let told = bank.refuse(&[correction, options].concat());
            assert!(
                told.contains("nothing was written") && told.contains(place),
                "{correction:?}: {told}"
            );
        }
    }
    assert_eq!(bank.ask(&["audit", "1"]), trail);
    assert_eq!(bank.balance("1"), "10.00 at revision 3");
    // As far as it is covered it may be corrected.
    bank.ask(&["correct", "1", "a", "--amount", "90", "--reason", "a slip"]);
    assert_eq!(bank.balance("1"), "0.00 at revision 4");
}

#[test]
fn a_row_of_an_earlier_day_that_would_break_the_history_is_an_error() {
    let bank = covered();
    let row = format!("{HEADER}1993-01-02,1,debit,10,,d\n");
    let ran = bank.import(&row, &["--no-overdraft"]);
    assert_eq!((ran.code, ran.tally()), (0, [1, 0, 0]), "{ran:?}");
    let trail = bank.ask(&["audit", "1"]);
    // There is enough for it now; but on its day it leaves too little for the debit of the next.
    let ran = bank.import(
        format!("{HEADER}1993-01-04,1,credit,50,,f\n1993-01-02,1,debit,5,,g\n"),
        &["--no-overdraft"],
    );
    assert_eq!((ran.code, ran.tally()), (1, [1, 0, 1]), "{ran:?}");
    let told = "with it the entry of 1993-01-03 at revision 3 couldn't have been booked: overdraft";
    assert!(ran.errors()[0].1.starts_with(told), "{ran:?}");
    assert_eq!(
        bank.ask(&["audit", "1"]).lines().count(),
        trail.lines().count() + 1
    );
}

#[test]
fn what_can_t_be_corrected_is_said_and_nothing_is_written() {
    let bank = Bank::with_sample();
    let trail = bank.ask(&["audit", "1017"]);
    let reason = ["--reason", "a slip"];
    let insert = |rest: &[&'static str]| [&["insert", "1017"][..], rest, &reason].concat();
    let correct = |rest: &[&'static str]| [&["correct", "1017", "R001604"][..], rest].concat();
    let with_reason = |rest: &[&'static str]| [&correct(rest)[..], &reason].concat();
    let new = ["--date", "2024-01-01", "--type", "debit", "--amount", "1"];
    for (arguments, told) in [
        (
            vec!["correct", "7", "R1", "--amount", "1", "--reason", "no"],
            "there is no account `7`",
        ),
        (
            vec!["correct", "1017", "R1", "--amount", "1", "--reason", "no"],
            "account `1017` has no entry `R1`",
        ),
        (
            vec!["retract", "1017", "R1", "--reason", "no"],
            "account `1017` has no entry `R1`",
        ),
        (
            vec!["retract", "1017", "--revision", "76", "--reason", "no"],
            "has no revision 76 yet",
        ),
        (vec!["retract", "1017", "--reason", "no"], "<REFERENCE>"),
        (
            vec![
                "retract",
                "1017",
                "R001604",
                "--revision",
                "3",
                "--reason",
                "no",
            ],
            "cannot be used with",
        ),
        (
            with_reason(&["--amount", "12.345"]),
            "it has more than two decimals",
        ),
        (
            with_reason(&["--amount", "-12"]),
            "it is negative, and credit or debit says which way",
        ),
        (with_reason(&["--amount", "1e3"]), "it isn't a number like"),
        (
            with_reason(&["--amount", "92233720368547758.08"]),
            "it is more than an account can hold",
        ),
        (
            with_reason(&["--date", "2024-02-30"]),
            "it isn't a day like",
        ),
        (
            with_reason(&["--type", "gift"]),
            "possible values: credit, debit",
        ),
        (
            with_reason(&["--amount", "28.15"]),
            "entry `R001604` is so already",
        ),
        (with_reason(&[]), "required arguments were not provided"),
        (correct(&["--amount", "1"]), "--reason <REASON>"),
        (
            correct(&["--amount", "1", "--reason", " "]),
            "it says nothing",
        ),
        (
            correct(&["--amount", "1", "--reason", "a\u{7}b"]),
            "it has a control character",
        ),
        (
            with_reason(&["--amount", "1", "--by", "import"]),
            "that is how imports sign",
        ),
        (
            insert(&[&["R001604"], &new[..]].concat()),
            "entry `R001604` is there",
        ),
        (
            insert(&[&[" x"], &new[..]].concat()),
            "it begins or ends with a space",
        ),
        (
            insert(&["x", "--date", "2024-01-01", "--type", "debit"]),
            "--amount <AMOUNT>",
        ),
    ] {
        let said = bank.refuse(&arguments);
        assert!(said.contains(told), "{arguments:?}: {said}");
    }
    assert_eq!(bank.ask(&["audit", "1017"]), trail);
}

//! Without a command the program gives a tour.

mod support;

use support::{Bank, HEADER};

#[test]
fn the_tour_shows_what_can_be_asked() {
    let bank = Bank::new();
    let out = bank.ask(&[]);
    for line in [
        "$ ledger import sample.csv",
        "      2982 added",
        "$ ledger accounts",
        "… and 34 more",
        "$ ledger history 1004",
        "$ ledger balance 1004 --at 10",
        "894.03 at revision 10",
        "12312.22 at revision 68",
        "$ ledger balance 1004 --on 2024-06-30",
        "9411.37 on 2024-06-30, at revision 68",
        "$ ledger chart 1004",
        "balance of 1004, 2024-01-08 to 2024-12-25",
        "$ ledger verify",
        "5 accounts with such a row, 4 of them with another balance at the end",
        "      2982 imported before",
    ] {
        assert!(out.lines().any(|told| told == line), "no `{line}` in {out}");
    }
    // What it tells is what the commands tell.
    assert_eq!(bank.balance("1004"), "12312.22 at revision 68");
    assert!(out.contains(&bank.run(&["verify"]).out));
    // A second tour adds nothing.
    let again = bank.ask(&[]);
    assert!(!again.contains("2982 added") && again.contains("894.03 at revision 10"));
}

#[test]
fn the_tour_s_database_can_be_named() {
    let bank = Bank::new();
    let out = bank.ask(&["--db", "tour.db"]);
    assert!(out.contains("$ ledger --db tour.db verify"));
    assert!(bank.folder().join("tour.db").exists() && !bank.db().exists());
}

#[test]
fn the_tour_doesn_t_mix_its_sample_with_other_accounts() {
    let bank = Bank::new();
    bank.import(format!("{HEADER}1993-01-01,mine,credit,1,1,a\n"), &[]);
    let before = bank.ask(&["accounts"]);
    let ran = bank.run(&[]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(
        ran.err.contains("ledger.db holds other accounts"),
        "{}",
        ran.err
    );
    assert_eq!(bank.ask(&["accounts"]), before);
}

#[test]
fn the_sample_is_printed_as_it_is_shipped() {
    assert_eq!(Bank::new().ask(&["sample"]), ledger::sample::CSV);
}

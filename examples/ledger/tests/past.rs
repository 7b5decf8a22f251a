//! What was true, and what was known, at any time.

mod support;

use std::collections::BTreeMap;

use es_core::AnyStore;
use es_sqlite::SqliteStore;
use ledger::{Cents, Day, Ledger};
use support::{Bank, HEADER, cents, money};

/// The balance that the bank states last on each day, by account and day, of the accounts in which it makes no mistake.
fn stated() -> BTreeMap<String, BTreeMap<String, i64>> {
    let mistaken: Vec<String> = (ledger::sample::generate().drifts.into_iter())
        .map(|(account, _)| account)
        .collect();
    let mut stated = BTreeMap::<String, BTreeMap<String, i64>>::new();
    for row in csv::Reader::from_reader(ledger::sample::CSV.as_bytes()).records() {
        let row = row.unwrap();
        if !mistaken.iter().any(|account| *account == row[1]) {
            let days = stated.entry(row[1].to_owned()).or_default();
            days.insert(row[0].to_owned(), cents(&row[4]));
        }
    }
    stated
}

#[tokio::test]
async fn the_balance_on_each_day_is_the_last_that_the_bank_states_of_it() {
    let bank = Bank::with_sample();
    let store = SqliteStore::open(bank.db()).await.unwrap();
    let ledger = Ledger::new(AnyStore::new(store));
    let stated = stated();
    assert_eq!(stated.len(), 35);
    let mut asked = 0;
    for (account, days) in &stated {
        for (day, expected) in days {
            let day: Day = day.parse().unwrap();
            let on = ledger.accounts().load_effective(account, day.end()).await;
            assert_eq!(
                on.unwrap().balance(),
                Cents(*expected),
                "{account} on {day}"
            );
            asked += 1;
        }
    }
    assert!(asked > 2_000, "{asked}");
    // And as the program is asked it, within this process: another one for each would take minutes.
    for (account, days) in &stated {
        for (day, expected) in days {
            let mut told = Vec::new();
            let question = ["balance", account, "--on", day];
            ledger::cli::answer(&ledger, question, &mut told)
                .await
                .unwrap();
            let expected = format!("{} on {day}, at revision ", money(*expected));
            let told = String::from_utf8(told).unwrap();
            assert!(told.starts_with(&expected), "{account}: {told}");
        }
    }
    for (day, expected) in &stated["1002"] {
        let told = bank.ask(&["balance", "1002", "--on", day]);
        let expected = format!("{} on {day}, at revision ", money(*expected));
        assert!(told.starts_with(&expected), "{told}");
    }
}

#[test]
fn a_day_ends_before_the_next_one() {
    let day: Day = "1993-06-30".parse().unwrap();
    assert_eq!(day.start().to_string(), "1993-06-30T00:00:00Z");
    assert_eq!(day.end().to_string(), "1993-06-30T23:59:59.999999Z");
    assert_eq!(Day::of(day.end()), day);
    let last: Day = "9999-12-30".parse().unwrap();
    assert_eq!(last.end(), es_core::Timestamp::MAX);
}

#[test]
fn a_day_without_an_entry_has_the_balance_of_the_one_before() {
    let bank = Bank::new();
    let rows =
        "1993-01-02,1,credit,10,10,a\n1993-01-04,1,credit,5,15,b\n1993-01-04,1,debit,1,14,c\n";
    bank.import(format!("{HEADER}{rows}"), &[]);
    for (day, balance) in [
        ("0001-01-01", "0.00"),
        ("1993-01-01", "0.00"),
        ("1993-01-02", "10.00"),
        ("1993-01-03", "10.00"),
        ("1993-01-04", "14.00"),
        ("9999-12-30", "14.00"),
    ] {
        let told = bank.ask(&["balance", "1", "--on", day]);
        assert_eq!(told, format!("{balance} on {day}, at revision 3\n"));
    }
    let both = bank.ask(&["balance", "1", "--on", "1993-01-04", "--at", "2"]);
    assert_eq!(both, "15.00 on 1993-01-04, at revision 2\n");
}

#[test]
fn what_was_known_doesn_t_move_when_the_past_is_corrected() {
    let bank = Bank::with_sample();
    let trail = bank.ask(&["audit", "1017"]);
    let imported = trail.lines().last().unwrap().split(' ').next().unwrap();
    let known = |rest: &[&str]| bank.ask(&[&["balance", "1017"], rest].concat());
    let (on, at) = (["--on", "2024-08-01"], ["--known-at", imported]);
    let before = [
        known(&at),
        known(&[on, at].concat()),
        known(&["--at", "75"]),
    ];
    let statement = bank.ask(&["statement", "1017", "--known-at", imported]);
    assert_eq!(bank.ask(&["statement", "1017"]), statement);
    let correction = [
        "correct",
        "1017",
        "R001604",
        "--amount",
        "18.25",
        "--reason",
        "the slip says 18.25",
    ];
    let corrected = bank.ask(&correction);
    assert_eq!(
        corrected,
        "corrected at revision 76: the balance was 15387.86 and is 15397.76\n"
    );
    let after = [
        known(&at),
        known(&[on, at].concat()),
        known(&["--at", "75"]),
    ];
    assert_eq!(after, before);
    assert_eq!(
        bank.ask(&["statement", "1017", "--known-at", imported]),
        statement
    );
    assert_ne!(bank.ask(&["statement", "1017"]), statement);
    assert_eq!(known(&[]), "15397.76 at revision 76\n");
    let day = bank.ask(&["balance", "1017", "--on", "2024-07-16"]);
    assert_eq!(day, "11742.36 on 2024-07-16, at revision 76\n");
}

#[test]
fn a_statement_of_some_days_begins_with_what_is_brought_forward() {
    let bank = Bank::with_sample();
    let whole = bank.ask(&["statement", "1004"]);
    let march = bank.ask(&[
        "statement",
        "1004",
        "--from",
        "2024-03-01",
        "--to",
        "2024-03-31",
    ]);
    let lines: Vec<&str> = march.lines().collect();
    assert_eq!(lines.len(), 8);
    assert_eq!(lines[0], whole.lines().next().unwrap());
    assert!(
        lines[1].starts_with("2024-03-01 ")
            && lines[1].ends_with("1272.01                   brought forward")
    );
    let of_march: Vec<&str> = whole
        .lines()
        .filter(|line| line.starts_with("2024-03-"))
        .collect();
    assert_eq!(lines[2..], of_march);
    // So is the first, on the first.
    let from = bank.ask(&[
        "statement",
        "1004",
        "--from",
        "2024-03-29",
        "--to",
        "2024-03-29",
    ]);
    assert_eq!(from.lines().nth(2), Some(of_march[5]));
    // The last entry is on the last day, and is in it.
    let to = bank.ask(&["statement", "1004", "--to", "2024-03-29"]);
    assert!(
        to.ends_with(&format!("{}\n", of_march[5])) && whole.starts_with(&to),
        "{to}"
    );
    let none = bank.ask(&["statement", "1004", "--from", "2025-01-01"]);
    assert!(
        none.lines().count() == 2 && none.contains("12312.22"),
        "{none}"
    );
}

#[test]
fn what_can_t_be_asked_is_said_and_nothing_is_printed() {
    let bank = Bank::with_sample();
    let long = "1".repeat(257);
    for (arguments, reason) in [
        (&["balance", "7"][..], "there is no account `7`"),
        (&["balance", &long], "there is no account `111"),
        (&["statement", "7"], "there is no account `7`"),
        (&["history", "7"], "there is no account `7`"),
        (
            &["diff", "7", "--from", "2024-01-01", "--to", "2024-01-02"],
            "there is no account `7`",
        ),
        (&["audit", "7"], "there is no account `7`"),
        (
            &["balance", "1004", "--on", "2024-02-30"],
            "it isn't a day like `2024-02-29`",
        ),
        (
            &["balance", "1004", "--on", "24-2-3"],
            "it isn't a day like",
        ),
        (
            &["balance", "1004", "--on", "10000-01-01"],
            "between the years 1 and 9999",
        ),
        (
            &["balance", "1004", "--known-at", "yesterday"],
            "not an instant like",
        ),
        (
            &["balance", "1004", "--known-at", "2024-01-01T00:00:00Z"],
            "nothing was recorded of account `1004` by 2024",
        ),
        (
            &["statement", "1004", "--known-at", "2024-01-01T00:00:00Z"],
            "nothing was recorded of account",
        ),
        (
            &["balance", "1004", "--at", "69"],
            "at revision 68 and has no revision 69 yet",
        ),
        (
            &["statement", "1004", "--at", "69"],
            "has no revision 69 yet",
        ),
        (
            &[
                "balance",
                "1004",
                "--at",
                "1",
                "--known-at",
                "2024-01-01T00:00:00Z",
            ],
            "cannot be used with",
        ),
        (&["diff", "1004", "--from", "2024-01-01"], "--to <DAY>"),
        (
            &["audit", "1004", "--format", "xml"],
            "possible values: text, json-lines, csv",
        ),
    ] {
        let told = bank.refuse(arguments);
        assert!(told.contains(reason), "{arguments:?}: {told}");
    }
}

#[test]
fn the_accounts_are_folded_in_the_order_of_their_days() {
    let bank = Bank::new();
    let rows =
        "1993-01-05,1,credit,10,15,b\n1993-01-02,1,credit,5,5,a\n1993-01-03,2,credit,1,1,c\n";
    bank.import(format!("{HEADER}{rows}"), &[]);
    let out = bank.ask(&["accounts"]);
    assert!(
        out.contains("15.00         2        0  1993-01-05  1\n"),
        "{out}"
    );
    let statement = bank.ask(&["statement", "1"]);
    let references: Vec<&str> = statement
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().last().unwrap())
        .collect();
    assert_eq!(references, ["a", "b"]);
    assert!(
        bank.ask(&["verify"]).contains("\n0 rows where"),
        "late, and not wrong"
    );
    assert_eq!(bank.balance("1"), "15.00 at revision 2");
}

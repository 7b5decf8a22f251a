//! Totals by month, from a projection of the log.

mod support;

use std::collections::BTreeMap;

use es_core::{Append, EventId, EventStore, Expected, Json, NewEvent, StreamId};
use es_sqlite::SqliteStore;
use support::{Bank, HEADER, cents, money};

/// Entries, credits and debits, in cents.
type Sums = BTreeMap<String, (i64, i64, i64)>;

/// What the report says of each account and month, and in `all accounts` of all.
fn told(report: &str) -> BTreeMap<String, Sums> {
    let mut told = BTreeMap::<String, Sums>::new();
    for line in report.lines().skip(1) {
        let (sums, account) = line.split_at(69);
        let words: Vec<&str> = sums.split_whitespace().collect();
        let (credits, debits) = (cents(words[2]), cents(words[3]));
        assert_eq!(words[4], money(credits - debits), "{line}");
        let months = told.entry(account.trim_start().to_owned()).or_default();
        let sums = (words[1].parse().unwrap(), credits, debits);
        assert!(
            months.insert(words[0].to_owned(), sums).is_none(),
            "twice: {line}"
        );
    }
    told
}

/// The same of a statement, added up here.
fn added_up(csv: &str) -> BTreeMap<String, Sums> {
    let mut sums = BTreeMap::<String, Sums>::new();
    for row in csv::Reader::from_reader(csv.as_bytes()).records() {
        let row = row.unwrap();
        for account in [&row[1], "all accounts"] {
            for month in [&row[0][..7], "total"] {
                let months = sums.entry(account.to_owned()).or_default();
                let sum = months.entry(month.to_owned()).or_default();
                sum.0 += 1;
                match &row[2] {
                    "credit" => sum.1 += cents(&row[3]),
                    _ => sum.2 += cents(&row[3]),
                }
            }
        }
    }
    sums
}

#[test]
fn the_totals_are_those_of_the_statement() {
    let bank = Bank::with_sample();
    let sample = added_up(ledger::sample::CSV);
    let report = bank.ask(&["report"]);
    assert_eq!(told(&report), sample);
    assert_eq!(sample.len(), 41);
    let one = told(&bank.ask(&["report", "1004"]));
    assert_eq!(one.len(), 1);
    assert_eq!(one["1004"], sample["1004"]);
    // A second import changes nothing.
    bank.import(ledger::sample::CSV, &[]);
    assert_eq!(bank.ask(&["report"]), report);
}

#[test]
fn the_totals_follow_the_corrections() {
    let bank = Bank::new();
    let rows = |rows: &str| format!("{HEADER}{rows}");
    let imported = "1993-01-01,1,credit,10,,a\n1993-01-02,1,credit,20,,b\n1993-02-03,1,debit,5,,c\n1993-02-04,2,credit,7,,d\n";
    bank.import(rows(imported), &[]);
    let before = bank.ask(&["report"]);
    let correct = |what: &[&str]| bank.ask(&[what, &["--reason", "a slip"]].concat());
    correct(&["correct", "1", "a", "--amount", "11"]);
    correct(&["correct", "1", "a", "--type", "debit"]);
    correct(&["correct", "1", "b", "--date", "1993-03-01"]);
    correct(&["retract", "1", "c"]);
    correct(&["retract", "2", "d"]);
    correct(&[
        "insert",
        "1",
        "e",
        "--date",
        "1992-12-31",
        "--type",
        "credit",
        "--amount",
        "3",
    ]);
    let expected = rows(
        "1992-12-31,1,credit,3.00,,e\n1993-01-01,1,debit,11.00,,a\n1993-03-01,1,credit,20.00,,b\n",
    );
    assert_eq!(told(&bank.ask(&["report"])), added_up(&expected));
    // What a retraction is retracted of counts again.
    for (account, revision) in [
        ("1", "4"),
        ("1", "5"),
        ("1", "6"),
        ("1", "7"),
        ("1", "8"),
        ("2", "2"),
    ] {
        if revision != "4" {
            correct(&["retract", account, "--revision", revision]);
        }
    }
    let trail = bank.ask(&["audit", "1"]);
    assert!(
        !trail.lines().nth(3).unwrap().contains("corrected by 9"),
        "{trail}"
    );
    let first = told(&bank.ask(&["report"]));
    let expected = rows(
        "1993-01-01,1,credit,11.00,,a\n1993-01-02,1,credit,20.00,,b\n1993-02-03,1,debit,5.00,,c\n1993-02-04,2,credit,7.00,,d\n",
    );
    assert_eq!(first, added_up(&expected));
    correct(&["retract", "1", "--revision", "4"]);
    assert_eq!(bank.ask(&["report"]), before);
}

#[test]
fn what_was_refused_isn_t_counted() {
    let bank = Bank::new();
    let csv = format!(
        "{HEADER}1993-01-01,1,credit,10,,a\n1993-01-02,1,debit,20,,b\n1993-01-02,2,debit,20,,c\n"
    );
    bank.import(csv, &["--no-overdraft"]);
    let report = bank.ask(&["report"]);
    let expected = format!("{HEADER}1993-01-01,1,credit,10.00,,a\n");
    assert_eq!(told(&report), added_up(&expected));
    for (account, reason) in [
        ("7", "there is no account `7`"),
        ("2", "account `2` has no entry that was booked"),
    ] {
        let said = bank.refuse(&["report", account]);
        assert!(said.contains(reason), "{said}");
    }
    bank.ask(&[
        "correct",
        "1",
        "b",
        "--amount",
        "20",
        "--reason",
        "the bank booked it",
    ]);
    let report = told(&bank.ask(&["report", "1"]));
    assert_eq!(report["1"]["total"], (2, 1_000, 2_000));
}

#[tokio::test]
async fn an_event_of_a_newer_program_stops_the_report() {
    let bank = Bank::with_sample();
    let store = SqliteStore::open(bank.db()).await.unwrap();
    let payload = Json::parse("{}").unwrap();
    let newer = NewEvent::new(EventId::random(), "account.credited", 9, payload);
    let stream = StreamId::new("account", "1004").unwrap();
    let append = Append::new(stream, Expected::Any, vec![newer]);
    store.append(append).await.unwrap();
    let ran = bank.run(&["report"]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
    assert!(
        ran.err.contains("the report couldn't be made") && ran.err.contains("version 9"),
        "{ran:?}"
    );
}

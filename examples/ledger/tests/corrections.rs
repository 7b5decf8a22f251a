//! The past is set right, and nothing that was written is changed.

mod support;

use es_core::{AnyStore, EventStore};
use es_sqlite::SqliteStore;
use ledger::Ledger;
use support::{Bank, HEADER, Ran, money, named};

/// An entry's type and amount, as a statement prints them: the amount with its sign, in cents.
fn entry(bank: &Bank, account: &str, reference: &str) -> i64 {
    let statement = bank.ask(&["statement", account]);
    let line = statement
        .lines()
        .find(|line| line.contains(&format!("  {reference}")));
    let line = line.unwrap_or_else(|| panic!("no {reference} in {statement}"));
    // The columns are wide enough for every sum of the sample.
    let column = |from: usize| line[from..from + 16].trim();
    match (column(11), column(28)) {
        (credit, "") => support::cents(credit),
        (_, debit) => -support::cents(debit),
    }
}

#[tokio::test]
async fn correcting_every_row_that_verify_names_makes_it_clean_and_moves_no_balance_that_was_known()
{
    let bank = Bank::with_sample();
    let found = named(&bank.run(&["verify"]).out);
    assert_eq!(found.len(), 8);
    let (known, before) = (last_recorded(&bank), balances(&bank, None).await);
    assert_eq!(before.len(), 40);
    for row in &found {
        let amount = entry(&bank, &row.account, &row.reference) + row.difference - row.before;
        let kind = if amount < 0 { "debit" } else { "credit" };
        let (amount, why) = (money(amount.abs()), "as the bank's balance has it");
        let amount = ["--type", kind, "--amount", &amount, "--reason", why];
        bank.ask(&[&["correct", &row.account, &row.reference], &amount[..]].concat());
    }
    let clean = bank.ask(&["verify"]);
    assert!(clean.contains("\n0 rows where"), "{clean}");
    assert!(clean.contains("compared, 0 wrong"), "{clean}");
    // The rows are what they were: importing them again adds nothing.
    let again = bank.import(ledger::sample::CSV, &[]);
    assert_eq!((again.code, again.tally()), (0, [0, 2_982, 0]));
    assert_eq!(bank.ask(&["verify"]), clean);
    // Yesterday's balances as they were known yesterday didn't move; today's did.
    assert_eq!(balances(&bank, Some(&known)).await, before);
    let now = balances(&bank, None).await;
    let moved = now
        .iter()
        .zip(&before)
        .filter(|(now, before)| now != before);
    assert_eq!(moved.count(), 5);
}

/// The balance of every account, as it is or as it was known at an instant.
async fn balances(bank: &Bank, known: Option<&str>) -> Vec<String> {
    let ledger = Ledger::new(AnyStore::new(SqliteStore::open(bank.db()).await.unwrap()));
    let mut balances = Vec::new();
    for (account, _) in ledger.all().await.unwrap() {
        let mut question = vec!["balance", &account];
        question.extend(known.into_iter().flat_map(|known| ["--known-at", known]));
        let mut told = Vec::new();
        ledger::cli::answer(&ledger, question, &mut told)
            .await
            .unwrap();
        balances.push(format!("{account}: {}", String::from_utf8(told).unwrap()));
    }
    ledger.store().close().await.unwrap();
    balances
}

/// When the last event was recorded.
fn last_recorded(bank: &Bank) -> String {
    let connection = rusqlite::Connection::open(bank.db()).unwrap();
    let last = "SELECT max(recorded_at) FROM events";
    let micros = connection.query_row(last, [], |row| row.get(0)).unwrap();
    es_core::Timestamp::from_micros(micros).unwrap().to_string()
}

#[test]
fn each_mistake_of_the_sample_is_mended_in_its_own_way() {
    let bank = Bank::with_sample();
    for correction in [
        // Misprinted balances.
        &["correct", "1004", "R000427", "--balance", "1272.01"][..],
        &["correct", "1023", "R002130", "--balance", "5081.21"],
        // Misprinted amounts.
        &["correct", "1017", "R001604", "--amount", "18.25"],
        &[
            "correct",
            "Petty cash, till 2",
            "R000787",
            "--amount",
            "721.71",
        ],
        // A row that is missing, and one that stands there twice.
        &[
            "insert",
            "1009",
            "R001427",
            "--date",
            "2024-06-26",
            "--before",
            "R001428",
            "--type",
            "credit",
            "--amount",
            "159.21",
        ],
        &["retract", "1023", "R000290"],
    ] {
        bank.ask(&[correction, &["--reason", "found by verify"]].concat());
    }
    let clean = bank.ask(&["verify"]);
    assert!(clean.contains("\n0 rows where"), "{clean}");
}

#[test]
fn what_was_forgotten_comes_before_others_of_its_day_and_all_stay_on_it() {
    let bank = Bank::new();
    let rows = "1993-01-01,1,credit,10,,a\n1993-01-02,1,credit,20,,b\n1993-01-02,1,debit,5,,c\n1993-01-03,1,debit,1,,d\n";
    bank.import(format!("{HEADER}{rows}"), &[]);
    let insert = |reference: &'static str, before: &[&'static str]| {
        let day = ["--date", "1993-01-02", "--type", "credit", "--amount", "3"];
        let reason = ["--reason", "forgotten"];
        [&["insert", "1", reference], &day[..], before, &reason].concat()
    };
    let lines = |bank: &Bank| -> Vec<String> {
        let statement = bank.ask(&["statement", "1"]);
        let place = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            format!("{} {} {}", words[0], words[2], words[3])
        };
        statement.lines().skip(1).map(place).collect()
    };
    let dry = [&insert("e", &["--before", "b"])[..], &["--dry-run"]].concat();
    bank.ask(&dry);
    assert_eq!(bank.balance("1"), "24.00 at revision 4");
    bank.ask(&insert("e", &["--before", "b"]));
    // Moved again, among those that were moved; and one that comes last of the day.
    bank.ask(&insert("f", &["--before", "c"]));
    bank.ask(&insert("g", &[]));
    assert_eq!(
        lines(&bank),
        [
            "1993-01-01 10.00 a",
            "1993-01-02 13.00 e",
            "1993-01-02 33.00 b",
            "1993-01-02 36.00 f",
            "1993-01-02 31.00 c",
            "1993-01-02 34.00 g",
            "1993-01-03 33.00 d",
        ]
    );
    let on = bank.ask(&["balance", "1", "--on", "1993-01-02"]);
    assert!(on.starts_with("34.00 on"), "{on}");
    // An entry that stays on its day keeps its place.
    let amount = [
        "--amount",
        "6",
        "--date",
        "1993-01-02",
        "--reason",
        "a slip",
    ];
    bank.ask(&[&["correct", "1", "c"], &amount[..]].concat());
    assert_eq!(lines(&bank)[4], "1993-01-02 30.00 c");
    let trail = bank.ask(&["audit", "1"]);
    for (before, why) in [
        ("a", "entry `a` is of 1993-01-01; what comes before it"),
        ("z", "has no entry `z`"),
    ] {
        let told = bank.refuse(&insert("h", &["--before", before]));
        assert!(told.contains(why), "{told}");
    }
    assert_eq!(bank.ask(&["audit", "1"]), trail);
}

#[test]
fn a_dry_run_shows_every_entry_that_changes_and_writes_nothing() {
    let bank = Bank::new();
    let rows = "1993-01-01,1,credit,10,,a\n1993-01-02,1,credit,20,,b\n1993-01-03,1,debit,5,,c\n";
    bank.import(format!("{HEADER}{rows}"), &[]);
    let trail = bank.ask(&["audit", "1"]);
    let dry = bank.ask(&[
        "correct",
        "1",
        "b",
        "--amount",
        "2",
        "--reason",
        "a slip",
        "--dry-run",
    ]);
    assert_eq!(
        dry,
        "  date        type             amount          balance         would be  reference
- 1993-01-02  credit            20.00            30.00            10.00  b
+ 1993-01-02  credit             2.00            30.00            12.00  b
  1993-01-03  debit              5.00            25.00             7.00  c
the balance is 25.00 and would be 7.00
nothing was written
"
    );
    assert_eq!(bank.ask(&["audit", "1"]), trail);
    bank.ask(&["retract", "1", "a", "--reason", "a slip", "--dry-run"]);
    let day = ["--date", "1993-01-01", "--type", "debit", "--amount", "1"];
    bank.ask(
        &[
            &["insert", "1", "d"],
            &day[..],
            &["--reason", "a slip", "--dry-run"],
        ]
        .concat(),
    );
    assert_eq!(bank.ask(&["audit", "1"]), trail);
}

#[test]
fn a_retraction_that_is_retracted_never_was() {
    let bank = Bank::with_sample();
    let before = bank.ask(&["statement", "1023"]);
    bank.ask(&["retract", "1023", "R000290", "--reason", "printed twice"]);
    assert_ne!(bank.ask(&["statement", "1023"]), before);
    let told = bank.refuse(&["retract", "1023", "R000290", "--reason", "printed twice"]);
    assert!(
        told.contains("was retracted by the correction at revision 76"),
        "{told}"
    );
    let told = bank.refuse(&[
        "correct", "1023", "R000290", "--amount", "1", "--reason", "no",
    ]);
    assert!(told.contains("retract that with --revision 76"), "{told}");
    bank.ask(&[
        "retract",
        "1023",
        "--revision",
        "76",
        "--reason",
        "it was right",
    ]);
    assert_eq!(bank.ask(&["statement", "1023"]), before);
    let told = bank.refuse(&["retract", "1023", "--revision", "76", "--reason", "again"]);
    assert!(
        told.contains("revision 76 is corrected already, by the correction at 77"),
        "{told}"
    );
}

#[test]
fn a_correction_of_a_correction_is_one_of_the_entry() {
    let bank = Bank::new();
    bank.import(format!("{HEADER}1993-01-01,1,credit,10,,a\n"), &[]);
    for (option, value, balance) in [
        ("--amount", "20", "20.00 at revision 2"),
        ("--type", "debit", "-20.00 at revision 3"),
        ("--date", "1993-02-01", "-20.00 at revision 4"),
        ("--balance", "-21", "-20.00 at revision 5"),
    ] {
        bank.ask(&["correct", "1", "a", option, value, "--reason", "a slip"]);
        assert_eq!(bank.balance("1"), balance);
        let (balance, _) = balance.split_once(' ').unwrap();
        let accounts = bank.ask(&["accounts"]);
        let line = accounts.lines().nth(1).unwrap().trim_start();
        assert!(
            line.starts_with(&format!("{balance}         1 ")),
            "{accounts}"
        );
    }
    let statement = bank.ask(&["statement", "1"]);
    let line = "1993-02-01                             20.00           -20.00           -21.00  a  difference -1.00\n";
    assert!(statement.ends_with(line), "{statement}");
}

#[test]
fn an_entry_that_was_refused_is_booked_by_a_correction() {
    let bank = Bank::new();
    let rows = "1993-01-01,1,credit,10,10,a\n1993-01-02,1,debit,20,-10,b\n";
    bank.import(format!("{HEADER}{rows}"), &["--no-overdraft"]);
    assert_eq!(named(&bank.run(&["verify"]).out).len(), 1);
    let told = bank.refuse(&[
        "correct",
        "1",
        "b",
        "--date",
        "1993-01-03",
        "--reason",
        "no",
    ]);
    assert!(
        told.contains("entry `b` was refused; say with --amount what was booked"),
        "{told}"
    );
    bank.ask(&[
        "correct",
        "1",
        "b",
        "--amount",
        "20",
        "--reason",
        "the bank booked it",
    ]);
    assert_eq!(bank.balance("1"), "-10.00 at revision 3");
    assert!(bank.ask(&["verify"]).contains("\n0 rows where"));
}

#[test]
fn what_was_entered_by_hand_isn_t_imported_once_more() {
    let bank = Bank::new();
    bank.import(format!("{HEADER}1993-01-01,1,credit,10,10,a\n"), &[]);
    let day = [
        "--date",
        "1993-01-02",
        "--type",
        "credit",
        "--amount",
        "5",
        "--reason",
        "forgotten",
    ];
    bank.ask(&[&["insert", "1", "b"], &day[..]].concat());
    let told = bank.refuse(&[&["insert", "1", "b"], &day[..]].concat());
    assert!(told.contains("entry `b` is there"), "{told}");
    let row = format!("{HEADER}1993-01-02,1,credit,5,15,b\n");
    for appended in [1, 0] {
        let ran: Ran = bank.import(&row, &[]);
        assert_eq!((ran.code, ran.tally()), (1, [0, 0, 1]));
        assert!(ran.errors()[0].1.contains("was entered by hand"), "{ran:?}");
        assert!(ran.out.contains(&format!("\n{appended} event")), "{ran:?}");
    }
    assert_eq!(bank.balance("1"), "15.00 at revision 3");
}

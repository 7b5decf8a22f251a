//! The program imports statements: once, row by row, and whatever is wrong with some of them.

mod support;

use std::io::Write;
use std::process::Stdio;

use support::{Bank, HEADER, Ran};

const THREE: &str = "1993-01-01,1,credit,100.00,100.00,a\n\
                     1993-01-02,2,credit,50.00,50.00,b\n\
                     1993-01-03,1,debit,30.50,69.50,c\n";

fn three() -> String {
    format!("{HEADER}{THREE}")
}

#[test]
fn each_row_is_one_event_of_its_account() {
    let bank = Bank::new();
    let ran = bank.import(three(), &[]);
    assert_eq!(
        (ran.code, ran.tally(), ran.err.as_str()),
        (0, [3, 0, 0], "")
    );
    assert!(ran.out.contains("3 events in "), "{}", ran.out);
    assert!(ran.out.contains(" events per second\n"), "{}", ran.out);
    assert_eq!(bank.balance("1"), "69.50 at revision 2");
    assert_eq!(bank.balance("2"), "50.00 at revision 1");
    assert_eq!(
        bank.ask(&["balance", "1", "--at", "1"]),
        "100.00 at revision 1\n"
    );
    assert_eq!(
        bank.ask(&["balance", "1", "--at", "0"]),
        "0.00 at revision 0\n"
    );
}

#[test]
fn the_row_s_date_is_its_effective_time_and_its_line_the_reason() {
    let bank = Bank::new();
    bank.import(three(), &[]);
    let rows = rusqlite::Connection::open(bank.db()).unwrap();
    let row: (i64, String, String) = rows
        .query_row(
            "SELECT e.effective_at, l.payload, l.metadata FROM log l JOIN events e USING (position) \
             WHERE l.stream = '1' AND l.revision = 2",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    let midnight: es_core::Timestamp = "1993-01-03T00:00:00Z".parse().unwrap();
    assert_eq!(row.0, midnight.micros());
    assert_eq!(
        row.1,
        r#"{"cents":3050,"stated":6950,"reference":"c","covered":false}"#
    );
    assert_eq!(row.2, r#"{"actor":"import","reason":"line 4 of file.csv"}"#);
}

#[test]
fn importing_again_adds_nothing() {
    let bank = Bank::new();
    bank.import(three(), &[]);
    let before = bank.ask(&["history", "1"]);
    let again = bank.import(three(), &[]);
    assert_eq!((again.code, again.tally()), (0, [0, 3, 0]));
    assert!(again.out.contains("0 events in "), "{}", again.out);
    // Nor does a file that only looks different: other order of columns, line ends, no stated balance.
    let other = "reference,date,type,amount,account\r\na,1993-01-01,credit,100,1\r\n";
    let ran = bank.import(other, &[]);
    assert_eq!((ran.code, ran.tally()), (0, [0, 1, 0]));
    assert_eq!(bank.ask(&["history", "1"]), before);
}

#[test]
fn a_row_that_stands_twice_in_a_file_counts_once() {
    let bank = Bank::new();
    let ran = bank.import(
        format!("{}1993-01-01,1,credit,100.00,100.00,a\n", three()),
        &[],
    );
    assert_eq!((ran.code, ran.tally()), (0, [3, 1, 0]));
    assert_eq!(bank.balance("1"), "69.50 at revision 2");
}

#[test]
fn the_same_reference_of_another_account_is_another_row() {
    let bank = Bank::new();
    let ran = bank.import(format!("{}1993-01-01,2,credit,1.00,,a\n", three()), &[]);
    assert_eq!((ran.code, ran.tally()), (0, [4, 0, 0]));
    assert_eq!(bank.balance("2"), "51.00 at revision 2");
}

#[test]
fn other_content_under_a_known_reference_is_an_error() {
    for (row, reason) in [
        (
            "1993-01-02,1,credit,100.00,100.00,a",
            "another date: 1993-01-01, not 1993-01-02",
        ),
        (
            "1993-01-01,1,debit,100.00,100.00,a",
            "another type: credit, not debit",
        ),
        (
            "1993-01-01,1,credit,100.01,100.00,a",
            "another amount: 100.00, not 100.01",
        ),
        (
            "1993-01-01,1,credit,100.00,99.00,a",
            "another balance: 100.00, not 99.00",
        ),
    ] {
        let bank = Bank::new();
        bank.import(three(), &[]);
        let before = bank.ask(&["history", "1"]);
        let ran = bank.import(format!("{HEADER}{row}\n"), &[]);
        assert_eq!((ran.code, ran.tally()), (1, [0, 0, 1]));
        let expected = format!("reference `a` was imported before with {reason}");
        assert_eq!(ran.errors(), [(2, expected)]);
        assert_eq!(bank.ask(&["history", "1"]), before);
    }
}

#[test]
fn a_balance_that_is_stated_only_later_is_not_dropped_in_silence() {
    let bank = Bank::new();
    bank.import(
        "date,account,type,amount,reference\n1993-01-01,1,credit,5,a\n",
        &[],
    );
    let ran = bank.import(format!("{HEADER}1993-01-01,1,credit,5,5,a\n"), &[]);
    let expected = "reference `a` was imported before with another balance: none, not 5.00";
    assert_eq!(
        (ran.code, ran.errors()),
        (1, vec![(2, expected.to_owned())])
    );
}

const BAD: &str = "1993-01-01,1,credit,100.00,,a\n\
                   1993-02-30,1,credit,1,,b\n\
                   1993-01-01,1,transfer,1,,c\n\
                   1993-01-01,1,credit,1.234,,d\n\
                   1993-01-01,1,credit,-1,,e\n\
                   1993-01-01,1,credit,1\n\
                   1993-01-01,1,credit,many,,g\n\
                   1993-01-04,1,debit,0.01,,h\n";

#[test]
fn bad_rows_are_reported_and_the_rest_goes_on() {
    let bank = Bank::new();
    let mut csv = format!("{HEADER}{BAD}").into_bytes();
    csv.extend(b"1993-01-01,1,credit,1,,\xFF\n1993-01-05,2,credit,7,,j\n");
    let ran = bank.import(csv, &[]);
    assert_eq!((ran.code, ran.tally()), (1, [3, 0, 7]));
    assert!(ran.out.contains("3 events in "), "{}", ran.out);
    let lines: Vec<_> = ran.errors().into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [3, 4, 5, 6, 7, 8, 10]);
    assert!(
        ran.err.contains("file.csv:10: `reference` isn't UTF-8\n"),
        "{}",
        ran.err
    );
    assert_eq!(bank.balance("1"), "99.99 at revision 2");
    assert_eq!(bank.balance("2"), "7.00 at revision 1");
}

#[test]
fn strict_stops_at_the_first_error() {
    let bank = Bank::new();
    let ran = bank.import(format!("{HEADER}{BAD}"), &["--strict"]);
    assert_eq!((ran.code, ran.tally()), (1, [1, 0, 1]));
    assert_eq!(ran.errors()[0].0, 3);
    assert_eq!(bank.balance("1"), "100.00 at revision 1");
    // Also at an error that only the account knows; rows of other accounts don't slip by.
    let ran = bank.import(
        format!("{HEADER}1993-01-01,1,credit,1,,a\n1993-01-01,2,credit,1,,b\n"),
        &["--strict"],
    );
    assert_eq!((ran.code, ran.tally()), (1, [0, 0, 1]));
    assert_eq!(bank.run(&["balance", "2"]).code, 2);
}

#[test]
fn strict_imports_a_statement_without_errors_whole() {
    let bank = Bank::new();
    let ran = bank.import(three(), &["--strict"]);
    assert_eq!((ran.code, ran.tally()), (0, [3, 0, 0]));
}

#[test]
fn without_overdraft_a_debit_beyond_the_balance_is_refused() {
    let bank = Bank::new();
    let csv = format!(
        "{HEADER}1993-01-01,1,credit,10,,a\n1993-01-02,1,debit,10.01,,b\n1993-01-03,1,credit,5,,c\n"
    );
    let ran = bank.import(&csv, &["--no-overdraft"]);
    assert_eq!((ran.code, ran.tally()), (1, [2, 0, 1]));
    let refused = [(
        3,
        "the debit of 10.01 was refused: overdraft: the balance is 10.00".to_owned(),
    )];
    assert_eq!(ran.errors(), refused);
    // The refusal is an event, too.
    assert!(ran.out.contains("3 events in "), "{}", ran.out);
    assert_eq!(bank.balance("1"), "15.00 at revision 3");
    let before = bank.ask(&["history", "1"]);
    assert!(before.contains("account.entry-refused"), "{before}");
    // By now the balance would be enough. The row has had its answer.
    for options in [&["--no-overdraft"][..], &[]] {
        let again = bank.import(&csv, options);
        assert_eq!((again.code, again.tally()), (1, [0, 2, 1]));
        assert_eq!(again.errors(), refused);
    }
    assert_eq!(bank.ask(&["history", "1"]), before);
}

#[test]
fn an_overdraft_is_allowed_where_nothing_is_said() {
    let bank = Bank::new();
    let ran = bank.import(format!("{HEADER}1993-01-01,1,debit,10,-10,a\n"), &[]);
    assert_eq!(
        (ran.code, bank.balance("1").as_str()),
        (0, "-10.00 at revision 1")
    );
}

#[test]
fn a_balance_beyond_what_can_be_counted_is_refused() {
    let bank = Bank::new();
    let most = "92233720368547758.07";
    let csv = format!("{HEADER}1993-01-01,1,credit,{most},,a\n1993-01-01,1,credit,0.01,,b\n");
    let ran = bank.import(csv, &[]);
    assert_eq!((ran.code, ran.tally()), (1, [1, 0, 1]));
    assert_eq!(bank.balance("1"), format!("{most} at revision 2"));
}

#[test]
fn a_statement_comes_from_the_standard_input() {
    let bank = Bank::new();
    let mut child = bank
        .command(&["import", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{}nonsense", three()).unwrap();
    drop(input);
    let ran = Ran::new(child.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.tally()), (1, [3, 0, 1]));
    assert!(ran.err.starts_with("standard input:5: "), "{}", ran.err);
}

#[test]
fn what_is_no_statement_leaves_no_database_behind() {
    let bank = Bank::new();
    for csv in ["", "nothing of the kind\n", "date,account,type,amount\n"] {
        let ran = bank.import(csv, &[]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        assert!(
            ran.err.starts_with("error: file.csv isn't a statement: "),
            "{}",
            ran.err
        );
    }
    let ran = bank.run(&["import", "nowhere.csv"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.starts_with("error: nowhere.csv can't be opened: "),
        "{}",
        ran.err
    );
    // A folder opens like a file, and can't be read.
    assert_eq!(bank.run(&["import", "."]).code, 2);
    assert!(!bank.db().exists());
}

#[test]
fn a_statement_without_rows_adds_none() {
    let bank = Bank::new();
    let ran = bank.import(HEADER, &[]);
    assert_eq!((ran.code, ran.tally()), (0, [0, 0, 0]));
}

#[test]
fn accounts_of_any_name_are_imported_and_told() {
    let bank = Bank::new();
    for name in [
        "Müller, \"Söhne\" / Co",
        "💶",
        "'; DROP TABLE events; --",
        "-1",
    ] {
        let quoted = name.replace('"', "\"\"");
        let ran = bank.import(
            format!("{HEADER}1993-01-01,\"{quoted}\",credit,1,1,a\n"),
            &[],
        );
        assert_eq!((ran.code, ran.tally()), (0, [1, 0, 0]), "{ran:?}");
        let told = bank.ask(&["balance", "--", name]);
        assert_eq!(told, "1.00 at revision 1\n");
    }
    assert_eq!(bank.ask(&["accounts"]).lines().count(), 6);
}

#[test]
fn what_is_not_there_is_said_and_makes_no_database() {
    let bank = Bank::new();
    for arguments in [
        &["accounts"][..],
        &["balance", "1"],
        &["statement", "1"],
        &["history", "1"],
        &["verify"],
    ] {
        let ran = bank.run(arguments);
        assert_eq!(ran.code, 2);
        assert!(
            ran.err.contains("there is no database ledger.db"),
            "{}",
            ran.err
        );
    }
    assert!(!bank.db().exists());
    bank.import(three(), &[]);
    let nul = "x".repeat(300);
    for arguments in [
        ["balance", "7"],
        ["statement", "7"],
        ["history", "7"],
        ["balance", &nul],
    ] {
        let ran = bank.run(&arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        assert!(
            ran.err.starts_with("error: there is no account `"),
            "{}",
            ran.err
        );
    }
    let ran = bank.run(&["balance", "1", "--at", "3"]);
    assert_eq!(ran.code, 2);
    assert_eq!(
        ran.err,
        "error: account `1` is at revision 2 and has no revision 3 yet\n"
    );
    assert_eq!(bank.run(&["balance"]).code, 2);
    assert_eq!(bank.run(&["invent"]).code, 2);
}

#[test]
fn a_file_that_is_another_program_s_is_left_alone() {
    let bank = Bank::new();
    std::fs::write(bank.db(), "dear diary").unwrap();
    let ran = bank.import(three(), &[]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""));
    assert_eq!(std::fs::read_to_string(bank.db()).unwrap(), "dear diary");
}

#[test]
fn the_database_is_named_before_or_after_the_command() {
    let bank = Bank::new();
    bank.import(three(), &["--db", "other.db"]);
    assert!(!bank.db().exists());
    assert_eq!(
        bank.ask(&["--db", "other.db", "balance", "2"]),
        "50.00 at revision 1\n"
    );
    assert_eq!(
        bank.ask(&["balance", "2", "--db", "other.db"]),
        "50.00 at revision 1\n"
    );
}

#[test]
fn a_statement_and_a_list_are_told_to_the_cent() {
    let bank = Bank::new();
    bank.import(
        format!("{}1993-01-04,1,credit,0.50,71.00,d\n", three()),
        &[],
    );
    assert_eq!(
        bank.ask(&["statement", "1"]),
        "date                 credit            debit          balance           stated  reference\n\
         1993-01-01           100.00                            100.00           100.00  a\n\
         1993-01-03                             30.50            69.50            69.50  c\n\
         1993-01-04             0.50                             70.00            71.00  d  difference 1.00\n"
    );
    assert_eq!(
        bank.ask(&["accounts"]),
        "         balance   entries  refused  latest      account\n           \
         70.00         3        0  1993-01-04  1\n           \
         50.00         1        0  1993-01-02  2\n          \
         120.00         4                       2 accounts\n"
    );
}

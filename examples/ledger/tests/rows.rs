//! Every way in which a line of a statement can be wrong, and those in which it may look wrong and is right.

use std::io::Cursor;

use ledger::statement::{LONGEST_LINE, NumberedRow, Statement, StatementError};
use ledger::{Cents, Kind, Row, row};

const HEADER: &str = "date,account,type,amount,balance,reference\n";

fn rows(csv: impl Into<Vec<u8>>) -> Vec<NumberedRow> {
    let statement = Statement::new(Cursor::new(csv.into())).unwrap();
    statement.map(Result::unwrap).collect()
}

fn only(csv: impl Into<Vec<u8>>) -> Result<Row, String> {
    let mut rows = rows(csv);
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0).row.map_err(|error| error.to_string())
}

fn header_error(csv: impl Into<Vec<u8>>) -> String {
    match Statement::new(Cursor::new(csv.into())) {
        Err(StatementError::Header(error)) => error.to_string(),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was taken for a statement"),
    }
}

#[test]
fn a_row_is_read() {
    let row = only(format!("{HEADER}1993-02-28,42,debit,12.30,-5,t1\n")).unwrap();
    assert_eq!(row.account, "42");
    assert_eq!(row.effective_at, "1993-02-28T00:00:00Z".parse().unwrap());
    assert_eq!(row::day(row.effective_at).to_string(), "1993-02-28");
    assert_eq!(
        (row.entry.kind, row.entry.cents),
        (Kind::Debit, Cents(1230))
    );
    assert_eq!(row.entry.stated, Some(Cents(-500)));
    assert_eq!(
        (row.entry.reference.as_str(), row.key()),
        ("t1", "42/t1".to_owned())
    );
}

/// A row with this field in this column and nothing wrong elsewhere, and what is said of it.
fn said(column: &str, field: &str) -> String {
    let mut row = ["1993-01-01", "1", "credit", "1", "1", "r"].map(str::to_owned);
    let index = HEADER.trim_end().split(',').position(|name| name == column);
    row[index.unwrap()] = format!("\"{field}\"");
    let error = only(format!("{HEADER}{}\n", row.join(","))).expect_err(field);
    let prefix = format!("`{column}` is `{field}`: it ");
    let reason = error.strip_prefix(&prefix);
    reason
        .unwrap_or_else(|| panic!("{error} doesn't begin with {prefix}"))
        .to_owned()
}

#[test]
fn a_date_is_a_day_of_the_calendar_in_one_form() {
    for date in [
        "1993-02-30",
        "1900-02-29",
        "1993-13-01",
        "1993-00-10",
        "19930101",
        "1993-1-1",
        "01/02/1993",
        "1993-01-01T00:00:00",
        "+001993-01-01",
        "-993-01-01",
        "0000-01-01",
        "9999-12-31",
        "1993-01-0١",
        " 1993-01-01",
        "",
    ] {
        let reason = "isn't a day like `2024-02-29` between the years 1 and 9999";
        assert_eq!(said("date", date), reason);
    }
}

#[test]
fn a_type_is_one_of_two() {
    for kind in ["transfer", "Credit", "credit ", ""] {
        assert_eq!(said("type", kind), "is either `credit` or `debit`");
    }
}

#[test]
fn an_amount_is_digits_and_at_most_two_decimals() {
    for (amount, reason) in [
        ("lots", "isn't a number like `12.30`"),
        ("", "isn't a number like `12.30`"),
        ("+5", "isn't a number like `12.30`"),
        ("1e3", "isn't a number like `12.30`"),
        (" 5 ", "isn't a number like `12.30`"),
        ("NaN", "isn't a number like `12.30`"),
        ("5.", "isn't a number like `12.30`"),
        (".5", "isn't a number like `12.30`"),
        ("1.2.3", "isn't a number like `12.30`"),
        ("--1", "isn't a number like `12.30`"),
        ("1,000.00", "isn't a number like `12.30`"),
        ("0x10", "isn't a number like `12.30`"),
        ("٣", "isn't a number like `12.30`"),
        ("1.234", "has more than two decimals"),
        ("1.000", "has more than two decimals"),
        (
            "92233720368547758.08",
            "is more than an account can hold, 92233720368547758.07",
        ),
        (
            "99999999999999999999999",
            "is more than an account can hold, 92233720368547758.07",
        ),
        (
            "-5.00",
            "is negative, and `type` says which way the money goes",
        ),
        (
            "-0",
            "is negative, and `type` says which way the money goes",
        ),
    ] {
        assert_eq!(said("amount", amount), reason, "{amount}");
    }
    assert_eq!(said("balance", "much"), "isn't a number like `12.30`");
    assert_eq!(said("balance", "1.001"), "has more than two decimals");
}

#[test]
fn a_name_can_be_told_and_shown() {
    for column in ["account", "reference"] {
        assert_eq!(said(column, ""), "is empty");
        assert_eq!(said(column, " 1"), "begins or ends with a space");
        assert_eq!(said(column, "1\u{a0}"), "begins or ends with a space");
    }
    for (account, shown) in [
        ("a\tb", "a\\tb"),
        ("a\0b", "a\\u{0}b"),
        ("\u{1b}[2J", "\\u{1b}[2J"),
    ] {
        let error = only(format!("{HEADER}1993-01-01,{account},credit,1,1,r\n")).unwrap_err();
        assert_eq!(
            error,
            format!("`account` is `{shown}`: it has a control character")
        );
    }
    let error = only(format!(
        "{HEADER}1993-01-01,{},credit,1,1,r\n",
        "x".repeat(257)
    ));
    let shown = "x".repeat(40);
    let expected = format!("`account` is `{shown}…`: it has more than 256 bytes");
    assert_eq!(error.unwrap_err(), expected);
}

#[test]
fn a_row_has_as_many_fields_as_the_header_has_columns() {
    for (row, found) in [
        ("1993-01-01,1,credit,1,r", 5),
        ("1993-01-01,1,credit,1,1,r,", 7),
        ("1993-01-01", 1),
        ("   ", 1),
    ] {
        let error = only(format!("{HEADER}{row}\n")).unwrap_err();
        let expected = format!("the number of its fields is {found}, and that of the columns 6");
        assert_eq!(error, expected);
    }
}

#[test]
fn an_unusual_field_may_be_right() {
    for (row, cents) in [
        ("1993-01-01,1,credit,0,1,r", 0),
        ("1993-01-01,1,credit,5,1,r", 500),
        ("1993-01-01,1,credit,5.1,1,r", 510),
        ("1993-01-01,1,credit,007.50,1,r", 750),
        ("1993-01-01,1,credit,92233720368547758.07,1,r", i64::MAX),
        ("1993-01-01,1,credit,1,-92233720368547758.08,r", 100),
        ("0001-01-01,1,credit,1,,r", 100),
        (
            "2024-02-29,\"Müller, \"\"Söhne\"\" / 💶\",credit,1,1,r",
            100,
        ),
        ("\"1993-01-01\",\"1\",\"credit\",\"1.00\",\"1\",\"r\"", 100),
        ("1993-01-01,-1,credit,1,1,r", 100),
    ] {
        let read = only(format!("{HEADER}{row}\n")).expect(row);
        assert_eq!(read.entry.cents, Cents(cents), "{row}");
    }
    let named = only(format!(
        "{HEADER}2024-02-29,\"a, \"\"b\"\" / c\",credit,1,1,r"
    ))
    .unwrap();
    assert_eq!(named.account, "a, \"b\" / c");
    assert_eq!(named.entry.stated, Some(Cents(100)));
}

#[test]
fn bytes_that_are_not_utf_8_cost_one_row() {
    let mut csv = HEADER.as_bytes().to_vec();
    csv.extend(b"1993-01-01,M\xFCller,credit,1,1,r1\n1993-01-01,1,credit,1,1,r2\n");
    let rows = rows(csv);
    assert_eq!(rows[0].line, 2);
    assert_eq!(
        rows[0].row.as_ref().unwrap_err().to_string(),
        "`account` isn't UTF-8"
    );
    assert!(rows[1].row.is_ok());
}

#[test]
fn a_stray_quote_or_an_endless_line_costs_one_row() {
    let endless = "x".repeat(3 * LONGEST_LINE);
    let rows = rows(format!(
        "{HEADER}1993-01-01,\"1,credit,1,1,r1\n1993-01-01,1,credit,1,1,r2\n{endless}\n1993-01-01,1,credit,1,1,r3\n"
    ));
    let read: Vec<_> = rows
        .iter()
        .map(|row| (row.line, row.row.as_ref().err().map(ToString::to_string)))
        .collect();
    let quote = "a quote is opened and not closed on the same line".to_owned();
    let long = "the line is longer than 65536 bytes".to_owned();
    assert_eq!(
        read,
        [(2, Some(quote)), (3, None), (4, Some(long)), (5, None)]
    );
}

#[test]
fn a_line_has_its_number_whatever_ends_it() {
    let csv = format!("{HEADER}\n\n1993-01-01,1,credit,1,1,r1\n\n1993-01-01,1,nothing,1,1,r2");
    for csv in [
        csv.clone(),
        csv.replace('\n', "\r\n"),
        format!("\u{FEFF}{csv}"),
    ] {
        let rows = rows(csv);
        let lines: Vec<_> = rows.iter().map(|row| (row.line, row.row.is_ok())).collect();
        assert_eq!(lines, [(4, true), (6, false)]);
    }
}

#[test]
fn a_byte_order_mark_belongs_at_the_beginning() {
    let rows = rows(format!(
        "{HEADER}\u{FEFF}\n\u{FEFF}1993-01-01,1,credit,1,1,r1\n"
    ));
    let read: Vec<_> = rows.iter().map(|row| (row.line, row.row.is_ok())).collect();
    assert_eq!(read, [(2, false), (3, false)]);
}

#[test]
fn the_longest_line_is_still_read() {
    // A quoted name of repeated quotes, so that only the line is long.
    for (extra, end) in [(0, "\n"), (0, "\r\n"), (0, ""), (1, "\n"), (1, "\r\n")] {
        let start = "1993-01-01,1,credit,1,1,";
        let line = format!("{start}{}", "r".repeat(LONGEST_LINE - start.len() + extra));
        let error = only(format!("{HEADER}{line}{end}")).unwrap_err();
        assert_eq!(error.contains("the line is longer"), extra == 1, "{error}");
    }
}

#[test]
fn columns_may_stand_in_any_order_and_the_balance_may_be_missing() {
    let row = only("reference,amount,type,account,date\nr1,5,debit,7,1993-01-01\n").unwrap();
    assert_eq!(
        (row.account.as_str(), row.entry.reference.as_str()),
        ("7", "r1")
    );
    assert_eq!((row.entry.cents, row.entry.stated), (Cents(500), None));
    assert_eq!(rows("date,account,type,amount,reference\n"), []);
}

#[test]
fn what_is_no_statement_is_refused_whole() {
    let expected = "the first line names the columns, in any order: \
                    date,account,type,amount,reference, and balance if the bank states it";
    for (csv, error) in [
        ("", format!("it is empty; {expected}")),
        (
            "\n1993-01-01,1,credit,1,1,r\n",
            format!("it is empty; {expected}"),
        ),
        ("\u{FEFF}", format!("it is empty; {expected}")),
        (
            "1993-01-01,1,credit,1,1,r\n",
            format!("its first line has `1993-01-01`; {expected}"),
        ),
        (
            "date,account,type,amount,balanse,reference\n",
            format!("its first line has `balanse`; {expected}"),
        ),
        (
            "Date,account,type,amount,reference\n",
            format!("its first line has `Date`; {expected}"),
        ),
        (
            "date,account,type,amount,date,reference\n",
            "its first line has `date` twice".to_owned(),
        ),
        (
            "date,account,type,amount\n",
            format!("its first line lacks `reference`; {expected}"),
        ),
        (
            "date;account;type;amount;reference\n",
            format!("its first line has `date;account;type;amount;reference`; {expected}"),
        ),
        (
            "date,\"account,type,amount\n",
            format!("its first line isn't CSV in UTF-8; {expected}"),
        ),
    ] {
        assert_eq!(header_error(csv), error, "{csv:?}");
    }
    assert!(header_error(*b"\xFF\xFEd\0a\0").contains("UTF-16"));
    assert!(header_error(*b"date,acc\xFFount\n").contains("UTF-8"));
    assert!(header_error(vec![b'x'; 2 * LONGEST_LINE]).contains("isn't CSV"));
}

proptest::proptest! {
    // Without a file of failures, as a test has no place for it.
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    /// Pieces of what a statement is made of, and of what it isn't.
    #[test]
    fn no_bytes_are_too_much(pieces in proptest::collection::vec(proptest::sample::select(vec![
        &b"1993-01-01"[..], b",", b"\"", b"\r", b"\n", b"\xEF\xBB\xBF", b"\xFF", b"credit", b"1.00", b"\0", b"",
    ]), 0..60)) {
        let csv = [HEADER.as_bytes(), &pieces.concat()].concat();
        let lines = csv.split(|byte| *byte == b'\n').count() as u64;
        let rows = rows(csv);
        proptest::prop_assert!(rows.iter().all(|row| (2..=lines).contains(&row.line)));
        proptest::prop_assert!(rows.windows(2).all(|pair| pair[0].line < pair[1].line));
    }
}

//! What differs between two days, and who made it so.

mod support;

use support::Bank;

#[test]
fn a_difference_names_the_fields_and_the_entries() {
    let bank = Bank::with_sample();
    let days = ["--from", "2024-03-01", "--to", "2024-03-13"];
    assert_eq!(
        bank.ask(&[&["diff", "1004"], &days[..]].concat()),
        "balance: 1272.01 → 2826.11\n\
         entries: 12 → 15\n\
         latest: \"2024-02-23T00:00:00Z\" → \"2024-03-13T00:00:00Z\"\n\
         + 2024-03-07  credit          1334.66  R000534\n\
         + 2024-03-09  credit           795.23  R000556\n\
         + 2024-03-13  debit            575.79  R000590\n"
    );
    let reversed = ["diff", "1004", "--from", "2024-03-13", "--to", "2024-03-09"];
    assert!(
        bank.ask(&reversed)
            .ends_with("- 2024-03-13  debit            575.79  R000590\n")
    );
    let same = ["diff", "1004", "--from", "2024-03-10", "--to", "2024-03-12"];
    assert_eq!(bank.ask(&same), "nothing differs\n");
    let patch = bank.ask(&[&["diff", "1004"], &days[..], &["--json-patch"]].concat());
    let patch: serde_json::Value = serde_json::from_str(&patch).unwrap();
    assert_eq!(
        patch[0],
        serde_json::json!({"op": "replace", "path": "/balance", "value": 282_611})
    );
}

#[test]
fn a_difference_tells_nothing_that_the_account_keeps_for_itself() {
    let bank = Bank::new();
    bank.import(
        format!("{}1993-01-01,1,credit,10,,a\n", support::HEADER),
        &[],
    );
    let day = ["--date", "1993-01-02", "--type", "credit", "--amount", "5"];
    bank.ask(&[&["insert", "1", "b"], &day[..], &["--reason", "forgotten"]].concat());
    assert_eq!(
        bank.ask(&["diff", "1", "--from", "1993-01-01", "--to", "1993-01-02"]),
        "balance: 10.00 → 15.00\n\
         entries: 1 → 2\n\
         latest: \"1993-01-01T00:00:00Z\" → \"1993-01-02T00:00:00Z\"\n\
         + 1993-01-02  credit             5.00  b\n"
    );
}

#[test]
fn the_audit_trail_is_text_json_lines_or_csv() {
    let bank = Bank::with_sample();
    bank.ask(&[
        "retract",
        "1023",
        "R000290",
        "--reason",
        "printed twice, \"again\"",
        "--by",
        "bob",
    ]);
    let text = bank.ask(&["audit", "1023"]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 76);
    assert!(lines[8].ends_with(
        " account/1023 9 account.debited, effective 2024-02-05T00:00:00Z, by import: line 291 of file.csv [corrected by 76]"
    ));
    assert!(
        lines[75].ends_with(
            " account/1023 76 es.retracted, corrects 9, by bob: printed twice, \"again\""
        )
    );
    let json = bank.ask(&["audit", "1023", "--format", "json-lines"]);
    let entries: Vec<serde_json::Value> = json
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(entries.len(), 76);
    assert_eq!(
        (&entries[75]["corrects"], &entries[8]["corrected_by"]),
        (&9.into(), &76.into())
    );
    let csv = bank.ask(&["audit", "1023", "--format", "csv"]);
    let rows: Vec<_> = csv::Reader::from_reader(csv.as_bytes())
        .into_records()
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        (rows.len(), &rows[75][7], &rows[75][8]),
        (76, "bob", "printed twice, \"again\"")
    );
}

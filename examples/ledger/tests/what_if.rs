//! What would be if the past were another.

mod support;

use support::{Bank, HEADER};

/// An account with three entries, the last of which was booked on the condition that the balance covers it.
fn three() -> Bank {
    let bank = Bank::new();
    let rows = "1993-01-01,1,credit,10,,a=1\n1993-01-02,1,credit,20,,b\n1993-01-03,1,debit,25,,c\n";
    bank.import(format!("{HEADER}{rows}"), &["--no-overdraft"]);
    bank
}

#[test]
fn a_past_that_is_supposed_is_shown_entry_by_entry_and_not_written() {
    let bank = three();
    let trail = bank.ask(&["audit", "1"]);
    let suppositions = [
        "--amount",
        "a=1=15.50",
        "--credit",
        "1@1993-01-02",
        "--debit",
        "0.50@1993-01-04",
    ];
    assert_eq!(
        bank.ask(&[&["what-if", "1", "--without", "b"], &suppositions[..]].concat()),
        "  date        type             amount          balance         would be  reference
- 1993-01-01  credit            10.00            10.00             0.00  a=1
+ 1993-01-01  credit            15.50            10.00            15.50  a=1
- 1993-01-02  credit            20.00            30.00            15.50  b
+ 1993-01-02  credit             1.00            30.00            16.50  what if
  1993-01-03  debit             25.00             5.00            -8.50  c  couldn't have been booked: overdraft: the balance is 16.50
+ 1993-01-04  debit              0.50             5.00            -9.00  what if
the balance is 5.00 and would be -9.00
"
    );
    assert_eq!(bank.ask(&["audit", "1"]), trail);
}

#[test]
fn it_is_asked_as_of_any_time() {
    let bank = three();
    bank.ask(&["correct", "1", "b", "--amount", "21", "--reason", "a slip"]);
    for (when, told) in [
        (
            &["--on", "1993-01-02"][..],
            "the balance is 31.00 and would be 10.00\n",
        ),
        (&["--at", "2"], "the balance is 30.00 and would be 10.00\n"),
        (
            &["--on", "1993-01-03", "--at", "3"],
            "the balance is 5.00 and would be -15.00\n",
        ),
        (&[], "the balance is 6.00 and would be -15.00\n"),
    ] {
        let out = bank.ask(&[&["what-if", "1", "--without", "b"], when].concat());
        assert!(out.ends_with(told), "{when:?}: {out}");
    }
}

#[test]
fn what_can_t_be_supposed_is_said() {
    let bank = three();
    for (supposition, told) in [
        (
            &["what-if", "7", "--without", "a"][..],
            "there is no account `7`",
        ),
        (&["what-if", "1"], "required arguments were not provided"),
        (
            &["what-if", "1", "--without", "d"],
            "account `1` has no entry `d`",
        ),
        (
            &["what-if", "1", "--without", "c", "--at", "2"],
            "account `1` has no entry `c`",
        ),
        (
            &["what-if", "1", "--without", "c", "--at", "9"],
            "has no revision 9 yet",
        ),
        (
            &["what-if", "1", "--without", "a=1", "--without", "a=1"],
            "entry `a=1` is named twice",
        ),
        (
            &["what-if", "1", "--amount", "b"],
            "it isn't REFERENCE=AMOUNT",
        ),
        (
            &["what-if", "1", "--amount", "b=1.234"],
            "it has more than two decimals",
        ),
        (&["what-if", "1", "--credit", "1"], "it isn't AMOUNT@DAY"),
        (&["what-if", "1", "--debit=-1@1993-01-01"], "it is negative"),
        (
            &["what-if", "1", "--debit", "1@1993-02-29"],
            "1993-02-29: it isn't a day like",
        ),
    ] {
        let said = bank.refuse(supposition);
        assert!(said.contains(told), "{supposition:?}: {said}");
    }
}

//! A balance over time, drawn.

mod support;

use support::{Bank, HEADER};

fn bank() -> Bank {
    let bank = Bank::new();
    let rows = "1993-01-01,1,credit,20,20,a\n1993-01-11,1,debit,30,-10,b\n1993-01-21,1,credit,40,30,c\n1993-01-31,1,debit,5,25,d\n";
    bank.import(format!("{HEADER}{rows}"), &[]);
    bank
}

#[test]
fn a_balance_is_drawn_as_steps() {
    let bank = bank();
    let picture = bank.ask(&["chart", "1", "--width", "40", "--height", "9"]);
    assert_eq!(
        picture,
        "balance of 1, 1993-01-01 to 1993-01-31

 30.00 ┤                     ╭─────────╮
       │                     │         ╰
 20.00 ┤───────────╮         │
       │           │         │
 10.00 ┤           │         │
       │           │         │
  0.00 ┤┈┈┈┈┈┈┈┈┈┈┈│┈┈┈┈┈┈┈┈┈│┈┈┈┈┈┈┈┈┈┈
       │           │         │
-10.00 ┤           ╰─────────╯
       └────────────────────────────────
        1993-01-01            1993-01-31
"
    );
}

#[test]
fn days_and_knowledge_can_be_chosen() {
    let bank = bank();
    bank.ask(&["retract", "1", "b", "--reason", "a slip"]);
    let now = bank.ask(&["chart", "1", "--from", "1992-12-22", "--to", "1993-01-20"]);
    assert!(
        now.starts_with("balance of 1, 1992-12-22 to 1993-01-20\n"),
        "{now}"
    );
    assert!(!now.contains("-10.00"), "{now}");
    // Before the first entry there is no line.
    let drawn = now.lines().find(|line| line.contains('─')).unwrap();
    assert!(
        drawn.contains("┤                      ") && drawn.ends_with('─'),
        "{now}"
    );
    let then = bank.ask(&["chart", "1", "--at", "4"]);
    assert!(then.contains("-10.00 ┤"), "{then}");
}

#[test]
fn a_picture_is_an_svg_file() {
    let bank = bank();
    let file = bank.folder().join("one.svg");
    bank.ask(&["chart", "1", "--svg", "one.svg"]);
    let svg = std::fs::read_to_string(&file).unwrap();
    assert!(
        svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.ends_with("</svg>\n")
    );
    assert!(svg.contains("<title>balance of 1, 1993-01-01 to 1993-01-31</title>"));
    // 20, then -10 from the 11th day on, 30 from the 21st and 25 on the 31st, of 31 days and from -10 to 30.
    assert!(
        svg.contains("d=\"M200 235H629V730H1058V70H1487V153H1530\""),
        "{svg}"
    );
    // A picture is drawn again, with what is known now.
    bank.ask(&["retract", "1", "b", "--reason", "a slip"]);
    bank.ask(&["chart", "1", "--svg", "one.svg"]);
    assert_ne!(std::fs::read_to_string(&file).unwrap(), svg);
}

#[test]
fn only_a_picture_is_written_over() {
    let bank = bank();
    let trail = bank.ask(&["audit", "1"]);
    std::fs::write(bank.folder().join("short"), "<svg").unwrap();
    let kept = ["file.csv", "short"].map(|file| bank.folder().join(file));
    let before = kept.each_ref().map(|file| std::fs::read(file).unwrap());
    for file in ["ledger.db", "file.csv", "short"] {
        let told = bank.refuse(&["chart", "1", "--svg", file]);
        assert!(
            told.contains(&format!("{file} can't be written: it is there already")),
            "{told}"
        );
    }
    assert_eq!(kept.map(|file| std::fs::read(file).unwrap()), before);
    // The database itself may tidy its file up.
    assert_eq!(bank.ask(&["audit", "1"]), trail);
    let told = bank.refuse(&["chart", "1", "--svg", "none/one.svg"]);
    assert!(told.contains("none/one.svg can't be written"), "{told}");
}

#[test]
fn an_account_s_name_is_text_in_the_picture() {
    let bank = Bank::new();
    bank.import(
        format!("{HEADER}1993-01-01,\"<a&\"\"b>\",credit,20,20,a\n"),
        &[],
    );
    bank.ask(&["chart", "<a&\"b>", "--svg", "one.svg"]);
    let svg = std::fs::read_to_string(bank.folder().join("one.svg")).unwrap();
    assert!(
        svg.contains("balance of &lt;a&amp;&quot;b&gt;, ") && !svg.contains("<a&"),
        "{svg}"
    );
}

#[test]
fn the_extremes_of_a_balance_are_drawn_to_scale() {
    let bank = Bank::new();
    let most = "92233720368547758.07";
    let rows = format!(
        "1993-01-01,1,credit,{most},,a\n1993-01-02,1,debit,{most},,b\n1993-01-03,1,debit,{most},,c\n"
    );
    bank.import(format!("{HEADER}{rows}"), &[]);
    let picture = bank.ask(&["chart", "1", "--width", "60"]);
    assert!(
        picture.contains(" 100000000000000000.00 ┤")
            && picture.contains("-100000000000000000.00 ┤"),
        "{picture}"
    );
    // Nothing at all has a scale, too, and many years.
    bank.import(
        format!("{HEADER}0001-01-01,2,credit,0,,a\n9999-12-30,2,credit,0,,b\n"),
        &[],
    );
    assert!(bank.ask(&["chart", "2"]).contains("0001-01-01"));
}

#[test]
fn what_can_t_be_drawn_is_said() {
    let bank = bank();
    bank.import(format!("{HEADER}1993-01-01,2,credit,20,20,a\n"), &[]);
    bank.ask(&["retract", "2", "a", "--reason", "a slip"]);
    for (arguments, told) in [
        (&["chart", "7"][..], "there is no account `7`"),
        (&["chart", "2"], "account `2` has no entry to be drawn"),
        (
            &["chart", "1", "--known-at", "1993-01-01T00:00:00Z"],
            "account `1` has no entry to be drawn",
        ),
        (
            &["chart", "1", "--from", "1993-01-02", "--to", "1993-01-01"],
            "the first day, 1993-01-02, is after the last",
        ),
        (
            &["chart", "1", "--from", "1994-01-01"],
            "the first day, 1994-01-01, is after the last, 1993-01-31",
        ),
        (&["chart", "1", "--width", "10"], "10 is not in 40..=1000"),
        (&["chart", "1", "--height", "tall"], "invalid digit"),
    ] {
        let said = bank.refuse(arguments);
        assert!(said.contains(told), "{arguments:?}: {said}");
    }
}

//! The shipped statement, and the code that wrote it: a year of an invented bank, with mistakes whose places are known.

use std::fmt::Write;

use jiff::ToSpan;
use jiff::civil::{Date, date};

use crate::{Cents, Kind};

/// The statement as it is shipped.
pub const CSV: &str = include_str!("../sample.csv");

/// A statement, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The statement.
    pub csv: String,
    /// The rows, by account and reference, at which the difference between the stated balance and the entries changes.
    pub drifts: Vec<(String, String)>,
}

/// A mistake of the invented bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mistake {
    /// The balance is misprinted, and right again on the next row.
    Balance,
    /// The row is missing.
    Missing,
    /// The amount is misprinted.
    Amount,
    /// The row stands there again, with another reference.
    Twice,
}

/// Which row of which account is wrong.
const MISTAKES: [(&str, u32, Mistake); 6] = [
    ("1004", 12, Mistake::Balance),
    ("1009", 30, Mistake::Missing),
    ("1017", 41, Mistake::Amount),
    ("1023", 8, Mistake::Twice),
    ("1023", 55, Mistake::Balance),
    ("Petty cash, till 2", 20, Mistake::Amount),
];

/// The accounts that go below zero now and then.
const OVERDRAWN: [&str; 2] = ["1007", "1030"];

/// In cents.
const UNIT: i64 = 100;

const FIRST_DAY: Date = date(2024, 1, 1);
const LAST_DAY: Date = date(2024, 12, 31);

/// The names of the accounts.
pub fn accounts() -> Vec<String> {
    let numbered = (1001..=1038).map(|number: u32| number.to_string());
    let named = ["Petty cash, till 2", "Ødegård \"Kari\""].map(str::to_owned);
    numbered.chain(named).collect()
}

/// Writes the statement, the same at every call and on every machine.
pub fn generate() -> Sample {
    let mut bank = Bank::new();
    let mut day = FIRST_DAY;
    while day <= LAST_DAY {
        for _ in 0..6 + bank.random.below(5) {
            bank.book(day);
        }
        // The next day lies within the calendar, a year after 2024 at the latest.
        day = day.saturating_add(1.day());
    }
    bank.sample
}

/// The invented bank, which knows its balances well, and prints them with mistakes.
struct Bank {
    random: Random,
    accounts: Vec<BankAccount>,
    references: u32,
    sample: Sample,
}

struct BankAccount {
    name: String,
    balance: i64,
    booked: u32,
    /// How much the printed rows differ from the true balance, before the next row.
    difference: i64,
    /// The difference as the last printed row showed it.
    shown: i64,
}

/// A row to be printed.
struct Printed {
    day: Date,
    kind: Kind,
    amount: i64,
    stated: i64,
}

impl Bank {
    fn new() -> Self {
        let account = |name| BankAccount {
            name,
            balance: 0,
            booked: 0,
            difference: 0,
            shown: 0,
        };
        Self {
            random: Random(2024),
            accounts: accounts().into_iter().map(account).collect(),
            references: 0,
            sample: Sample {
                csv: "date,account,type,amount,balance,reference\n".to_owned(),
                drifts: Vec::new(),
            },
        }
    }

    /// Books an entry of some account, and prints it.
    fn book(&mut self, day: Date) {
        let index = usize::try_from(self.random.below(self.accounts.len() as u64)).unwrap_or(0);
        let (kind, amount) = self.entry(index);
        let account = &mut self.accounts[index];
        account.booked += 1;
        let signed = sign(kind, amount);
        account.balance += signed;
        let (booked, stated) = (account.booked, account.balance);
        let made = |(name, row, _): &&(&str, u32, _)| *name == account.name && *row == booked;
        let mistake = MISTAKES.iter().find(made).map(|(_, _, mistake)| *mistake);
        let row = Printed {
            day,
            kind,
            amount,
            stated,
        };
        match mistake {
            None => self.print(index, &row),
            // The row that follows prints the true balance again.
            Some(Mistake::Balance) => {
                let stated = stated + 27 * UNIT;
                self.print(index, &Printed { stated, ..row });
            }
            Some(Mistake::Missing) => {
                account.difference += signed;
                self.references += 1;
            }
            Some(Mistake::Amount) => {
                let amount = amount + 990;
                account.difference += signed - sign(kind, amount);
                self.print(index, &Printed { amount, ..row });
            }
            Some(Mistake::Twice) => {
                self.print(index, &row);
                self.accounts[index].difference -= signed;
                self.print(index, &row);
            }
        }
    }

    /// What is booked: money comes in where little is left, and more often goes out.
    fn entry(&mut self, index: usize) -> (Kind, i64) {
        let account = &self.accounts[index];
        let credit = 100 * UNIT + self.random.amount(1_400 * UNIT);
        let overdraft = if OVERDRAWN.contains(&account.name.as_str()) {
            200 * UNIT
        } else {
            0
        };
        let available = account.balance + overdraft;
        if account.booked == 0 || available < 20 * UNIT || self.random.below(5) < 2 {
            return (Kind::Credit, credit);
        }
        (
            Kind::Debit,
            UNIT + self.random.amount((available - UNIT).min(600 * UNIT)),
        )
    }

    fn print(&mut self, index: usize, row: &Printed) {
        let account = &mut self.accounts[index];
        self.references += 1;
        let reference = format!("R{:06}", self.references);
        let shown = account.difference + row.stated - account.balance;
        if shown != account.shown {
            account.shown = shown;
            let drift = (account.name.clone(), reference.clone());
            self.sample.drifts.push(drift);
        }
        let Printed {
            day,
            kind,
            amount,
            stated,
        } = row;
        let (name, amount, stated) = (field(&account.name), Cents(*amount), Cents(*stated));
        // Writing to a string can't fail.
        let _ = writeln!(
            self.sample.csv,
            "{day},{name},{kind},{amount},{stated},{reference}"
        );
    }
}

fn sign(kind: Kind, amount: i64) -> i64 {
    match kind {
        Kind::Credit => amount,
        Kind::Debit => -amount,
    }
}

/// A field of CSV, in quotes where it needs them.
fn field(text: &str) -> String {
    if text.contains(['"', ',']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// `SplitMix64`, public domain: a few lines whose numbers no library's next version changes.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Up to so many cents.
    fn amount(&mut self, most: i64) -> i64 {
        let most = u64::try_from(most).unwrap_or(0);
        i64::try_from(self.below(most + 1)).unwrap_or(0)
    }
}

//! What came in and went out each month, by account: a read model made of the entries.

use std::collections::BTreeMap;
use std::fmt;

use es_core::{Apply, Corrected, Projection, Recorded, StreamId, Timestamp};

use crate::row::day;
use crate::{Credited, Debited, Difference, Kind};

/// The totals of each account and month. What is corrected is taken out of its month, and what is so put into its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Projection)]
#[projection(name = "monthly-totals", version = 1, corrections)]
#[event(Credited)]
#[event(Debited)]
pub struct MonthlyTotals {
    accounts: BTreeMap<String, BTreeMap<Month, Totals>>,
}

/// A month of a year, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    year: i16,
    month: i8,
}

/// What came in and went out, in cents. Exact, however many entries there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many entries were booked.
    pub entries: i64,
    /// What came in.
    pub credits: Difference,
    /// What went out.
    pub debits: Difference,
}

impl Apply<Recorded<Credited>> for MonthlyTotals {
    fn apply(&mut self, credited: Recorded<Credited>) {
        self.credit(&credited, 1);
    }
}

impl Apply<Recorded<Debited>> for MonthlyTotals {
    fn apply(&mut self, debited: Recorded<Debited>) {
        self.debit(&debited, 1);
    }
}

impl Apply<Corrected<Credited>> for MonthlyTotals {
    fn apply(&mut self, corrected: Corrected<Credited>) {
        if let Some(before) = &corrected.before {
            self.credit(before, -1);
        }
        if let Some(after) = &corrected.after {
            self.credit(after, 1);
        }
    }
}

impl Apply<Corrected<Debited>> for MonthlyTotals {
    fn apply(&mut self, corrected: Corrected<Debited>) {
        if let Some(before) = &corrected.before {
            self.debit(before, -1);
        }
        if let Some(after) = &corrected.after {
            self.debit(after, 1);
        }
    }
}

impl MonthlyTotals {
    fn credit(&mut self, credited: &Recorded<Credited>, sign: i64) {
        let entry = (Kind::Credit, credited.cents.0.into());
        self.count(&credited.stream, credited.effective_at, entry, sign);
    }

    fn debit(&mut self, debited: &Recorded<Debited>, sign: i64) {
        let entry = (Kind::Debit, debited.cents.0.into());
        self.count(&debited.stream, debited.effective_at, entry, sign);
    }

    fn count(&mut self, stream: &StreamId, at: Timestamp, entry: (Kind, i128), sign: i64) {
        let account = self.accounts.entry(stream.id().to_owned()).or_default();
        let month = Month::of(at);
        let totals = account.entry(month).or_default();
        let (kind, cents) = entry;
        totals.entries += sign;
        match kind {
            Kind::Credit => totals.credits.0 += cents * i128::from(sign),
            Kind::Debit => totals.debits.0 += cents * i128::from(sign),
        }
        // Where nothing counts any more nothing happened.
        if *totals == Totals::default() {
            account.remove(&month);
        }
        if account.is_empty() {
            self.accounts.remove(stream.id());
        }
    }

    /// The accounts, and the totals of each by month.
    pub fn accounts(&self) -> impl Iterator<Item = (&String, &BTreeMap<Month, Totals>)> {
        self.accounts.iter()
    }

    /// The totals of all accounts by month.
    pub fn over_all(&self) -> BTreeMap<Month, Totals> {
        let mut all = BTreeMap::<Month, Totals>::new();
        for (month, totals) in self.accounts.values().flatten() {
            all.entry(*month).or_default().add(totals);
        }
        all
    }
}

impl Month {
    fn of(instant: Timestamp) -> Self {
        let day = day(instant);
        let (year, month) = (day.year(), day.month());
        Self { year, month }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl Totals {
    /// What is left of what came in.
    pub fn net(&self) -> Difference {
        Difference(self.credits.0 - self.debits.0)
    }

    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.entries += other.entries;
        self.credits.0 += other.credits.0;
        self.debits.0 += other.debits.0;
    }
}

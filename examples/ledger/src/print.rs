//! What a terminal shows: columns aligned, sums exact, and what may be long comes last.

use std::borrow::Cow;
use std::io::{self, Write};
use std::time::Duration;

use es_core::{EventSet, Recorded, Timestamp};

use crate::day::Day;
use crate::import::Tally;
use crate::row::day;
use crate::verify::Audit;
use crate::{Account, AccountEvent, Cents, Difference, Entry, Kind};

/// A name without what would move the cursor.
pub(crate) fn visible(name: &str) -> Cow<'_, str> {
    if name.chars().any(char::is_control) {
        name.escape_debug().to_string().into()
    } else {
        name.into()
    }
}

/// `1 row`, `2 rows`.
pub(crate) fn count(number: impl Into<u64>, singular: &str, plural: &str) -> String {
    let number = number.into();
    format!("{number} {}", if number == 1 { singular } else { plural })
}

fn day_or_nothing(instant: Option<Timestamp>) -> String {
    instant.map_or_else(String::new, |instant| day(instant).to_string())
}

/// All accounts, one a line.
pub(crate) fn accounts(out: &mut dyn Write, accounts: &[(String, Account)]) -> io::Result<()> {
    writeln!(
        out,
        "{:>16} {:>9} {:>8}  {:10}  account",
        "balance", "entries", "refused", "latest"
    )?;
    let mut sum = Difference(0);
    for (name, account) in accounts {
        sum.0 += i128::from(account.balance().0);
        writeln!(
            out,
            "{:>16} {:>9} {:>8}  {:10}  {}",
            account.balance(),
            account.entries(),
            account.refused(),
            day_or_nothing(account.latest()),
            visible(name)
        )?;
    }
    let total: u64 = accounts.iter().map(|(_, account)| account.entries()).sum();
    let accounts = count(accounts.len() as u64, "account", "accounts");
    writeln!(out, "{sum:>16} {total:>9} {:8}  {:10}  {accounts}", "", "")
}

/// What stands above a statement.
pub(crate) fn statement_head(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{:10} {:>16} {:>16} {:>16} {:>16}  reference",
        "date", "credit", "debit", "balance", "stated"
    )
}

/// A line of a statement; of an entry that was refused too, with the balance that it left alone.
pub(crate) fn statement_line(
    out: &mut dyn Write,
    event: &Recorded<AccountEvent>,
    state: &Account,
) -> io::Result<()> {
    let balance = state.balance();
    let Entry {
        kind,
        cents,
        stated,
        reference,
    } = event.event.entry();
    let (credit, debit) = match kind {
        Kind::Credit => (cents.to_string(), String::new()),
        Kind::Debit => (String::new(), cents.to_string()),
    };
    let stated_text = stated.map_or_else(String::new, |stated| stated.to_string());
    write!(
        out,
        "{} {credit:>16} {debit:>16} {balance:>16} {stated_text:>16}  {}",
        day(event.effective_at),
        visible(&reference)
    )?;
    if event.event.refusal().is_some() {
        write!(out, "  refused")?;
    }
    if let Some(stated) = stated
        && stated != balance
    {
        write!(out, "  difference {}", stated.difference(balance))?;
    }
    writeln!(out)
}

/// The balance before the first line of a statement that doesn't begin with the first entry.
pub(crate) fn opening_line(out: &mut dyn Write, from: Day, balance: Cents) -> io::Result<()> {
    writeln!(
        out,
        "{from} {:>16} {:>16} {balance:>16} {:>16}  brought forward",
        "", "", ""
    )
}

/// An entry, with a sign that says whether it comes or goes.
pub(crate) fn entry_line(
    out: &mut dyn Write,
    sign: char,
    event: &Recorded<AccountEvent>,
) -> io::Result<()> {
    let entry = event.event.entry();
    write!(
        out,
        "{sign} {}  {:6} {:>16}  {}",
        day(event.effective_at),
        entry.kind,
        entry.cents,
        visible(&entry.reference)
    )?;
    if event.event.refusal().is_some() {
        write!(out, "  refused")?;
    }
    writeln!(out)
}

/// What stands above a history.
pub(crate) fn history_head(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{:>8}  {:27}  {:10}  {:21} {:>16} {:>16}  reference, who and why",
        "revision", "recorded at", "effective", "event", "amount", "balance"
    )
}

/// An event of a history, with the balance after it.
pub(crate) fn history_line(
    out: &mut dyn Write,
    event: &Recorded<AccountEvent>,
    state: &Account,
) -> io::Result<()> {
    let entry = event.event.entry();
    write!(
        out,
        "{:>8}  {:27}  {}  {:21} {:>16} {:>16}  {}",
        event.revision.number(),
        event.recorded_at.to_string(),
        day(event.effective_at),
        event.event.descriptor().name,
        entry.cents,
        state.balance(),
        visible(&entry.reference),
    )?;
    if let Some(refusal) = event.event.refusal() {
        write!(out, "; {} refused, {refusal}", entry.kind)?;
    }
    let said = [&event.metadata.actor, &event.metadata.reason];
    for said in said.into_iter().flatten() {
        write!(out, "; {}", visible(said))?;
    }
    writeln!(out)
}

/// What an import came to.
pub(crate) fn tally(
    out: &mut dyn Write,
    source: &str,
    tally: &Tally,
    took: Duration,
) -> io::Result<()> {
    let rows = tally.added + tally.repeated + tally.failed;
    writeln!(out, "{}: {}", visible(source), count(rows, "row", "rows"))?;
    writeln!(out, "{:>10} added", tally.added)?;
    writeln!(out, "{:>10} imported before", tally.repeated)?;
    writeln!(out, "{:>10} with an error", tally.failed)?;
    let (events, seconds) = (count(tally.events, "event", "events"), took.as_secs_f64());
    write!(out, "{events} in {seconds:.2} s")?;
    if tally.events > 0 {
        #[expect(clippy::cast_precision_loss, reason = "it is printed to whole events")]
        let rate = tally.events as f64 / seconds;
        write!(out, ", {rate:.0} events per second")?;
    }
    writeln!(out)
}

/// What refolding found.
pub(crate) fn audits(out: &mut dyn Write, audits: &[Audit]) -> io::Result<()> {
    let drifting: Vec<&Audit> = audits.iter().filter(|a| !a.drifts.is_empty()).collect();
    if !drifting.is_empty() {
        drifts(out, &drifting)?;
        writeln!(out)?;
    }
    for audit in audits {
        for revision in &audit.wrong_snapshots {
            let account = visible(&audit.account);
            writeln!(
                out,
                "the snapshot of {account} at revision {revision} isn't what its events come to"
            )?;
        }
    }
    summary(out, audits)
}

fn drifts(out: &mut dyn Write, drifting: &[&Audit]) -> io::Result<()> {
    let names = drifting
        .iter()
        .map(|audit| visible(&audit.account).chars().count());
    let width = names.max().unwrap_or(0).max("account".len());
    writeln!(
        out,
        "{:width$} {:>8}  {:10} {:>16} {:>16} {:>16} {:>16}  reference",
        "account", "revision", "date", "stated", "folded", "difference", "before"
    )?;
    for audit in drifting {
        for drift in &audit.drifts {
            writeln!(
                out,
                "{:width$} {:>8}  {} {:>16} {:>16} {:>16} {:>16}  {}",
                visible(&audit.account),
                drift.revision.number(),
                day(drift.effective_at),
                drift.stated,
                drift.folded,
                drift.difference(),
                drift.before,
                visible(&drift.reference),
            )?;
        }
    }
    Ok(())
}

fn summary(out: &mut dyn Write, audits: &[Audit]) -> io::Result<()> {
    let number = |holds: &dyn Fn(&Audit) -> bool| audits.iter().filter(|a| holds(a)).count() as u64;
    let events: u64 = audits.iter().map(|audit| audit.events).sum();
    let snapshots: u64 = audits.iter().map(|audit| audit.snapshots).sum();
    let wrong: usize = audits.iter().map(|audit| audit.wrong_snapshots.len()).sum();
    let rows: usize = audits.iter().map(|audit| audit.drifts.len()).sum();
    let accounts = audits.len() as u64;
    let drifting = number(&|audit| !audit.drifts.is_empty());
    let ending = number(&|audit| audit.difference != Difference(0));
    let below = number(&|audit| audit.lowest < Cents(0));
    writeln!(
        out,
        "{} of {} refolded",
        count(events, "event", "events"),
        count(accounts, "account", "accounts")
    )?;
    writeln!(
        out,
        "{} compared, {wrong} wrong",
        count(snapshots, "snapshot", "snapshots")
    )?;
    writeln!(
        out,
        "{} where the difference between the stated balance and the entries changes",
        count(rows as u64, "row", "rows")
    )?;
    writeln!(
        out,
        "{} with such a row, {ending} of them with another balance at the end",
        count(drifting, "account", "accounts")
    )?;
    writeln!(
        out,
        "{} went below zero",
        count(below, "account", "accounts")
    )
}

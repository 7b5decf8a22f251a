//! What differs between two days, and by which entries.

use std::io::{self, Write};

use clap::Args;
use es_core::{At, Change, Diff};

use crate::command::Verdict;
use crate::day::Day;
use crate::failure::CommandError;
use crate::options::AsKnown;
use crate::print::{self, visible};
use crate::{Cents, Ledger, past};

/// `diff`.
#[derive(Debug, Args)]
pub(crate) struct Differ {
    /// Which account.
    account: String,
    /// The end of this day is compared …
    #[arg(long, value_name = "DAY")]
    from: Day,
    /// … with the end of this one.
    #[arg(long, value_name = "DAY")]
    to: Day,
    #[command(flatten)]
    known: AsKnown,
    /// Print what changed in the account's state as a JSON Patch (RFC 6902), and nothing else.
    #[arg(long)]
    json_patch: bool,
}

impl Differ {
    /// Which fields differ, and by which entries.
    pub(crate) async fn print(
        self,
        ledger: &Ledger,
        out: &mut dyn Write,
    ) -> Result<Verdict, CommandError> {
        let known = self.known.known();
        let now = past::past(ledger, &self.account, At::known(known), self.known).await?;
        let (id, accounts) = (now.id(), ledger.accounts());
        let [from, to] = [self.from, self.to].map(|day| At::effective(day.end()).known_at(known));
        let failed = past::not_loaded(&self.account);
        let diff = accounts.diff(id, from, to).await.map_err(&failed)?;
        if self.json_patch {
            writeln!(out, "{}", diff.to_json_patch())?;
            return Ok(Verdict::Fine);
        }
        changes(out, &diff)?;
        let came = accounts.between(id, from, to).await.map_err(&failed)?;
        let went = accounts.between(id, to, from).await.map_err(&failed)?;
        for (sign, events) in [('+', came), ('-', went)] {
            for event in events {
                print::entry_line(out, sign, &event)?;
            }
        }
        Ok(Verdict::Fine)
    }
}

/// The fields that differ, sums of money as such.
fn changes(out: &mut dyn Write, diff: &Diff) -> io::Result<()> {
    if diff.is_empty() {
        return writeln!(out, "nothing differs");
    }
    // What the account keeps for itself isn't of an entry that can be shown.
    let shown = |change: &&Change| {
        change
            .path
            .first()
            .is_some_and(|field| SHOWN.contains(&field.as_str()))
    };
    for change in diff.changes().iter().filter(shown) {
        match money(change) {
            Some((before, after)) => writeln!(out, "balance: {before} → {after}")?,
            None => writeln!(out, "{}", visible(&change.to_string()))?,
        }
    }
    Ok(())
}

/// The fields of an account's state that say something to whom the account belongs.
const SHOWN: [&str; 4] = ["balance", "entries", "refused", "latest"];

/// A change of the balance.
fn money(change: &Change) -> Option<(Cents, Cents)> {
    let (before, after) = (change.before.as_ref()?, change.after.as_ref()?);
    let is_balance = change.path == ["balance"];
    is_balance.then_some((Cents(before.as_i64()?), Cents(after.as_i64()?)))
}

//! Monthly totals, made anew of the whole log.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use clap::Args;
use es_core::{EventStore, InMemory, Phase, Position, Runner, RunnerHandle};
use futures_util::StreamExt;

use crate::bar::Rebuild;
use crate::command::Verdict;
use crate::failure::CommandError;
use crate::monthly::{Month, MonthlyTotals, Totals};
use crate::print::visible;
use crate::row::Quoted;
use crate::{Ledger, by_name};

/// `report`.
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// Only this account.
    account: Option<String>,
}

impl Report {
    pub(crate) async fn print(
        self,
        ledger: &Ledger,
        out: &mut dyn Write,
    ) -> Result<Verdict, CommandError> {
        let totals = monthly_totals(ledger).await?;
        let mut accounts: Vec<_> = totals.accounts().collect();
        if let Some(only) = &self.account {
            accounts.retain(|(name, _)| *name == only);
            if accounts.is_empty() {
                // There, but without an entry that was booked, or not there.
                crate::past::account(ledger, only).await?;
                return Err(CommandError::NothingBooked(Quoted::new(only)));
            }
        }
        accounts.sort_by(|(a, _), (b, _)| by_name(a, b));
        head(out)?;
        for (name, months) in accounts {
            lines(out, months, &visible(name))?;
        }
        if self.account.is_none() {
            lines(out, &totals.over_all(), "all accounts")?;
        }
        Ok(Verdict::Fine)
    }
}

/// Folds the log into the totals, corrections and all, and shows how far it is.
async fn monthly_totals(ledger: &Ledger) -> Result<Arc<MonthlyTotals>, CommandError> {
    let head = ledger.store().head().await?;
    let projection = InMemory::<MonthlyTotals>::new();
    let view = projection.view();
    let runner = Runner::new(ledger.store().clone(), projection);
    let handle = runner.handle();
    let running = tokio::spawn(runner.run());
    let built = built(&handle, head).await;
    handle.shutdown().await;
    // What has stopped it stands in its status.
    drop(running.await);
    built?;
    Ok(view.read())
}

/// Waits until everything up to a position is in.
async fn built(handle: &RunnerHandle, head: Position) -> Result<(), CommandError> {
    let bar = Rebuild::new(head);
    let mut changes = handle.changes();
    while let Some(status) = changes.next().await {
        bar.show(&status);
        if status.frontier >= head {
            bar.arrived();
            return Ok(());
        }
        // The runner would wait for a store that is away; whoever looks at a terminal is told.
        if matches!(status.phase, Phase::Retrying | Phase::Stopped)
            && let Some(failure) = status.last_failure
        {
            return Err(CommandError::Report(failure));
        }
    }
    // It goes no further: only what it has reached is there.
    let reached = handle.wait_for(head).await;
    reached.map(drop).map_err(CommandError::Unmade)
}

fn head(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{:7} {:>9} {:>16} {:>16} {:>16}  account",
        "month", "entries", "credits", "debits", "net"
    )
}

fn lines(out: &mut dyn Write, months: &BTreeMap<Month, Totals>, whose: &str) -> io::Result<()> {
    let mut sum = Totals::default();
    for (month, totals) in months {
        sum.add(totals);
        line(out, &month.to_string(), totals, whose)?;
    }
    line(out, "total", &sum, whose)
}

fn line(out: &mut dyn Write, when: &str, totals: &Totals, whose: &str) -> io::Result<()> {
    let (entries, credits, debits) = (totals.entries, totals.credits, totals.debits);
    let net = totals.net();
    writeln!(
        out,
        "{when:7} {entries:>9} {credits:>16} {debits:>16} {net:>16}  {whose}"
    )
}

#[cfg(test)]
mod tests {
    use es_memory::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn a_report_that_was_ended_half_way_is_none() {
        let runner = Runner::new(MemoryStore::new(), InMemory::<MonthlyTotals>::new());
        let handle = runner.handle();
        drop(runner);
        let error = built(&handle, Position::new(1)).await.unwrap_err();
        assert!(matches!(error, CommandError::Unmade(_)), "{error}");
    }
}

//! Enters what was forgotten, on its day and in its place there.

use std::io::Write;
use std::time::Duration;

use clap::Args;
use es_core::{At, Recorded, Timestamp};

use crate::command::Verdict;
use crate::correct::Case;
use crate::day::Day;
use crate::failure::CommandError;
use crate::options::{Signed, amount, balance};
use crate::row::{Quoted, name};
use crate::{AccountEvent, Cents, Column, Entry, Kind, Ledger};

/// `insert`.
#[derive(Debug, Args)]
pub(crate) struct Insert {
    /// Which account.
    account: String,
    /// The entry's reference, of which the account has no other.
    reference: String,
    /// On which day it was. It comes last of its day, unless `--before` is said.
    #[arg(long, value_name = "DAY")]
    date: Day,
    /// Which entry of that day it came before. That one and those after it are moved behind it, within their day.
    #[arg(long, value_name = "REFERENCE")]
    before: Option<String>,
    /// Which way the money went.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Kind,
    /// How much.
    #[arg(long, value_parser = amount, allow_negative_numbers = true)]
    amount: Cents,
    /// What the bank stated after it.
    #[arg(long, value_parser = balance, allow_negative_numbers = true)]
    balance: Option<Cents>,
    #[command(flatten)]
    signed: Signed,
}

impl Insert {
    pub(crate) async fn run(
        self,
        ledger: &Ledger,
        out: &mut dyn Write,
    ) -> Result<Verdict, CommandError> {
        let reference = name(Column::Reference, &self.reference)
            .map_err(|error| CommandError::Reference(Box::new(error)))?;
        let case = Case::open(ledger, &self.account).await?;
        match case.find(&reference, case.now()).await {
            Err(CommandError::NoEntry { .. }) => {}
            Ok(_) => return Err(CommandError::EntryThere(Quoted::new(&reference))),
            Err(other) => return Err(other),
        }
        let entry = Entry {
            kind: self.kind,
            cents: self.amount,
            stated: self.balance,
            reference: reference.clone(),
        };
        let (moved, at) = self.moved(&case).await?;
        let correction = case.correction(&self.signed);
        let mut correction = correction.insert(AccountEvent::from(entry), at);
        let mut written = vec![reference];
        for fact in moved {
            written.push(fact.event.entry().reference);
            let behind = fact.effective_at.saturating_add(WITHIN_A_DAY);
            correction = correction.replace_at(fact.revision, fact.event, behind);
        }
        case.finish(correction, &written, &self.signed, out).await
    }

    /// The entries of the day that it came before, and when it was, then.
    async fn moved(
        &self,
        case: &Case<'_>,
    ) -> Result<(Vec<Recorded<AccountEvent>>, Timestamp), CommandError> {
        let start = self.date.start();
        let Some(before) = &self.before else {
            let facts = case.facts(At::effective(self.date.end()).known_at(case.revision()));
            let last = facts.await?.pop().map(|last| last.effective_at);
            return Ok((Vec::new(), last.map_or(start, |last| last.max(start))));
        };
        let mut facts = case.facts(case.now()).await?;
        let is = |fact: &Recorded<AccountEvent>| fact.event.entry().reference == *before;
        let Some(first) = facts.iter().position(is) else {
            return Err(case.missing(before).await?);
        };
        let at = facts[first].effective_at;
        if Day::of(at) != self.date {
            return Err(CommandError::OtherDay {
                reference: Quoted::new(before),
                day: Day::of(at),
            });
        }
        let of_the_day = |fact: &Recorded<AccountEvent>| fact.effective_at <= self.date.end();
        let moved = facts.drain(first..).take_while(of_the_day).collect();
        Ok((moved, at))
    }
}

/// How far an entry is moved behind another of its day.
const WITHIN_A_DAY: Duration = Duration::from_micros(1);

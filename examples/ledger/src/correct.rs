//! Sets the past right: an entry was another one, or wasn't at all, or was forgotten.

use std::io::Write;

use clap::Args;
use es_core::{AnyStore, At, CorrectError, Correction, Loaded, Recorded, Revision};

use crate::command::Verdict;
use crate::day::Day;
use crate::failure::CommandError;
use crate::options::{Signed, amount, balance};
use crate::row::Quoted;
use crate::{Account, AccountEvent, Cents, Entry, Kind, Ledger, Refusal, impact, past};

/// `correct`.
#[derive(Debug, Args)]
#[group(id = "change", multiple = true, required = true, args = ["amount", "kind", "balance", "date"])]
pub(crate) struct Correct {
    /// Which account.
    account: String,
    /// Which entry.
    reference: String,
    /// What the amount was. With it an entry that was refused is booked.
    #[arg(long, value_parser = amount, allow_negative_numbers = true)]
    amount: Option<Cents>,
    /// Which way the money went.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<Kind>,
    /// What the bank stated.
    #[arg(long, value_parser = balance, allow_negative_numbers = true)]
    balance: Option<Cents>,
    /// On which day it was.
    #[arg(long, value_name = "DAY")]
    date: Option<Day>,
    #[command(flatten)]
    signed: Signed,
}

/// `retract`.
#[derive(Debug, Args)]
pub(crate) struct Retract {
    /// Which account.
    account: String,
    /// Which entry.
    #[arg(required_unless_present = "revision", conflicts_with = "revision")]
    reference: Option<String>,
    /// What stands at this revision: also a correction, which then never was.
    #[arg(long)]
    revision: Option<u64>,
    #[command(flatten)]
    signed: Signed,
}

impl Correct {
    pub(crate) async fn run(
        self,
        ledger: &Ledger,
        out: &mut dyn Write,
    ) -> Result<Verdict, CommandError> {
        let case = Case::open(ledger, &self.account).await?;
        let found = case.find(&self.reference, case.now()).await?;
        let Recorded {
            event,
            revision,
            effective_at,
            ..
        } = found;
        if event.refusal().is_some() && self.amount.is_none() {
            return Err(CommandError::RefusedEntry(Quoted::new(&self.reference)));
        }
        let corrected = self.corrected(&event);
        // An entry that stays on its day keeps its place there.
        let other = self.date.filter(|date| *date != Day::of(effective_at));
        let day = other.map_or(effective_at, Day::start);
        if corrected == event && day == effective_at {
            return Err(CommandError::Unchanged(Quoted::new(&self.reference)));
        }
        let correction = case.correction(&self.signed);
        let correction = if day == effective_at {
            correction.replace(revision, corrected)
        } else {
            correction.replace_at(revision, corrected, day)
        };
        let written = vec![self.reference.clone()];
        case.finish(correction, &written, &self.signed, out).await
    }

    fn corrected(&self, event: &AccountEvent) -> AccountEvent {
        let entry = event.entry();
        event.instead(Entry {
            kind: self.kind.unwrap_or(entry.kind),
            cents: self.amount.unwrap_or(entry.cents),
            stated: self.balance.or(entry.stated),
            reference: entry.reference,
        })
    }
}

impl Retract {
    pub(crate) async fn run(
        self,
        ledger: &Ledger,
        out: &mut dyn Write,
    ) -> Result<Verdict, CommandError> {
        let case = Case::open(ledger, &self.account).await?;
        let revision = match (self.revision, &self.reference) {
            (Some(revision), _) => Revision::new(revision),
            (None, reference) => {
                let reference = reference.as_deref().unwrap_or_default();
                case.find(reference, case.now()).await?.revision
            }
        };
        let correction = case.correction(&self.signed).retract(revision);
        case.finish(correction, &[], &self.signed, out).await
    }
}

/// An account whose past is set right, at the revision at which it was looked at.
pub(crate) struct Case<'l> {
    ledger: &'l Ledger,
    account: Loaded<Account>,
}

impl<'l> Case<'l> {
    pub(crate) async fn open(ledger: &'l Ledger, name: &str) -> Result<Self, CommandError> {
        let account = past::account(ledger, name).await?;
        Ok(Self { ledger, account })
    }

    pub(crate) fn revision(&self) -> Revision {
        self.account.revision()
    }

    fn name(&self) -> Quoted {
        Quoted::new(self.account.id())
    }

    /// What was known when it was looked at.
    pub(crate) fn now(&self) -> At {
        self.account.revision().into()
    }

    /// What counts.
    pub(crate) async fn facts(&self, at: At) -> Result<Vec<Recorded<AccountEvent>>, CommandError> {
        let facts = self.ledger.accounts().facts(self.account.id(), at);
        facts.await.map_err(past::not_loaded(self.account.id()))
    }

    /// The entry with this reference.
    pub(crate) async fn find(
        &self,
        reference: &str,
        at: At,
    ) -> Result<Recorded<AccountEvent>, CommandError> {
        let facts = self.facts(at).await?;
        let mut found = facts.into_iter();
        if let Some(found) = found.find(|fact| fact.event.entry().reference == reference) {
            return Ok(found);
        }
        Err(self.missing(reference).await?)
    }

    /// Why there is no entry with this reference.
    pub(crate) async fn missing(&self, reference: &str) -> Result<CommandError, CommandError> {
        let by = self.retraction(reference).await?;
        let (account, reference) = (self.name(), Quoted::new(reference));
        Ok(match by {
            Some(by) => CommandError::Retracted {
                account,
                reference,
                by,
            },
            None => CommandError::NoEntry { account, reference },
        })
    }

    /// The correction that took the entry with this reference away.
    async fn retraction(&self, reference: &str) -> Result<Option<Revision>, CommandError> {
        let trail = self.ledger.accounts().audit(self.account.id()).await?;
        for entry in trail {
            let target = entry.corrects.filter(|_| entry.fact.is_none());
            let (Some(target), None) = (target, entry.corrected_by) else {
                continue;
            };
            let before = Revision::new(entry.revision.number().saturating_sub(1));
            let facts = self.facts(before.into()).await?;
            let taken = facts.iter().find(|fact| fact.revision == target);
            if taken.is_some_and(|fact| fact.event.entry().reference == reference) {
                return Ok(Some(entry.revision));
            }
        }
        Ok(None)
    }

    pub(crate) fn correction(&self, signed: &Signed) -> Correction<'_, Account, AnyStore> {
        let correct = self.ledger.accounts().correct(self.account.id());
        let correction = correct.by(&signed.by).because(&signed.reason);
        correction.expecting(self.account.revision())
    }

    /// Makes the correction, which writes entries with these references, or shows what would come of it.
    pub(crate) async fn finish(
        &self,
        correction: Correction<'_, Account, AnyStore>,
        written: &[String],
        signed: &Signed,
        out: &mut dyn Write,
    ) -> Result<Verdict, CommandError> {
        if signed.dry_run {
            let shown = correction.dry_run().await;
            impact::print(out, &self.told(shown, written).await?)?;
            writeln!(out, "nothing was written")?;
            return Ok(Verdict::Fine);
        }
        let appended = correction.await;
        let appended = self.told(appended, written).await?;
        let now = past::account(self.ledger, self.account.id()).await?;
        let (before, after) = (self.account.balance(), now.balance());
        writeln!(
            out,
            "corrected at revision {}: the balance was {before} and is {after}",
            appended.revision()
        )?;
        Ok(Verdict::Fine)
    }

    /// The reference of the entry at a revision, be it one that the correction would write.
    async fn entry_at(
        &self,
        revision: Revision,
        written: &[String],
    ) -> Result<Option<String>, CommandError> {
        let next = self.revision().next().number();
        if let Some(ahead) = revision.number().checked_sub(next) {
            let place = usize::try_from(ahead).unwrap_or(usize::MAX);
            return Ok(written.get(place).cloned());
        }
        let facts = self.facts(self.now()).await?;
        let is = |fact: &&Recorded<AccountEvent>| fact.revision == revision;
        let found = facts.iter().find(is);
        Ok(found.map(|fact| fact.event.entry().reference))
    }

    /// Says in the words of the ledger why nothing was corrected.
    async fn told<T>(
        &self,
        outcome: Result<T, CorrectError<Refusal>>,
        written: &[String],
    ) -> Result<T, CommandError> {
        let error = match outcome {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        Err(match error {
            CorrectError::Violated(violation) => {
                let entry = self.entry_at(violation.revision, written).await?;
                CommandError::Breaking {
                    day: Day::of(violation.effective_at),
                    entry: entry.map(|reference| Quoted::new(&reference)),
                    refusal: violation.error,
                }
            }
            CorrectError::AlreadyCorrected { target, by } => {
                CommandError::AlreadyCorrected { target, by }
            }
            CorrectError::NoSuchRevision { target, head } => CommandError::NoRevision {
                account: self.name(),
                head,
                asked: target,
            },
            CorrectError::Conflict(_) => CommandError::Meanwhile(self.name()),
            CorrectError::Store(error) => error.into(),
            other => CommandError::Correction(Box::new(other)),
        })
    }
}

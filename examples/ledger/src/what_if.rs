//! What would be if the past were another; nothing is written.

use std::collections::HashSet;
use std::io::Write;
use std::str::FromStr;

use clap::Args;

use crate::command::Verdict;
use crate::correct::Case;
use crate::day::Day;
use crate::failure::CommandError;
use crate::options::{When, amount};
use crate::row::Quoted;
use crate::{AccountEvent, Cents, Entry, Kind, Ledger, impact, past};

/// `what-if`.
#[derive(Debug, Args)]
#[group(id = "supposition", multiple = true, required = true, args = ["without", "amount", "credit", "debit"])]
pub(crate) struct WhatIf {
    /// Which account.
    account: String,
    /// As if this entry hadn't been; may be repeated, as the others may.
    #[arg(long, value_name = "REFERENCE")]
    without: Vec<String>,
    /// As if this entry had had another amount.
    #[arg(long, value_name = "REFERENCE=AMOUNT")]
    amount: Vec<Other>,
    /// As if this had come in, too.
    #[arg(long, value_name = "AMOUNT@DAY")]
    credit: Vec<Also>,
    /// As if this had gone out, too.
    #[arg(long, value_name = "AMOUNT@DAY")]
    debit: Vec<Also>,
    #[command(flatten)]
    when: When,
}

/// An entry with another amount.
#[derive(Debug, Clone)]
struct Other {
    reference: String,
    cents: Cents,
}

impl FromStr for Other {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // From the right, as a reference may hold the sign.
        let (reference, cents) = text
            .rsplit_once('=')
            .ok_or("it isn't REFERENCE=AMOUNT, like R000427=12.30")?;
        Ok(Self {
            reference: reference.to_owned(),
            cents: amount(cents)?,
        })
    }
}

/// An entry that wasn't.
#[derive(Debug, Clone)]
struct Also {
    cents: Cents,
    day: Day,
}

impl FromStr for Also {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (cents, day) = text
            .split_once('@')
            .ok_or("it isn't AMOUNT@DAY, like 12.30@2024-02-29")?;
        Ok(Self {
            cents: amount(cents)?,
            day: day.parse().map_err(|error| format!("{day}: {error}"))?,
        })
    }
}

impl WhatIf {
    pub(crate) async fn print(
        self,
        ledger: &Ledger,
        out: &mut dyn Write,
    ) -> Result<Verdict, CommandError> {
        let case = Case::open(ledger, &self.account).await?;
        let changed = self.amount.iter().map(|other| &other.reference);
        let mut named = HashSet::new();
        if let Some(twice) = (self.without.iter().chain(changed)).find(|name| !named.insert(*name))
        {
            return Err(CommandError::NamedTwice(Quoted::new(twice)));
        }
        let at = self.when.at();
        let mut question = ledger.accounts().what_if(&self.account).at(at);
        for reference in &self.without {
            question = question.without(case.find(reference, at).await?.revision);
        }
        for Other { reference, cents } in &self.amount {
            let found = case.find(reference, at).await?;
            let cents = *cents;
            let entry = Entry {
                cents,
                ..found.event.entry()
            };
            question = question.instead(found.revision, found.event.instead(entry));
        }
        for (kind, entries) in [(Kind::Credit, &self.credit), (Kind::Debit, &self.debit)] {
            for Also { cents, day } in entries {
                let entry = Entry {
                    kind,
                    cents: *cents,
                    stated: None,
                    reference: "what if".to_owned(),
                };
                question = question.also(AccountEvent::from(entry), day.start());
            }
        }
        let answer = question.await.map_err(past::not_loaded(&self.account))?;
        impact::print(out, &answer)?;
        Ok(Verdict::Fine)
    }
}

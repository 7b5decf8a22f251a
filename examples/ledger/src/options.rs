//! Options that several commands have.

use clap::Args;
use es_core::{At, Known, Revision, Timestamp};

use crate::Cents;
use crate::account::IMPORT;
use crate::day::Day;

/// What was known.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct AsKnown {
    /// As it was known at this revision: after this many events of the account.
    #[arg(long, value_name = "REVISION", conflicts_with = "known_at")]
    at: Option<u64>,
    /// As it was known at this instant, like 2024-07-01T09:30:00Z: what was recorded later plays no part.
    #[arg(long, value_name = "TIMESTAMP")]
    known_at: Option<Timestamp>,
}

impl AsKnown {
    /// All that is known now.
    pub(crate) const NOW: Self = Self {
        at: None,
        known_at: None,
    };

    /// What was known at a revision.
    pub(crate) fn at(revision: u64) -> Self {
        Self {
            at: Some(revision),
            ..Self::NOW
        }
    }

    pub(crate) fn known(self) -> Known {
        match (self.at, self.known_at) {
            (Some(revision), _) => Revision::new(revision).into(),
            (None, Some(instant)) => instant.into(),
            (None, None) => Known::Head,
        }
    }

    /// The instant, if one is named.
    pub(crate) fn instant(self) -> Option<Timestamp> {
        self.known_at
    }
}

/// What was true, and what was known.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct When {
    /// As it was true at the end of this day, in UTC.
    #[arg(long, value_name = "DAY")]
    pub(crate) on: Option<Day>,
    #[command(flatten)]
    pub(crate) known: AsKnown,
}

impl When {
    pub(crate) fn at(self) -> At {
        let effective = self.on.map_or(At::NOW, |day| At::effective(day.end()));
        effective.known_at(self.known.known())
    }
}

/// Some days.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Span {
    /// The first day; that of the first entry if nothing is said.
    #[arg(long, value_name = "DAY")]
    pub(crate) from: Option<Day>,
    /// The last day; that of the last entry if nothing is said.
    #[arg(long, value_name = "DAY")]
    pub(crate) to: Option<Day>,
}

/// Who sets the past right, and why.
#[derive(Debug, Args)]
pub(crate) struct Signed {
    /// Why: kept with the correction.
    #[arg(long, value_parser = said)]
    pub(crate) reason: String,
    /// Who: kept with the correction.
    #[arg(long, value_name = "NAME", env = "USER", default_value = "ledger", hide_env_values = true, value_parser = actor)]
    pub(crate) by: String,
    /// Show what would come of it, at every entry from the first one on that it touches, and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Words that are kept.
fn said(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() {
        Err("it says nothing")
    } else if text.chars().any(char::is_control) {
        Err("it has a control character")
    } else if text.len() > 1_000 {
        Err("it has more than 1000 bytes")
    } else {
        Ok(text.to_owned())
    }
}

fn actor(text: &str) -> Result<String, &'static str> {
    if text == IMPORT {
        return Err("that is how imports sign");
    }
    said(text)
}

/// A sum of which the sign is said by the type of the entry.
pub(crate) fn amount(text: &str) -> Result<Cents, String> {
    let cents: Cents = text.parse().map_err(|error| format!("it {error}"))?;
    if text.starts_with('-') {
        return Err("it is negative, and credit or debit says which way the money goes".to_owned());
    }
    Ok(cents)
}

/// A balance, which may be owed.
pub(crate) fn balance(text: &str) -> Result<Cents, String> {
    text.parse().map_err(|error| format!("it {error}"))
}

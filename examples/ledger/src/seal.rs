//! The whole log in one line, to be kept elsewhere, and the log compared with such lines.

use std::io::Write;

use clap::{Args, Subcommand};
use es_core::{Seal, Sealer, Verification};

use crate::Ledger;
use crate::command::Verdict;
use crate::failure::CommandError;
use crate::past::Trail;

/// `audit`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Audit {
    #[command(flatten)]
    trail: Option<Trail>,
    #[command(subcommand)]
    sealed: Option<Sealed>,
}

/// What concerns all accounts.
#[derive(Debug, Subcommand)]
enum Sealed {
    /// Seal the log and print the seal in one line. Keep it where whoever can write to the database can't.
    Seal,
    /// Compare the log with itself, and with seals that were kept: name what was changed, deleted, swapped or inserted.
    Check {
        /// Seals, each as `audit seal` printed it.
        seals: Vec<Seal>,
    },
}

impl Audit {
    pub(crate) async fn print(
        self,
        ledger: &Ledger,
        out: &mut dyn Write,
    ) -> Result<Verdict, CommandError> {
        match (self.trail, self.sealed) {
            (Some(trail), _) => trail.print(ledger, out).await,
            (None, Some(Sealed::Check { seals })) => check(ledger, &seals, out).await,
            (None, _) => seal(ledger, out).await,
        }
    }
}

async fn seal(ledger: &Ledger, out: &mut dyn Write) -> Result<Verdict, CommandError> {
    let mut sealer = Sealer::open(ledger.store().clone()).await?;
    if let Some(seal) = sealer.seal().await? {
        writeln!(out, "{seal}")?;
    }
    Ok(Verdict::Fine)
}

async fn check(
    ledger: &Ledger,
    seals: &[Seal],
    out: &mut dyn Write,
) -> Result<Verdict, CommandError> {
    let verification = Verification::of(ledger.store(), seals).await?;
    write!(out, "{verification}")?;
    Ok(if verification.is_clean() {
        Verdict::Fine
    } else {
        Verdict::Findings
    })
}

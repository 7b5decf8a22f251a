//! What is asked of a ledger that is there, and what is set right in it.

use std::io::Write;

use clap::Subcommand;

use crate::chart::Chart;
use crate::command::{self, Verdict};
use crate::correct::{Correct, Retract};
use crate::diff::Differ;
use crate::failure::CommandError;
use crate::insert::Insert;
use crate::past::{self, Balance, Statement};
use crate::report::Report;
use crate::seal::Audit;
use crate::what_if::WhatIf;
use crate::{Ledger, print};

const BALANCE: &str = "\
Examples:
  ledger balance 1004
  ledger balance 1004 --on 2024-06-30
  ledger balance 1004 --on 2024-06-30 --known-at 2024-07-01T09:30:00Z";

const CORRECT: &str = "\
Example:
  ledger correct 1017 R001604 --amount 12.30 --reason 'the slip says 12.30' --dry-run";

const INSERT: &str = "\
Examples:
  ledger insert 1009 R001427 --date 2024-06-22 --type debit --amount 12.30 --reason 'missing in the statement'
  ledger insert 1009 R001427 --date 2024-06-26 --before R001428 --type credit --amount 159.21 --reason 'missing, too'";

const WHAT_IF: &str = "\
Example:
  ledger what-if 1004 --without R000427 --amount R000534=12.30 --credit 100@2024-03-01";

const AUDIT: &str = "\
Examples:
  ledger audit 1004 --format csv
  ledger audit seal
  ledger audit check 'es-seal-1 …'";

/// A question or a correction.
#[derive(Debug, Subcommand)]
pub(crate) enum Question {
    /// List every account with its balance.
    Accounts,
    /// Print an account's balance, now or as of any time.
    #[command(after_help = BALANCE)]
    Balance(Balance),
    /// Print an account's statement: each entry with the balance after it, and what the bank states.
    #[command(after_help = "Example:\n  ledger statement 1004 --from 2024-03-01 --to 2024-03-31")]
    Statement(Statement),
    /// Print every event of an account that counts: when it was recorded, when it was true, who brought it and why.
    #[command(after_help = "Example:\n  ledger history 1004")]
    History {
        /// Which account.
        account: String,
    },
    /// Print what differs between two days, and by which entries.
    #[command(after_help = "Example:\n  ledger diff 1004 --from 2024-03-01 --to 2024-04-01")]
    Diff(Differ),
    /// Draw an account's balance at the end of each day.
    #[command(after_help = "Example:\n  ledger chart 1004 --svg 1004.svg")]
    Chart(Chart),
    /// Print what came in and went out each month, by account and over all.
    #[command(after_help = "Example:\n  ledger report 1004")]
    Report(Report),
    /// Correct an entry: it was another one, or on another day. The log keeps both, and who corrected it and why.
    #[command(after_help = CORRECT)]
    Correct(Correct),
    /// Retract an entry that never was, or a correction.
    #[command(after_help = "Example:\n  ledger retract 1023 R000290 --reason 'printed twice'")]
    Retract(Retract),
    /// Insert an entry that was forgotten.
    #[command(after_help = INSERT)]
    Insert(Insert),
    /// Show what would be if the past were another; nothing is written.
    #[command(after_help = WHAT_IF)]
    WhatIf(WhatIf),
    /// Print an account's audit trail: every event and correction, who, when and why, and what was corrected by what. Or seal
    /// the log, and compare it with seals that were kept.
    #[command(after_help = AUDIT)]
    Audit(Audit),
    /// Refold every account, compare with what the bank states and with the snapshots, and name each row at which the
    /// difference changes.
    Verify,
}

impl Question {
    pub(crate) async fn answer(
        self,
        ledger: &Ledger,
        out: &mut dyn Write,
    ) -> Result<Verdict, CommandError> {
        match self {
            Self::Accounts => {
                print::accounts(out, &ledger.all().await?)?;
                Ok(Verdict::Fine)
            }
            Self::Balance(balance) => balance.print(ledger, out).await,
            Self::Statement(statement) => statement.print(ledger, out).await,
            Self::History { account } => past::history(ledger, &account, out).await,
            Self::Diff(diff) => diff.print(ledger, out).await,
            Self::Chart(chart) => chart.draw(ledger, out).await,
            Self::Report(report) => report.print(ledger, out).await,
            Self::Correct(correct) => correct.run(ledger, out).await,
            Self::Retract(retract) => retract.run(ledger, out).await,
            Self::Insert(insert) => insert.run(ledger, out).await,
            Self::WhatIf(question) => question.print(ledger, out).await,
            Self::Audit(audit) => audit.print(ledger, out).await,
            Self::Verify => command::verify(ledger, out).await,
        }
    }
}

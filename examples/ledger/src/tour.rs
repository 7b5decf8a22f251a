//! What the program does, shown on the sample.

use std::io::{self, Write};

use crate::chart::Chart;
use crate::command::{self, Source, Verdict};
use crate::failure::CommandError;
use crate::past::{self, Balance};
use crate::place::Place;
use crate::{Ledger, Overdraft, print, sample};

/// The account whose history is shown: its bank misprints one balance.
const SHOWN: &str = "1004";

/// A day within the sample.
const DAY: &str = "2024-06-30";

/// Imports the sample and asks of it what can be asked.
///
/// # Errors
///
/// [`CommandError::NotForTours`] if the store holds other accounts: what is imported can't be taken back.
pub(crate) async fn tour(place: &Place, out: &mut dyn Write) -> Result<Verdict, CommandError> {
    let ledger = place.open().await?;
    let known = sample::accounts();
    let before = ledger.all().await?;
    if before.iter().any(|(name, _)| !known.contains(name)) {
        return Err(CommandError::NotForTours(place.to_string()));
    }
    let tour = Tour { place, ledger };
    tour.import(
        out,
        "Each row of a statement is one event, appended to its account and never changed. (`ledger sample` prints the file.)",
    )
    .await?;

    tour.ask(
        out,
        "accounts",
        "A balance is the fold of an account's events.",
    )?;
    let mut told = Vec::new();
    print::accounts(&mut told, &tour.ledger.all().await?)?;
    first_lines(out, &told, 8)?;

    tour.show_account(out).await?;

    tour.ask(
        out,
        "verify",
        "Everything is refolded, and compared with what the bank states. The sample has mistakes, in known places.",
    )?;
    command::verify(&tour.ledger, out).await?;

    tour.import(
        out,
        "Importing a statement again adds nothing: each row has run once for all time.",
    )
    .await?;
    if matches!(place, Place::Memory) {
        writeln!(
            out,
            "\nAll this was in memory, and is gone when the program ends."
        )?;
    }
    writeln!(
        out,
        "\nNow with a statement of yours, in a database of its own:\n"
    )?;
    writeln!(out, "  ledger --db mine.db import FILE.csv")?;
    writeln!(
        out,
        "  ledger --db mine.db correct ACCOUNT REFERENCE --amount 12.30 --reason 'the slip says so' --dry-run"
    )?;
    writeln!(out, "  ledger --help")?;
    Ok(Verdict::Fine)
}

struct Tour<'p> {
    place: &'p Place,
    ledger: Ledger,
}

impl Tour<'_> {
    /// Says what comes, and which command shows it.
    fn ask(&self, out: &mut dyn Write, command: &str, what: &str) -> io::Result<()> {
        writeln!(out, "\n{what}\n$ ledger {}{command}", self.place.option())
    }

    /// What one account can be asked.
    async fn show_account(&self, out: &mut dyn Write) -> Result<(), CommandError> {
        self.ask(
            out,
            &format!("history {SHOWN}"),
            "Nothing is overwritten: who, when and why stays readable.",
        )?;
        let mut told = Vec::new();
        past::history(&self.ledger, SHOWN, &mut told).await?;
        first_lines(out, &told, 14)?;

        self.ask(
            out,
            &format!("balance {SHOWN} --at 10"),
            "Any past revision can be asked for.",
        )?;
        Balance::at(SHOWN, 10).print(&self.ledger, out).await?;
        self.ask(out, &format!("balance {SHOWN}"), "And the present one.")?;
        Balance::now(SHOWN).print(&self.ledger, out).await?;

        self.ask(
            out,
            &format!("balance {SHOWN} --on {DAY}"),
            "And any day: an event is true when it says so, however late it was recorded.",
        )?;
        Balance::on(SHOWN, DAY.parse().ok())
            .print(&self.ledger, out)
            .await?;
        self.ask(out, &format!("chart {SHOWN}"), "Or all days at once.")?;
        Chart::of(SHOWN).draw(&self.ledger, out).await?;
        Ok(())
    }

    async fn import(&self, out: &mut dyn Write, what: &str) -> Result<(), CommandError> {
        self.ask(out, "import sample.csv", what)?;
        out.flush()?;
        let source = Source::sample()?;
        command::import(&self.ledger, source, Overdraft::Allowed, false, out).await?;
        Ok(())
    }
}

/// The beginning of a long output.
fn first_lines(out: &mut dyn Write, text: &[u8], lines: usize) -> io::Result<()> {
    let mut left = text.split_inclusive(|byte| *byte == b'\n');
    for line in left.by_ref().take(lines) {
        out.write_all(line)?;
    }
    match left.count() {
        0 => Ok(()),
        more => writeln!(out, "… and {more} more"),
    }
}

//! Shows what a change of the past makes of it.

use std::io::{self, Write};

use es_core::{Correctable, Effect, Fate, Impact};

use crate::print::visible;
use crate::row::day;
use crate::{Account, AccountEvent, Cents};

/// A line for each entry from the first one on that is touched, with the balance as it is and as it would be.
pub(crate) fn print(out: &mut dyn Write, impact: &Impact<Account>) -> io::Result<()> {
    writeln!(
        out,
        "  {:10}  {:6} {:>16} {:>16} {:>16}  reference",
        "date", "type", "amount", "balance", "would be"
    )?;
    for effect in &impact.effects {
        line(out, effect)?;
    }
    let (before, after) = (
        balance(impact.before.as_ref()),
        balance(impact.after.as_ref()),
    );
    writeln!(out, "the balance is {before} and would be {after}")
}

fn line(out: &mut dyn Write, effect: &Effect<Account, AccountEvent>) -> io::Result<()> {
    let sign = match effect.fate {
        Fate::Stays => ' ',
        Fate::Comes => '+',
        Fate::Goes => '-',
    };
    let event = &effect.event;
    let entry = event.event.entry();
    write!(
        out,
        "{sign} {}  {:6} {:>16} {:>16} {:>16}  {}",
        day(event.effective_at),
        entry.kind,
        entry.cents,
        balance(effect.before.as_ref()),
        balance(effect.after.as_ref()),
        visible(&entry.reference)
    )?;
    if event.event.refusal().is_some() {
        write!(out, "  refused")?;
    }
    // What a supposition may break a correction may not.
    if let Some(Err(refusal)) = effect.after.as_ref().map(Account::check) {
        write!(out, "  couldn't have been booked: {refusal}")?;
    }
    writeln!(out)
}

fn balance(state: Option<&Account>) -> Cents {
    state.map(Account::balance).unwrap_or_default()
}

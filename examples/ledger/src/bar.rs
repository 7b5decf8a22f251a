use es_core::{Position, Status};
use indicatif::{ProgressBar, ProgressStyle};

use crate::RowError;
use crate::cli::say;
use crate::import::Watch;
use crate::print::visible;

/// Shows on a terminal how far an import is, and tells the rows with errors, both on the standard error.
pub(crate) struct Bar {
    bar: ProgressBar,
    source: String,
}

impl Bar {
    pub(crate) fn new(source: &str, length: Option<u64>) -> Self {
        // Indicatif draws nothing where the standard error is no terminal.
        let (bar, template) = match length {
            Some(length) => (
                ProgressBar::new(length),
                "{msg} {wide_bar} {percent:>3} %, {bytes} of {total_bytes}, {eta} left",
            ),
            None => (ProgressBar::new_spinner(), "{msg} {spinner} {bytes}"),
        };
        let bar = match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        };
        Self {
            bar: bar.with_message(source.to_owned()),
            source: source.to_owned(),
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Watch for Bar {
    fn read(&self, bytes: u64) {
        self.bar.set_position(bytes);
    }

    fn failed(&self, line: u64, error: &RowError) {
        self.bar
            .suspend(|| say(format_args!("{}:{line}: {error}", visible(&self.source))));
    }
}

/// Shows on a terminal how far a projection is that is made anew, on the standard error.
pub(crate) struct Rebuild {
    bar: ProgressBar,
}

impl Rebuild {
    /// Of a log that holds so much when it begins.
    pub(crate) fn new(head: Position) -> Self {
        let bar = ProgressBar::new(head.number());
        let template = "{msg} {wide_bar} {percent:>3} %, {eta} left";
        let bar = match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        };
        Self { bar }
    }

    pub(crate) fn show(&self, status: &Status) {
        // What is appended meanwhile isn't waited for.
        let done = status.position.number();
        self.bar
            .set_position(done.min(self.bar.length().unwrap_or(done)));
        let (name, events, rate) = (status.name, status.events, status.rate);
        self.bar
            .set_message(format!("{name}: {events} events, {rate:.0} a second"));
    }

    /// Shows it as it is now, also where less time has passed than between two drawings: whoever watches sees that it came
    /// to the whole.
    pub(crate) fn arrived(&self) {
        self.bar.abandon();
    }
}

/// It isn't left on the terminal, whatever comes of it.
impl Drop for Rebuild {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

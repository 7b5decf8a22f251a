use es_core::Status;
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

/// How many steps the bar has: more than a terminal has columns.
const STEPS: u16 = 1_000;

impl Rebuild {
    pub(crate) fn new(what: &'static str) -> Self {
        let bar = ProgressBar::new(STEPS.into());
        let template = "{msg} {wide_bar} {percent:>3} %, {eta} left";
        let bar = match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        };
        Self {
            bar: bar.with_message(what),
        }
    }

    pub(crate) fn show(&self, status: &Status) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the progress is from 0 to 1"
        )]
        let steps = (status.progress() * f64::from(STEPS)) as u64;
        self.bar.set_position(steps);
        let (events, rate) = (status.events, status.rate);
        self.bar.set_message(format!(
            "{}: {events} events, {rate:.0} a second",
            status.name
        ));
    }
}

/// It isn't left on the terminal, whatever comes of it.
impl Drop for Rebuild {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

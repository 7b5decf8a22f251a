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

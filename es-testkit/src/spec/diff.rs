use std::fmt::{Debug, Write};

use similar::{ChangeTag, TextDiff};

/// Where two values differ, line by line: `-` was expected, `+` is there.
pub(crate) fn diff(expected: &impl Debug, actual: &impl Debug) -> String {
    let (expected, actual) = (format!("{expected:#?}\n"), format!("{actual:#?}\n"));
    let mut lines = String::from("(- expected, + actual)\n");
    for change in TextDiff::from_lines(&expected, &actual).iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        // Writing to a `String` can't fail.
        let _ = write!(lines, "{sign} {change}");
    }
    lines
}

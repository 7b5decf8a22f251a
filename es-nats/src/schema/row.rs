use std::fmt::{Debug, Display};

/// A setting, as it is and as it has to be.
pub(super) struct Row {
    pub setting: &'static str,
    pub found: String,
    pub wanted: String,
    pub holds: bool,
}

impl Row {
    pub(super) fn same<T: PartialEq + Debug>(setting: &'static str, found: &T, wanted: &T) -> Self {
        Self {
            setting,
            found: format!("{found:?}"),
            wanted: format!("{wanted:?}"),
            holds: found == wanted,
        }
    }

    pub(super) fn no_limit(setting: &'static str, found: i64) -> Self {
        Self {
            setting,
            found: found.to_string(),
            wanted: "no limit".into(),
            holds: found <= 0,
        }
    }

    pub(super) fn at_least<T: PartialOrd + Display>(
        setting: &'static str,
        found: &T,
        least: &T,
    ) -> Self {
        Self {
            setting,
            found: found.to_string(),
            wanted: format!("{least} or more"),
            holds: found >= least,
        }
    }
}
